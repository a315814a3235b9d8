"""`graft` as a process among others: odd bytes, closed pipes, full disks, Ctrl-C, a terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chatbot.build import build
from retrieval.encoder import Encoder
from tests.chatbot.small_bot import write_bot

ROOT = Path(__file__).parents[2]
GRAFT = [sys.executable, "-c", "from chatbot.cli.main import main; main()"]
COST = "What does a replacement card cost?"
SECONDS = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    path = tmp_path_factory.mktemp("bots") / "northwind"
    build(write_bot(path, ui={"greeting": "Hello there."}), encoder=encoder)
    return path


def graft(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
    command = [*GRAFT, *(str(argument) for argument in arguments)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(command, cwd=ROOT, **{**pipes, **options})  # type: ignore[call-overload,no-any-return]


def test_stdout_is_json_down_to_the_last_byte_and_bad_bytes_are_read(folder: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    process = graft("chat", folder, "--json", env=environment)
    out, errors = process.communicate(
        b"\xff\xfe " + COST.encode() + b"\n" + "Was kostet \U0001f4b3?\n".encode(), SECONDS
    )
    assert (process.returncode, errors) == (0, b"")
    first, second = (json.loads(line) for line in out.decode("utf-8").splitlines())
    assert any(citation["quote"] == "A replacement card costs 9 euros." for citation in first["citations"])
    assert second["text"]


def test_an_argument_that_is_no_text_is_a_question_all_the_same(folder: Path) -> None:
    process = graft("chat", folder, "--json", "--once", os.fsdecode(b"replacement card cost \xff?"))
    out, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, errors) == (0, b"")
    assert "9 euros" in json.loads(out)["text"]


def test_a_reader_that_leaves_ends_the_chat_quietly(folder: Path) -> None:
    process = graft("chat", folder, "--json")
    assert process.stdin and process.stdout and process.stderr
    process.stdin.write(f"{COST}\n".encode() * 200)
    process.stdin.close()
    assert json.loads(process.stdout.readline())["text"]
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(SECONDS) == 0


def test_a_disk_too_full_for_the_answer_is_no_traceback(folder: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        process = graft("chat", folder, "--json", "--once", COST, stdout=full)
        errors = process.communicate(timeout=SECONDS)[1].decode()
    assert process.returncode != 0
    assert errors.startswith("error: No space left on device\n") and "Traceback" not in errors


def test_control_c_ends_with_one_word(folder: Path) -> None:
    process = graft("chat", folder, "--json")
    assert process.stdin and process.stdout
    process.stdin.write(f"{COST}\n".encode())
    process.stdin.flush()
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, out, errors) == (130, b"", b"interrupted\n")


def test_a_terminal_gets_a_greeting_and_streamed_answers(folder: Path) -> None:
    ours, theirs = pty.openpty()
    process = graft("chat", folder, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        shown = _until_prompt(ours)
        assert "Northwind. An empty line leaves." in shown and "Hello there." in shown
        os.write(ours, f"{COST}\n".encode())
        shown = _until_prompt(ours)
        assert "A replacement card costs 9 euros. [1]" in shown and "[1] cards.md › Lost card" in shown
        os.write(ours, b"And when does it arrive?\n")
        assert "five working days" in _until_prompt(ours)
        os.write(ours, b"\n")
        assert process.wait(SECONDS) == 0
    finally:
        process.kill()
        os.close(ours)


def _until_prompt(terminal: int) -> str:
    """What the terminal shows before it waits for the next question."""
    shown = ""
    while not shown.endswith("\n> "):
        assert select.select([terminal], [], [], SECONDS)[0], f"no prompt after {shown!r}"
        shown += os.read(terminal, 4096).decode("utf-8", "replace").replace("\r\n", "\n")
    return shown
