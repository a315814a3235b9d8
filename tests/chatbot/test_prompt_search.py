"""The search for a prompt: what helps the bot's own language model is found, measured and written down."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from chatbot.bot import Bot
from chatbot.cli.main import app
from chatbot.config import Prompt
from chatbot.evaluation.cases import Case
from chatbot.prompt_search import EXAMPLES, PROMPT, Draw, parted, search_prompt
from retrieval.errors import GraftError
from tests.chatbot.llm_server import LanguageModelServer, language_model_server
from tests.chatbot.small_bot import Reconfigured

ANSWERS = {
    "What does a replacement card cost?": "9 euros",
    "When does a replacement card arrive?": "within five working days",
    "When does the Harbour branch open?": "9 o'clock",
    "Who manages the Harbour branch?": "Nora Lindqvist",
    "When is the Hill branch closed?": "Mondays",
    "How do wheelchair users enter the Hill branch?": "through the garden gate",
    "How fast do instant transfers arrive?": "within ten seconds",
    "What does a transfer to another country cost?": "4 euros",
    "How long does a transfer to another country take?": "three working days",
    "What is the daily limit of the Student account?": "300 euros",
}
CASES = [Case(question, answer, ("cards.md",)) for question, answer in ANSWERS.items()]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LanguageModelServer]:
    """A model that is brief only where it is told so, and does worse with an example before its eyes."""

    def answer(request: dict[str, Any]) -> list[str]:
        system, question = (request["messages"][at]["content"] for at in (0, -1))
        brief = "one or two sentences" in system and "Examples:" not in system
        return [
            f"{ANSWERS[question]} [1]." if brief else f"Once upon a time there was {ANSWERS[question]} [1], they say."
        ]

    monkeypatch.setenv("OPENAI_API_KEY", "sk-graft-test")
    with language_model_server() as running:
        running.answers = answer
        yield running


@pytest.fixture
def bot(reconfigured: Reconfigured, server: LanguageModelServer) -> Bot:
    return reconfigured(generator={"model": "openai:tiny", "base_url": server.url, "timeout": 5.0})


def search(bot: Bot, out: Path, test: list[Case] | None = None) -> dict[str, Any]:
    return search_prompt(bot, CASES, test or [], out, Draw(), lambda name, done, total: None)


def test_what_helps_is_found_and_written(bot: Bot, server: LanguageModelServer, tmp_path: Path) -> None:
    out = tmp_path / "prompt"
    report = search(bot, out, CASES[:4])
    assert report["before"] < 0.5 and report["after"] == 1.0 == report["test"]["after"] and report["questions"] == 5
    assert report["gain"] > report["half_interval"]
    written = yaml.safe_load((out / PROMPT).read_text(encoding="utf8"))["prompt"]
    assert written == {"instructions": [*Prompt().instructions, "Answer in one or two sentences."]}
    assert len((out / EXAMPLES).read_text(encoding="utf8").splitlines()) == 5
    names = [trial["tried"] for trial in report["trials"]]
    assert {"as it is", "template en-short", "no instructions", "2 nearest examples", "4 first examples"} <= set(names)
    assert len(names) == len(set(names))
    before = len(server.requests)
    again = search(bot, out)
    assert len(server.requests) == before, "what was tried is not asked again"
    assert again["after"] == report["after"]


def test_examples_are_none_of_the_questions_that_decide() -> None:
    shown, asked = parted([*CASES, Case("Who is the king?", None, ())], Draw(questions=4))
    assert len(shown) == 5 and len(asked) == 4 and not set(shown) & set(asked)
    with pytest.raises(GraftError, match="2 questions are too few to search a prompt"):
        parted(CASES[:2], Draw())


def test_a_bot_without_a_language_model_has_no_prompt(reconfigured: Reconfigured, tmp_path: Path) -> None:
    with pytest.raises(GraftError, match="has no language model"):
        search(reconfigured(), tmp_path)


def test_a_model_that_fails_ends_the_search_with_its_reason(
    bot: Bot, server: LanguageModelServer, tmp_path: Path
) -> None:
    server.fault = "401"
    with pytest.raises(GraftError, match="key"):
        search(bot, tmp_path)


def test_the_command_shows_all_trials(northwind_folder: Path, server: LanguageModelServer, tmp_path: Path) -> None:
    folder = tmp_path / "northwind"
    shutil.copytree(northwind_folder, folder)
    config = yaml.safe_load((folder / "bot.yaml").read_text(encoding="utf8"))
    config |= {"generator": {"model": "openai:tiny", "base_url": server.url}, "guardrails": {"abstain_below": 0.0}}
    (folder / "bot.yaml").write_text(yaml.safe_dump(config), encoding="utf8")
    data = tmp_path / "dev.jsonl"
    rows = [{"question": case.question, "answer": case.answer, "documents": []} for case in CASES]
    data.write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    out = tmp_path / "prompt"
    arguments = ["train", "prompts", "--bot", str(folder), "--data", str(data), "-o", str(out)]
    done = CliRunner().invoke(app, [*arguments, "--test", str(data)])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["tried", "score"] and lines[-1] == f"{out / PROMPT}: put its section into bot.yaml"
    assert lines[-2].startswith("on the test: ") and "1.000 after" in lines[-2] and "(10 questions)" in lines[-2]
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 2 and "is not empty" in again.stderr
