"""`graft train` for classifiers: options made of settings, data checked, errors of one line, a comparison."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.fields import settings_of
from adapters.methods import METHODS
from chatbot.cli.main import app

TEXTS = {
    "card": ["I lost my card", "my wallet was stolen, stop the card", "please freeze my debit card", "card gone"],
    "rate": ["what interest do savings earn", "how high is the loan rate", "the rate of the account?", "APR on loans"],
}


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    rows = [{"text": text, "label": label} for label, some in TEXTS.items() for text in some]
    path = tmp_path / "texts.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    return path


def graft(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["train", *(str(argument) for argument in arguments)])


@pytest.mark.parametrize("name", METHODS)
def test_every_setting_is_an_option(name: str) -> None:
    shown = graft(name, "--help").stdout
    for one in settings_of(METHODS[name].config):
        assert f"--{one.name.replace('_', '-')}" in shown


def test_a_head_is_trained_checked_and_gone_on_from(texts: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.csv"
    more.write_text(
        "text,label\nwhen do you open,hours\nopen on Sunday?,hours\nclosing time,hour\nopening hours,hours\n"
    )
    done = graft("head", "--data", texts, "--dev", texts, "--test", texts, "-o", tmp_path / "head")
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1), done.output
    assert "2 labels" in done.stdout and "test accuracy" in done.stdout
    assert "data: leakage" in done.stderr
    again = graft("head", "--data", more, "--dev", more, "--start", tmp_path / "head", "-o", tmp_path / "on", "--json")
    assert again.exit_code == 0 and "hour" in again.stderr, "a label that differs by a letter is told"
    assert json.loads(again.stdout)["labels"] == ["card", "hour", "hours", "rate"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["head", "--data", "nowhere.jsonl"], "nowhere.jsonl does not exist"),
        (["head", "--data", "TEXTS", "--base", "nowhere/at-all"], "nowhere/at-all"),
        (["head", "--data", "TEXTS", "--replay", "TEXTS"], "--replay needs --start"),
        (["head", "--data", "TEXTS", "--self-train", "TEXTS", "--start", "TEXTS"], "does not go with --start"),
        (["head", "--data", "TEXTS", "--start", "nowhere"], "no adapter in nowhere"),
        (["head", "--data", "TEXTS", "--strength", "-1"], "--strength must be at least 0, got -1"),
        (["head", "--data", "BROKEN"], 'broken.jsonl, line 2: expected a text, found {"text": 5'),
        (["head", "--data", "ALONE"], "has 1 label besides oos; expected two or more"),
        (["lora", "--data", "TEXTS", "--layers", "nothing"], "no layers called nothing"),
        (["lora", "--data", "TEXTS", "--adversarial", "x"], "one of none, fgm, pgd, freelb"),
        (["head", "--data", "TEXTS", "--test", "OTHERS"], "labels that the training data lacks: mortgage"),
        (["compare", "--data", "ALONE"], "too few texts"),
    ],
)
def test_what_cannot_be_trained_on_is_one_clear_line(
    texts: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    broken, alone, others = tmp_path / "broken.jsonl", tmp_path / "alone.csv", tmp_path / "others.csv"
    broken.write_text('{"text": "a", "label": "b"}\n{"text": 5, "label": "b"}\n', encoding="utf8")
    alone.write_text("text,label\nonly this,card\nand that,card\n", encoding="utf8")
    others.write_text("text,label\nwhat is it,mortgage\n", encoding="utf8")
    places = {"TEXTS": str(texts), "BROKEN": str(broken), "ALONE": str(alone), "OTHERS": str(others)}
    for name, path in places.items():
        arguments = [argument.replace(name, path) for argument in arguments]
    result = graft(*arguments, "-o", tmp_path / "own")
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    said = [line for line in result.stderr.splitlines() if not line.startswith(("data:", "too few texts to put"))]
    assert len(said) == 1 and message in said[0]


def test_a_comparison_says_which_way_pays(texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    done = graft("compare", "--data", texts, "--dev", texts, "--test", texts, "--minutes", "0.1", "-o", out, "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["advice"]["method"] in report["methods"] and "prompt" in report["methods"]
    assert {path.name for path in out.glob("report.*")} == {"report.md", "report.html", "report.json"}


def test_settings_are_searched_and_texts_without_labels_learned_from(texts: Path, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    new, out = tmp_path / "new.txt", tmp_path / "head"
    new.write_text("my credit card is lost\nthe interest rate of a loan\n", encoding="utf8")
    arguments = ["--data", texts, "--dev", texts, "--self-train", new, "--search", "2", "-o", out, "--json"]
    done = graft("head", *arguments)
    assert done.exit_code == 0, done.output
    card = json.loads(done.stdout)
    assert [trial["trial"] for trial in card["search"]] == [0, 1] and card["data"][-1]["texts"] == 2
    assert card["recipe"]["strength"] == max(card["search"], key=lambda one: one["accuracy"])["settings"]["strength"]
    assert "new.txt: of 2 texts without labels" in done.stderr and "trial 1: strength" in done.stderr
    assert {path.name for path in out.iterdir()} == {"card.json", "head.safetensors"}
