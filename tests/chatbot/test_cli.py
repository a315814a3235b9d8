"""`graft` on the command line: init, index, chat, doctor; results on stdout, errors as one line and exit code 2."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from chatbot import bots
from chatbot.bots import BotSource
from chatbot.cli import output
from chatbot.cli.main import app
from chatbot.config_file import ConfigError, load_config
from tests.chatbot.small_bot import write_bot, write_config

COST = "What does a replacement card cost?"


def graft(*arguments: object, stdin: str = "") -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def error_line(result: Result) -> str:
    """The one line of an error; stdout stays empty."""
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    return result.stderr.removeprefix("error: ").strip()


def check_reply(reply: dict[str, Any]) -> None:
    """The documented JSON form, exactly."""
    assert list(reply) == ["text", "citations", "facts", "confidence", "abstained", "trace"]
    assert isinstance(reply["text"], str) and isinstance(reply["abstained"], bool)
    assert isinstance(reply["confidence"], float) and 0 <= reply["confidence"] <= 1
    for citation in reply["citations"]:
        assert list(citation) == ["document", "source", "section", "start", "end", "quote"]
        assert citation["end"] - citation["start"] == len(citation["quote"])
    for fact in reply["facts"]:
        assert list(fact) == ["subject", "relation", "object", "provenance"]
        assert fact["provenance"] and all(isinstance(chunk, str) for chunk in fact["provenance"])
    for step in reply["trace"]:
        assert list(step) == ["step", "ms"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_init_makes_a_bot_that_indexes_and_answers(tmp_path: Path, language: str) -> None:
    folder = tmp_path / "My Desk"
    made = graft("init", folder, "--language", language)
    assert made.exit_code == 0
    assert [Path(line).name for line in made.stdout.splitlines()] == [
        "bot.yaml",
        "welcome.md",
        "eval.jsonl",
        ".gitignore",
    ]
    assert f"graft index '{folder}'" in made.stderr
    config = load_config(folder / "bot.yaml")
    assert (config.name, config.title, config.language) == ("my-desk", "My desk", language)
    indexed = graft("index", folder)
    assert indexed.exit_code == 0 and indexed.stdout.startswith("1 document, ")
    question = "What does Graft do with a folder of documents?" if language == "en" else "Graft 可以把文档变成什么？"
    reply = json.loads(graft("chat", folder, "--once", question, "--json").stdout)
    check_reply(reply)
    assert reply["citations"][0]["document"] == "welcome.md"


@pytest.mark.parametrize("name", ["2024", "true", "null", "no", "1e5", "0x10"])
def test_init_takes_names_that_yaml_would_read_as_something_else(tmp_path: Path, name: str) -> None:
    assert graft("init", tmp_path / name).exit_code == 0
    assert load_config(tmp_path / name / "bot.yaml").name == name


def test_init_does_not_touch_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine", encoding="utf8")
    assert "exists and is not empty" in error_line(graft("init", tmp_path / "full"))
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["notes.txt"]
    assert "unknown language 'xx'; accepted: en, zh" in error_line(graft("init", tmp_path / "a", "--language", "xx"))
    assert "cannot be a bot's name" in error_line(graft("init", tmp_path / "ünï"))
    (tmp_path / "file").write_text("x", encoding="utf8")
    assert "cannot write" in error_line(graft("init", tmp_path / "file" / "bot"))


def test_index_reports_what_it_read_and_what_not(tmp_path: Path) -> None:
    write_bot(tmp_path)
    (tmp_path / "knowledge" / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    result = graft("index", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith("not read: broken.pdf: ")
    assert result.stdout.startswith("3 documents, ") and result.stdout.endswith("; 1 file not read\n")
    report = json.loads(graft("index", tmp_path, "--json").stdout)
    assert list(report) == ["documents", "chunks", "faq", "nodes", "edges", "updated", "changes", "failed", "seconds"]
    assert report["documents"] == 3 and list(report["failed"]) == ["broken.pdf"]


def test_index_says_where_nothing_has_changed(tmp_path: Path) -> None:
    write_bot(tmp_path)
    first, again = (graft("index", tmp_path).stdout for _ in range(2))
    assert not first.startswith("nothing")
    assert again.startswith(f"nothing has changed: {first.partition(' in ')[0]} in ")
    report = json.loads(graft("index", tmp_path, "--json").stdout)
    assert report["updated"] is False and set(report["changes"].values()) == {0}


def test_index_says_what_has_changed(tmp_path: Path) -> None:
    write_bot(tmp_path)
    assert graft("index", tmp_path).stdout.startswith("3 documents, ")
    (tmp_path / "knowledge" / "ferry.md").write_text("# Ferry\n\nIt leaves at noon.", encoding="utf8")
    (tmp_path / "knowledge" / "cards.md").rename(tmp_path / "knowledge" / "notes.md")
    assert graft("index", tmp_path).stdout.startswith("4 documents (1 added, 1 moved), ")
    for path in (tmp_path / "knowledge").iterdir():
        path.unlink()
    assert graft("index", tmp_path).stdout.startswith("0 documents (4 removed), ")
    report = json.loads(graft("index", tmp_path, "--json").stdout)
    assert (report["documents"], report["updated"], set(report["changes"].values())) == (0, False, {0})
    (tmp_path / "knowledge" / "ferry.md").write_text("# Ferry\n\nIt leaves at noon.", encoding="utf8")
    assert graft("index", tmp_path).stdout.startswith("1 document, ")
    (tmp_path / "knowledge" / "ferry.md").unlink()
    (tmp_path / "knowledge" / "museum.md").write_text("# Museum\n\nIt opens at ten.", encoding="utf8")
    assert graft("index", tmp_path).stdout.startswith("1 document (1 added, 1 removed), ")


def test_a_file_of_another_format_is_named_when_it_comes_and_after(tmp_path: Path) -> None:
    write_bot(tmp_path)
    assert graft("index", tmp_path).exit_code == 0
    (tmp_path / "knowledge" / "song.mp3").write_bytes(b"la")
    for again in (False, True):
        result = graft("index", tmp_path)
        assert result.exit_code == 1 and result.stderr.startswith("not read: song.mp3: unsupported format .mp3")
        assert result.stdout.startswith("nothing has changed: ") is again


def test_long_work_is_told_in_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "SELDOM", 0.0)
    with output.progress_bar("northwind") as progress:
        progress("encode", 0, 40)
        time.sleep(0.1)
        progress("encode", 10, 40)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "northwind: encode 0/40"
    assert re.fullmatch(r"northwind: encode 10/40, 0:00:0\d left", lines[1])


def test_a_bot_that_cannot_be_indexed_is_one_line(tmp_path: Path) -> None:
    write_config(tmp_path / "gone")
    assert "knowledge source not found: knowledge/" in error_line(graft("index", tmp_path / "gone"))
    (tmp_path / "gone" / "knowledge").mkdir()
    assert "the knowledge folder is empty" in error_line(graft("index", tmp_path / "gone"))
    chat = graft("chat", tmp_path / "gone", "--once", COST, "--json")
    assert (chat.exit_code, chat.stdout) == (2, "")
    assert chat.stderr.endswith("error: northwind: the knowledge folder is empty; put documents into knowledge/\n")
    write_bot(tmp_path / "bad", {"a.md": "", "b.md": ""})
    assert "no document could be read (a.md: empty file;" in error_line(graft("index", tmp_path / "bad", "--json"))


@pytest.mark.parametrize("command", [["index"], ["chat", "--once", "Hi"], ["eval"], ["graph", "query", "MATCH (a)"]])
def test_a_wrong_config_is_one_line_everywhere(tmp_path: Path, command: list[str]) -> None:
    with pytest.raises(ConfigError):
        write_config(tmp_path, retreival={})
    at = 2 if command[0] == "graph" else 1
    line = error_line(graft(*command[:at], tmp_path, *command[at:]))
    assert line == f"{tmp_path}/bot.yaml:5: unknown key `retreival`; did you mean `retrieval`?"


def test_chat_answers_one_question_as_json_and_nothing_else(northwind_folder: Path) -> None:
    result = graft("chat", northwind_folder, "--once", COST, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    reply = json.loads(result.stdout)
    check_reply(reply)
    assert reply["text"].startswith("A replacement card costs 9 euros. [1]")
    assert reply["citations"][0]["source"] == "cards.md"
    unknown = json.loads(graft("chat", northwind_folder, "--once", "What is the capital of France?", "--json").stdout)
    check_reply(unknown)
    assert unknown["abstained"] is True and unknown["citations"] == []


def test_an_empty_question_is_an_error(northwind_folder: Path) -> None:
    assert error_line(graft("chat", northwind_folder, "--once", " ")) == "--once is empty; expected a question"


def test_chat_shows_sources_and_disclaimer_to_people(northwind_folder: Path) -> None:
    lines = graft("chat", northwind_folder, "--once", COST).stdout.splitlines()
    assert lines[0].startswith("A replacement card costs 9 euros. [1]")
    assert "  [1] cards.md › Lost card" in lines
    assert lines[-1] == "  General information only."
    assert any(line.startswith("  confidence ") and line.endswith("%") for line in lines)


def test_each_line_of_stdin_gets_a_line_of_json(northwind_folder: Path) -> None:
    result = graft("chat", northwind_folder, "--json", stdin=f"{COST}\n\n  When does the Harbour branch open?\nzzz qqq")
    replies = [json.loads(line) for line in result.stdout.splitlines()]
    assert [reply["abstained"] for reply in replies] == [False, False, True]
    for reply in replies:
        check_reply(reply)
    assert "9 o'clock" in replies[1]["text"] and result.exit_code == 0
    plain = graft("chat", northwind_folder, stdin=f"{COST}\n")
    assert plain.stdout.startswith("A replacement card costs 9 euros. [1]")


def test_strong_emphasis_is_not_shown_as_stars_in_a_terminal(tmp_path: Path) -> None:
    source = write_bot(tmp_path, {"a.md": "# Power\n\nThe **square** of a number `x` is `x ** 2` in **every** lesson."})
    shown = graft("chat", source.config.folder, "--once", "What is the square of a number in every lesson?").stdout
    assert "The square of a number `x` is `x ** 2` in every lesson. [1]" in shown.splitlines()


def test_a_named_session_goes_on_in_the_next_process(northwind_folder: Path) -> None:
    for session, question, price in (
        ("s1", "How long does a transfer to another country take?", "4 euros"),
        ("s2", "When does a replacement card arrive?", "9 euros"),
    ):
        graft("chat", northwind_folder, "--session", session, "--once", question)
        reply = graft("chat", northwind_folder, "--session", session, "--once", "And what does it cost?", "--json")
        assert price in json.loads(reply.stdout)["text"]


def test_chat_indexes_first_and_again_when_documents_change(tmp_path: Path) -> None:
    write_bot(tmp_path)
    first = graft("chat", tmp_path, "--once", COST, "--json")
    assert (
        "northwind: the bot is not indexed yet; indexing it" in first.stderr
        and "3 documents indexed in" in first.stderr
    )
    check_reply(json.loads(first.stdout))
    (tmp_path / "knowledge" / "cards.md").write_text("# Cards\n\nA replacement card costs 15 dollars.", "utf8")
    again = graft("chat", tmp_path, "--once", COST, "--json")
    assert "northwind: the documents or settings have changed; indexing it" in again.stderr
    assert "15 dollars" in json.loads(again.stdout)["text"]
    assert graft("chat", tmp_path, "--once", COST, "--json").stderr == ""


def test_chat_says_what_became_of_the_index(tmp_path: Path) -> None:
    graft("index", write_bot(tmp_path).config.folder)
    manifest = tmp_path / ".graft" / "manifest.json"

    def index() -> Path:
        return next((tmp_path / ".graft" / "builds").iterdir())

    damages: dict[str, Callable[[], object]] = {
        "the index is damaged": lambda: (index() / "faq.npy").write_bytes((index() / "faq.npy").read_bytes()[::-1]),
        "the index was deleted": lambda: shutil.rmtree(index()),
        f"{manifest} is damaged": lambda: manifest.write_text("{", "utf8"),
    }
    for said, damage in damages.items():
        damage()
        shown = graft("chat", tmp_path, "--once", COST, "--json")
        assert f"northwind: {said}; indexing it" in shown.stderr and "have changed" not in shown.stderr
        assert "9 euros" in json.loads(shown.stdout)["text"]


def test_a_provider_that_fails_is_still_a_reply(tmp_path: Path) -> None:
    write_bot(tmp_path, generator={"model": "openai:gpt-4o-mini"})
    result = graft("chat", tmp_path, "--once", COST, "--json")
    reply = json.loads(result.stdout)
    check_reply(reply)
    assert reply["text"].endswith("needs an API key in the environment.") and reply["citations"] == []
    piped = graft("chat", tmp_path, "--json", stdin=f"{COST}\n{COST}\n")
    assert piped.exit_code == 2 and [bool(json.loads(line)) for line in piped.stdout.splitlines()] == [True, True]


def test_a_bot_nobody_knows_is_one_line_and_debug_shows_more(tmp_path: Path) -> None:
    assert error_line(graft("chat", "nowhere", "--once", "Hi")).startswith("no bot 'nowhere': not a bot.yaml")
    assert "graft init" in error_line(graft("index", tmp_path))
    shown = graft("--debug", "chat", "nowhere", "--once", "Hi")
    assert shown.exit_code != 0 and isinstance(shown.exception, ConfigError)
    assert error_line(graft("chat", "nowhere", "--once", "Hi")), "debug lasts for one command"


@pytest.mark.parametrize("arguments", [["frob"], ["chat"], ["chat", "x", "--frob"], ["graph", "show", "x"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    result = graft(*arguments)
    assert result.exit_code == 2 and "Usage: " in result.stderr and result.stdout == ""


def test_help_names_every_command() -> None:
    text = graft("--help").stdout
    assert all(command in text for command in ("init", "index", "chat", "eval", "doctor", "graph", "--debug"))


def test_doctor_checks_the_installation_and_a_bot(northwind_folder: Path) -> None:
    result = graft("doctor", northwind_folder)
    assert result.exit_code == 0
    assert all(line.startswith("ok  ") for line in result.stdout.splitlines())
    findings = json.loads(graft("doctor", northwind_folder, "--json").stdout)
    assert [finding["check"] for finding in findings] == [
        "python",
        "packages",
        "bundled model",
        "adapters",
        "encoder",
        "home",
        "bot config",
        "bot adapters",
        "bot quiz",
        "bot encoder",
        "bot generator",
        "bot vectors",
        "bot index",
    ]
    assert (
        findings[-1]["detail"].startswith("4 documents, ") and "; current; sentences are read" in findings[-1]["detail"]
    )


def test_doctor_finds_a_broken_index_and_an_unknown_provider(tmp_path: Path) -> None:
    source = write_bot(tmp_path, generator={"model": "nobody:model"})
    graft("index", tmp_path)
    next(source.home.glob("builds/b-*/knowledge.db")).write_bytes(b"junk" * 1000)
    found = {f["check"]: f for f in json.loads(graft("doctor", tmp_path, "--json").stdout) if not f["ok"]}
    assert found.keys() == {"bot generator", "bot index"}
    assert "damaged" in found["bot index"]["detail"] and "nobody:model" in found["bot generator"]["detail"]


def test_doctor_goes_on_after_a_failing_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x", encoding="utf8")
    monkeypatch.setenv("GRAFT_HOME", str(tmp_path / "file" / "home"))
    source: BotSource = bots.find(str(write_bot(tmp_path / "bot").config.folder))
    result = graft("doctor", source.config.folder, "--json")
    assert result.exit_code == 2
    findings = {finding["check"]: finding for finding in json.loads(result.stdout)}
    assert [name for name, finding in findings.items() if not finding["ok"]] == ["home", "bot index"]
    assert "not indexed yet; run: graft index" in findings["bot index"]["detail"]


def test_doctor_names_an_adapter_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.registry.SHIPPED", tmp_path)
    findings = {finding["check"]: finding for finding in json.loads(graft("doctor", "--json").stdout)}
    assert not findings["adapters"]["ok"] and findings["encoder"]["ok"]
    assert (
        findings["adapters"]["detail"]
        == f"no adapter in {tmp_path / 'reader'}: expected card.json, adapter_config.json and adapter_model.safetensors"
    )
