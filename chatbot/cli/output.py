"""What the command line prints: results on stdout, everything else on stderr, errors as one readable line."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapters import ModelError
from retrieval.errors import GraftError
from retrieval.index import Progress
from retrieval.loaders.clean import visible

DEBUG = False
"""Set by `--debug`: errors show their traceback."""


def say(text: str) -> None:
    """Print a note to stderr."""
    print(visible(text, keep="\n"), file=sys.stderr, flush=True)


def tell(line: str) -> None:
    """Print a line of a result to stdout."""
    print(visible(line, keep="\t"))


def counted(number: int, one: str, many: str = "") -> str:
    """A number of things: `1 row`, `2 rows`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


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
    """A progress bar on stderr with the rate and the time left; silent where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda step, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description:<34}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:>8}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def update(step: str, done: int, total: int) -> None:
            for name, number in tasks.items():
                bar.update(number, visible=name == step)
            if step not in tasks:
                tasks[step] = bar.add_task(f"{title}: {step}", total=None, rate="")
            task = bar.tasks[tasks[step]]
            rate = f"{done / task.elapsed:.0f}/s" if task.elapsed and done else ""
            bar.update(tasks[step], completed=done, total=total or None, rate=rate)

        yield update
