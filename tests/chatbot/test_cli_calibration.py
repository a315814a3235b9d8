"""`graft eval`: how far the confidence can be trusted, drawn, and a threshold chosen for a precision."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from PIL import Image
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner, Result

from adapters.registry import SHIPPED, WEIGHTS
from chatbot import bots
from chatbot.bot import Bot
from chatbot.build import build
from chatbot.cli.main import app
from retrieval.encoder import Encoder

ANSWERS = {
    "What does a replacement card cost?": "9 euros",
    "When does a replacement card arrive?": "within five working days",
    "Whom do I call about a lost card?": "the card desk",
    "What is the daily limit of the Gold account?": "2,000 euros",
    "What is the monthly fee of the Gold account?": "12 euros",
    "What is the daily limit of the Student account?": "300 euros",
    "When does the Harbour branch open?": "9 o'clock",
    "Who manages the Harbour branch?": "Nora Lindqvist",
    "Which bank does the Harbour branch belong to?": "Northwind Bank",
    "When is the Hill branch closed?": "Mondays",
    "How do wheelchair users enter the Hill branch?": "garden gate",
    "How fast are instant transfers?": "ten seconds",
    "When do ordinary transfers arrive?": "the next working day",
    "How long does a transfer to another country take?": "three working days",
    "What does a transfer to another country cost?": "4 euros",
}
UNANSWERABLE = [
    "What is the capital of France?",
    "Who won the 1998 chess championship?",
    "What does a gold card cost?",
    "Who manages the Hill branch?",
    "When does the Hill branch open?",
    "What is the monthly limit of a transfer?",
]
CASES: list[dict[str, Any]] = [
    *({"question": question, "answer": answer, "documents": []} for question, answer in ANSWERS.items()),
    *({"question": question, "answer": None, "documents": []} for question in UNANSWERABLE),
]


@pytest.fixture
def folder(northwind_folder: Path, tmp_path: Path) -> Path:
    """A bot of its own, with questions."""
    shutil.copytree(northwind_folder, tmp_path / "northwind")
    write_cases(tmp_path / "northwind", CASES)
    return tmp_path / "northwind"


def write_cases(folder: Path, cases: list[dict[str, Any]]) -> None:
    (folder / "eval.jsonl").write_text("".join(f"{json.dumps(case)}\n" for case in cases), encoding="utf8")


def graft(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def report(folder: Path, *options: object) -> dict[str, Any]:
    result = graft("eval", folder, "--json", *options)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)  # type: ignore[no-any-return]


def error_line(*arguments: object) -> str:
    result = graft(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    return result.stderr.strip()


def threshold_finding(folder: Path) -> str:
    findings = json.loads(graft("doctor", folder, "--json").stdout)
    return next(str(finding["detail"]) for finding in findings if finding["check"] == "bot index")


def test_the_report_says_how_far_the_confidence_can_be_trusted(folder: Path) -> None:
    measured = report(folder)
    calibration, curve = measured["calibration"], measured["calibration"]["risk_coverage"]
    assert set(calibration) == {"ece", "aurc", "bins", "risk_coverage"}
    assert 0 < calibration["ece"] < 1 and 0 < calibration["aurc"] < 0.5
    given = sum(entry["count"] for entry in calibration["bins"])
    right = sum(entry["count"] * entry["accuracy"] for entry in calibration["bins"])
    assert 0 < given < len(CASES) and measured["answers"]["precision"] == pytest.approx(right / given)
    assert all(set(point) == {"coverage", "risk", "confidence"} for point in curve)
    assert curve[-1]["coverage"] == 1.0, "questions that the bot abstained on are on the curve"
    assert curve[-1]["risk"] == pytest.approx(len(UNANSWERABLE) / len(CASES), abs=2 / len(CASES))
    assert [point["confidence"] for point in curve] == sorted((p["confidence"] for p in curve), reverse=True)


def test_the_text_shows_the_figures_and_not_the_points(folder: Path) -> None:
    lines = [line.split() for line in graft("eval", folder).stdout.splitlines()]
    assert {"ece", "aurc"} <= {line[0] for line in lines if line}
    assert not {"bins", "risk_coverage", "coverage"} & {word for line in lines for word in line}


def test_the_figure_is_an_image(folder: Path, tmp_path: Path) -> None:
    assert graft("eval", folder, "--plot", tmp_path / "a.png").exit_code == 0
    with Image.open(tmp_path / "a.png") as image:
        image.load()
        assert image.format == "PNG" and min(image.size) > 500 and len(image.convert("RGB").getcolors(1 << 20)) > 50
    assert graft("eval", folder, "--plot", tmp_path / "a.SVG").exit_code == 0
    root = ElementTree.parse(tmp_path / "a.SVG").getroot()
    words = " ".join(text.strip() for text in root.itertext())
    assert root.tag.endswith("svg") and "northwind: 21 questions" in words and "threshold" in words


def test_a_figure_that_cannot_be_drawn_is_one_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--plot draws .png and .svg, got a.pdf" in error_line("eval", folder, "--plot", tmp_path / "a.pdf")
    assert "the folder" in error_line("eval", folder, "--plot", tmp_path / "none" / "a.png")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    line = error_line("eval", folder, "--plot", tmp_path / "a.png")
    assert line == "error: --plot needs the plots extra: pip install 'graft-bots[plots]'"


def test_a_threshold_is_chosen_for_a_precision_and_used_from_then_on(folder: Path, encoder: Encoder) -> None:
    before = report(folder)
    assert before["abstention"]["recall"] > 0 and threshold_finding(folder).endswith(": the default")
    measured = report(folder, "--calibrate", "--precision", 0.6)
    chosen = measured["threshold"]
    assert set(chosen) == {"abstain_below", "before", "target", "precision", "coverage", "cross_validated"}
    assert chosen["coverage"] == 1.0, "when every question is answered, more than 60% of the answers are correct"
    assert 0.6 <= chosen["precision"] == measured["answers"]["precision"] < before["answers"]["precision"]
    assert 0.9 < chosen["cross_validated"]["coverage"] <= 1 and 0.6 < chosen["cross_validated"]["precision"] < 0.8
    bot = Bot.open(bots.find(str(folder)), encoder)
    assert bot.threshold.value == chosen["abstain_below"] < chosen["before"]
    assert not any(bot.ask(question).abstained for question in UNANSWERABLE)
    found = threshold_finding(folder)
    assert found.endswith("chosen for a precision of 0.6 on the 21 questions of eval.jsonl")
    assert report(folder)["answers"] == measured["answers"]
    write_cases(folder, CASES[1:])
    assert threshold_finding(folder) == f"{found}, which have changed since"


def test_a_number_in_the_config_wins(folder: Path, encoder: Encoder) -> None:
    report(folder, "--calibrate", "--precision", 0.6)
    config = yaml.safe_load((folder / "bot.yaml").read_text(encoding="utf8"))
    config["guardrails"]["abstain_below"] = 0.123
    (folder / "bot.yaml").write_text(yaml.safe_dump(config), encoding="utf8")
    assert Bot.open(bots.find(str(folder)), encoder).threshold.value == 0.123
    assert threshold_finding(folder).endswith("; no answer below a confidence of 0.12: set in bot.yaml")
    assert "abstain_below is 0.123 in bot.yaml, which wins" in error_line("eval", folder, "--calibrate")


def test_a_threshold_for_another_index_is_set_aside_aloud(folder: Path, encoder: Encoder) -> None:
    chosen = report(folder, "--calibrate", "--precision", 0.6)["threshold"]
    source = bots.find(str(folder))
    build(source, encoder=encoder)
    assert Bot.open(source, encoder).threshold.value == chosen["abstain_below"], "the same documents, built again"
    (folder / "knowledge" / "new.md").write_text("# Ferry\n\nThe ferry leaves at noon.", encoding="utf8")
    build(source, encoder=encoder)
    assert Bot.open(source, encoder).threshold.value == chosen["before"]
    said = graft("chat", folder, "--once", "When does the ferry leave?").stderr
    note = "the default; the one chosen was for another index, other adapters or settings"
    assert said == f"northwind: its threshold is {note}; run: graft eval BOT --calibrate\n"
    assert threshold_finding(folder).endswith(note)
    report(folder, "--calibrate", "--precision", 0.6)
    assert graft("chat", folder, "--once", "When does the ferry leave?").stderr == ""


def test_a_threshold_for_an_adapter_that_was_replaced_in_place_is_set_aside(folder: Path, encoder: Encoder) -> None:
    weights = folder / "reader" / WEIGHTS
    shutil.copytree(SHIPPED / "reader", folder / "reader")
    config = yaml.safe_load((folder / "bot.yaml").read_text(encoding="utf8"))
    (folder / "bot.yaml").write_text(yaml.safe_dump({**config, "adapters": {"reader": "reader"}}), encoding="utf8")
    chosen = report(folder, "--calibrate", "--precision", 0.6)["threshold"]
    source = bots.find(str(folder))
    assert Bot.open(source, encoder).threshold.value == chosen["abstain_below"]
    save_file(load_file(weights), weights, metadata={"trained": "again"})
    replaced = Bot.open(source, encoder).threshold
    assert replaced.outdated and replaced.value == chosen["before"]


@pytest.mark.parametrize("text", ["", "[1]", '{"abstain_below": 0.9}', "[" * 100_000])
def test_a_damaged_threshold_is_the_default_and_said(folder: Path, encoder: Encoder, text: str) -> None:
    path = folder / ".graft" / "calibration.json"
    path.write_text(text, encoding="utf8")
    bot = Bot.open(bots.find(str(folder)), encoder)
    assert bot.threshold.outdated and bot.threshold.origin == f"the default; {path} is damaged"
    path.unlink()
    assert bot.threshold.value == Bot.open(bots.find(str(folder)), encoder).threshold.value


def test_what_cannot_be_chosen_is_one_line_and_leaves_what_was(folder: Path) -> None:
    report(folder, "--calibrate", "--precision", 0.6)
    path = folder / ".graft" / "calibration.json"
    before = path.read_bytes()
    few = "northwind: a threshold needs at least 20 questions, 5 of them without an answer, got"
    write_cases(folder, CASES[:19])
    assert f"{few} 19 and 4" in error_line("eval", folder, "--calibrate")
    write_cases(folder, CASES[:15] * 2)
    assert f"{few} 30 and 0" in error_line("eval", folder, "--calibrate")
    write_cases(folder, [{**case, "answer": case["answer"] and "a camel"} for case in CASES])
    line = error_line("eval", folder, "--calibrate")
    assert "no threshold reaches a precision of 0.9 and answers 20% of the questions; the best is 0.00" in line
    assert path.read_bytes() == before
