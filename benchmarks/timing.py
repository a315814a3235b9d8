"""How long the things take that a user waits for, as whole processes.

    python -m benchmarks.timing [RUNS]

Indexes all bundled bots into an empty home, asks one question of a built bot, and starts the demo for the second time,
each as a process of its own; prints the median of RUNS (5).
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing

from apps import BUNDLED

GRAFT = [sys.executable, "-m", "apps.main"]


def main(runs: int) -> None:
    """Measure and print a Markdown table."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "GRAFT_HOME": home}
        names = sorted(path.parent.name for path in BUNDLED.glob("*/bot.yaml"))
        ask = [*GRAFT, "chat", "security", "--once", "How long may I take to report a lost laptop?"]
        _run(ask, environment)  # compiles the models, which happens once on a machine
        print("| what | seconds |\n|---|---:|")
        index = sum(_timed(lambda name=name: _run([*GRAFT, "index", name], environment)) for name in names)
        print(f"| index all {len(names)} bundled bots, a process each | {index:.1f} |")
        print(f"| `graft chat --once` on a built bot | {_median(lambda: _run(ask, environment), runs):.2f} |")
        print(f"| `graft demo`, second start, to the first page | {_median(lambda: _demo(environment), runs):.1f} |")


def _run(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run(command, env=environment, check=True, capture_output=True)


def _demo(environment: dict[str, str]) -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*GRAFT, "demo", "--port", str(port), "--no-browser"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(1200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the demo did not start within 60 seconds")
    finally:
        process.terminate()
        process.wait()


def _timed(action: Callable[[], None]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def _median(action: Callable[[], None], runs: int) -> float:
    return statistics.median(_timed(action) for _ in range(runs))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=int, metavar="RUNS", nargs="?", default=5)
    main(parser.parse_args().runs)
