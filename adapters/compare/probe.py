"""What a classifier takes at work, measured in a process of its own: `python -m adapters.compare.probe FOLDER`."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ALONE, TOGETHER = 60, 512
"""Texts told one by one, and at once."""


def probe(folder: Path, texts: list[str]) -> dict[str, float]:
    """Milliseconds of a text alone (median), texts a second together, and the memory of the process in MB at its most.

    Raises:
        OSError: The process could not be started.
    """
    command = [sys.executable, "-W", "ignore", "-m", "adapters.compare.probe", str(folder)]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"measuring {folder} failed: {done.stderr.strip().splitlines()[-1:]}")
    return {name: float(value) for name, value in json.loads(done.stdout.splitlines()[-1]).items()}


def size(folder: Path) -> float:
    """MB of an adapter's files."""
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 2)


def _measure(folder: str, texts: list[str]) -> dict[str, float]:
    from adapters.classifier.runtime import Classifier

    classifier = Classifier.load(folder)
    classifier.tell(texts[:4])
    alone = []
    for text in (texts * ALONE)[:ALONE]:
        begun = time.perf_counter()
        classifier.tell([text])
        alone.append(time.perf_counter() - begun)
    many = (texts * TOGETHER)[:TOGETHER]
    begun = time.perf_counter()
    classifier.tell(many)
    rate = len(many) / (time.perf_counter() - begun)
    scale = 1e6 if sys.platform == "darwin" else 1e3
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
    return {"milliseconds": round(1e3 * median(alone), 2), "texts_a_second": round(rate), "memory_mb": round(memory)}


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], json.load(sys.stdin))))
