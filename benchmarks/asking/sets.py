"""The sets of facts, each made a bot, and the questions about them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.asking.facts import Facts
from benchmarks.asking.forms import read_forms
from benchmarks.asking.generate import Question, generate

FOLDER = Path(__file__).parent / "sets"
SPLITS = {
    "films": "dev",
    "firm": "dev",
    "customer_service": "dev",
    "finance": "dev",
    "letters": "test",
    "valley": "test",
    "education": "test",
    "medical": "test",
}
"""The sets: what is measured on `dev` may be used to improve, what on `test` not. One without facts in `FOLDER` is the
graph of the bundled bot of that name."""


def graft(home: Path, *arguments: str | Path) -> str:
    """What a `graft` command prints, its own folder being `home`.

    Raises:
        RuntimeError: The command failed; with what it says of that.
    """
    command = [sys.executable, "-W", "ignore", "-m", "apps.main", *map(str, arguments)]
    environment = {**os.environ, "GRAFT_HOME": str(home)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"graft {' '.join(map(str, arguments))}: {ended.stderr.strip()}")
    return ended.stdout


def make_bot(name: str, home: Path) -> tuple[str, Path]:
    """Make the bot of a set: what `graft` is to call it, and the CSV file of its facts."""
    own, facts = FOLDER / f"{name}.csv", home / f"{name}.csv"
    home.mkdir(parents=True, exist_ok=True)
    if own.is_file():
        bot = str(home / "bots" / name)
        graft(home, "graph", "import", bot, own)
        graft(home, "index", bot)
        shutil.copyfile(own, facts)
    else:
        bot = name
        graft(home, "index", bot)
        graft(home, "graph", "export", bot, "-o", facts)
    return bot, facts


def questions_of(name: str, facts: Path) -> list[Question]:
    """The questions about a set's facts."""
    return generate(Facts.read(facts), read_forms(FOLDER / f"{name}.forms"))
