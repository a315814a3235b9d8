"""What all trainings on the command line share: their data, their folder, how far they are, how they end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatbot.cli.output import check_free, progress_bar, readable_errors, say
from chatbot.cli.tracking import Tracker, check_tracker, started
from retrieval.errors import GraftError

if TYPE_CHECKING:
    from adapters.training import Watch

OutOption = Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="The adapter's folder.")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on with a training that was interrupted.")]
REPLAYED = 0.1
"""Share of the texts learned before that is learned again, where none is named."""
CardOption = Annotated[bool, typer.Option("--json", help="Print the adapter's card on stdout and nothing else.")]


def data_files(entries: list[str]) -> list[tuple[Path, float]]:
    """Each `PATH` or `PATH:TIMES` as a path and how often it is used.

    Raises:
        GraftError: A number is none that is accepted, or a file does not exist.
    """
    files = [_numbered(entry, 1.0) for entry in entries]
    check_files(*(path for path, _ in files))
    for entry, (_, times) in zip(entries, files, strict=True):
        if not 0 < times <= 100:
            raise GraftError(
                f"--data {entry}: expected a number above 0 and at most 100 after the colon, got {times:g}"
            )
    return files


def replay_files(entries: list[str]) -> list[tuple[Path, float]]:
    """Each `PATH` or `PATH:SHARE` as a path and the share of it that is learned again.

    Raises:
        GraftError: A share is none, or a file does not exist.
    """
    files = [_numbered(entry, REPLAYED) for entry in entries]
    check_files(*(path for path, _ in files))
    for entry, (_, share) in zip(entries, files, strict=True):
        if not 0 <= share <= 1:
            raise GraftError(f"--replay {entry}: expected a share from 0 to 1 after the colon, got {share:g}")
    return files


def _numbered(entry: str, default: float) -> tuple[Path, float]:
    name, colon, number = entry.rpartition(":")
    if Path(entry).exists() or not colon:
        return Path(entry), default
    try:
        return Path(name), float(number)
    except ValueError:
        return Path(entry), default


def check_files(*paths: Path | None) -> None:
    """Check that files exist; `FILE#PART` is a part of one.

    Raises:
        GraftError: One does not.
    """
    for path in paths:
        if (
            path
            and not path.exists()
            and not ("#" in path.name and path.with_name(path.name.rpartition("#")[0]).exists())
        ):
            raise GraftError(f"{path} does not exist")


def check_out(out: Path, resume: bool) -> None:
    """Check that a training can begin in `out`, or go on there.

    Raises:
        GraftError: It cannot.
    """
    from adapters.registry import CHECKPOINT
    from adapters.search import FOLDER

    begun = (out / CHECKPOINT).exists() or (out / FOLDER).exists()
    if resume and not begun:
        raise GraftError(f"{out} holds no interrupted training")
    if begun and not resume:
        raise GraftError(f"{out} holds an interrupted training; go on with --resume, or choose another --out")
    if not resume:
        check_free(out)


@contextmanager
def readable_training(out: Path, less: str = "a lower --budget or --batch") -> Iterator[None]:
    """Errors as lines for people; an interruption says how to go on.

    Args:
        less: What takes less memory.
    """
    with readable_errors():
        try:
            yield
        except KeyboardInterrupt:
            from adapters.registry import CHECKPOINT
            from adapters.search import FOLDER

            begun = (out / CHECKPOINT).exists() or (out / FOLDER).exists()
            say("interrupted; " + ("go on with the same command and --resume" if begun else "nothing was kept"))
            raise SystemExit(130) from None
        except (RuntimeError, MemoryError) as error:
            if isinstance(error, MemoryError) or "memory" in str(error):
                raise GraftError(f"the memory is not enough for this training; {less} may fit") from None
            raise


@contextmanager
def training_watch(title: str, out: Path, settings: Mapping[str, Any], track: Tracker | None) -> Iterator[Watch]:
    """Shows a training as a progress bar, and tells a tracker of it and its settings from its first step on."""
    tracker: Any = None
    if track:
        check_tracker(track)
    with progress_bar(f"training the {title}") as progress:

        def watch(step: int, total: int, values: dict[str, float]) -> None:
            nonlocal tracker
            told = " ".join(f"{name} {value:.2f}" for name, value in values.items() if "loss" in name)
            progress(told or "texts", step, total)
            if track:
                tracker = tracker or started(track, title, out, settings)
                tracker.log(values, step=step)

        try:
            yield watch
        finally:
            if tracker:
                tracker.finish()


def quiet() -> None:
    """Keep transformers from talking."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
