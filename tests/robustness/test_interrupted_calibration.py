"""A threshold that is being chosen while the disk is full or the process is killed: the one before stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chatbot import bots
from chatbot.bot import Bot
from chatbot.build import build
from retrieval.encoder import Encoder
from tests.chatbot.small_bot import write_bot

ROOT = Path(__file__).parents[2]
GRAFT = [sys.executable, "-c", "from chatbot.cli.main import main; main()"]
FULL_DISK = ["bash", "-c", 'ulimit -f 0; exec "$@"', "bash"]
"""What a full disk looks like to a process: no file can grow."""
CASES = [
    *[{"question": "What does a replacement card cost?", "answer": "9 euros", "documents": []}] * 15,
    *[{"question": "Who won the 1998 chess championship?", "answer": None, "documents": []}] * 5,
]


def calibrate(folder: Path, precision: float, under: list[str] | None = None) -> subprocess.Popen[str]:
    command = [*(under or []), *GRAFT, "eval", str(folder), "--calibrate", "--precision", str(precision)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, text=True, env=environment, **pipes)  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    folder = tmp_path_factory.mktemp("bots") / "northwind"
    build(write_bot(folder), encoder=encoder)
    (folder / "eval.jsonl").write_text("".join(f"{json.dumps(case)}\n" for case in CASES), encoding="utf8")
    process = calibrate(folder, 0.75)
    errors = process.communicate(timeout=120)[1]
    assert (process.returncode, errors) == (0, "")
    return folder


def test_a_full_disk_is_one_line_and_the_threshold_stays(calibrated: Path, encoder: Encoder) -> None:
    path = calibrated / ".graft" / "calibration.json"
    before = path.read_bytes()
    process = calibrate(calibrated, 0.5, FULL_DISK)
    out, errors = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, "")
    assert errors.startswith("error: ") and errors.count("\n") == 1
    assert path.read_bytes() == before
    assert not Bot.open(bots.find(str(calibrated)), encoder).threshold.outdated


def test_a_process_killed_as_it_writes_leaves_one_threshold_or_the_other(calibrated: Path, encoder: Encoder) -> None:
    path = calibrated / ".graft" / "calibration.json"
    builds, before = path.parent / "builds", path.stat().st_mtime_ns
    process = calibrate(calibrated, 0.6)
    until = time.monotonic() + 120
    while not list(builds.glob("*/*-calibration.json")) and path.stat().st_mtime_ns == before:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert json.loads(path.read_text(encoding="utf8"))["precision"] in (0.75, 0.6)
    assert not Bot.open(bots.find(str(calibrated)), encoder).threshold.outdated
