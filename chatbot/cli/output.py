"""What the command line prints: results on stdout, everything else on stderr, errors as one readable line."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapters import ModelError
from retrieval.errors import GraftError
from retrieval.loaders.clean import visible
from retrieval.progress import Progress

DEBUG = False
"""Set by `--debug`: errors show their traceback."""
SELDOM = 30.0
"""Seconds between two lines of progress where there is no terminal."""


def say(text: str) -> None:
    """Print a note to stderr."""
    print(visible(text, keep="\n"), file=sys.stderr, flush=True)


def tell(line: str) -> None:
    """Print a line of a result to stdout."""
    print(visible(line, keep="\t"))


def counted(number: int, one: str, many: str = "") -> str:
    """A number of things: `1 row`, `2 rows`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines with columns, the first to the left and the others to the right."""
    first, *others = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        f"  {row[0]:<{first}}" + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], others, strict=True))
        for row in rows
    ]


def print_json(value: Any, compact: bool = False) -> None:
    """Print one JSON document to stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=None if compact else 2), flush=True)


def check_free(out: Path) -> None:
    """Refuse a folder for something new where there is something already.

    Raises:
        GraftError: It exists and is not empty.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise GraftError(f"{out} exists and is not empty; choose another --out")


@contextlib.contextmanager
def readable_errors() -> Iterator[None]:
    """Turn errors meant for people into a line on stderr and exit code 2."""
    try:
        yield
    except (GraftError, ModelError) as error:
        if DEBUG:
            raise
        say(f"error: {error}")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        say("interrupted")
        raise SystemExit(130) from None
    except BrokenPipeError:
        raise SystemExit(0) from None
    except OSError as error:
        if DEBUG:
            raise
        say(visible(f"error: {f'{error.filename}: ' if error.filename else ''}{error.strerror or error}"))
        raise SystemExit(2) from None


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """How far work has come, on stderr: a bar at a terminal, elsewhere a line now and then."""
    if not sys.stderr.isatty():
        yield _Lines(title)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(16),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:>6}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def update(step: str, done: int, total: int) -> None:
            for name, number in tasks.items():
                bar.update(number, visible=name == step)
            if step not in tasks:
                tasks[step] = bar.add_task(f"{title}: {step:<6}", total=None, rate="")
            task = bar.tasks[tasks[step]]
            rate = f"{done / task.elapsed:.0f}/s" if task.elapsed and done else ""
            bar.update(tasks[step], completed=done, total=total or None, rate=rate)

        yield update


class _Lines:
    """Progress in lines, one in `SELDOM` seconds at most; work that takes less tells nothing."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._step = ""
        self._begun = self._said = time.monotonic()

    def __call__(self, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if step != self._step:
            self._step, self._begun = step, now
        if now - self._said < SELDOM:
            return
        self._said = now
        pace = (now - self._begun) / done if done else 0.0
        left = f", {timedelta(seconds=round(pace * (total - done)))} left" if pace else ""
        say(f"{self._title}: {step} {done}/{total}{left}")
