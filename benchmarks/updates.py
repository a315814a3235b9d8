"""What a change of a few documents costs, and whether memory grows with the corpus.

    python -m benchmarks.updates BEIR_FOLDER [--documents 3000] [--edits 10] [--runs 3]

Indexes the first documents of a set, then all of them, each as a whole process (`graft index`); then changes a sentence
in a few documents and indexes again, RUNS times.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.indexing import write_documents

GRAFT = [sys.executable, "-W", "ignore", "-c", "from chatbot.cli.main import main; main()", "index"]
UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in what the system counts memory in."""


def main(beir: Path, count: int, edits: int, runs: int) -> None:
    """Measure and print."""
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        peaks = []
        for number in (count, sys.maxsize):
            folder = work / str(number)
            folder.mkdir()
            write_documents(beir, number, folder)
            (folder / "bot.yaml").write_text("name: updates\nknowledge:\n  sources: [documents/]\n", encoding="utf8")
            os.environ["GRAFT_HOME"] = str(folder / "home")  # vectors of the smaller set are no help to the larger
            seconds, peak, said = index(folder)
            peaks.append(peak)
            print(f"{said}; {seconds:.1f} s as a process, {peak / 1e6:.0f} MB at its peak", flush=True)
        print(f"memory grows by {(peaks[1] - peaks[0]) / 1e6:.0f} MB")
        paths = sorted((folder / "documents").iterdir())
        for _ in range(runs):
            for path in rng.sample(paths, edits):
                path.write_text(f"{path.read_text(encoding='utf8')}\nAmended {rng.random()}.\n", encoding="utf8")
            seconds, peak, said = index(folder)
            print(f"{edits} edits: {said}; {seconds:.2f} s as a process, {peak / 1e6:.0f} MB", flush=True)


def index(folder: Path) -> tuple[float, int, str]:
    """Index a bot: seconds, bytes of memory at the peak, and what was said."""
    begin = time.perf_counter()
    process = subprocess.Popen([*GRAFT, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    said = process.stdout.read().strip()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"graft index failed: {said}")
    return time.perf_counter() - begin, usage.ru_maxrss * UNIT, said


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("beir", type=Path, metavar="BEIR_FOLDER")
    parser.add_argument("--documents", type=int, default=3000)
    parser.add_argument("--edits", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    main(given.beir, given.documents, given.edits, given.runs)
