"""`graft train`: an adapter of the backbone from examples, of a domain or of public sets."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatbot.cli.output import check_free, print_json, progress_bar, readable_errors, say, tell
from retrieval.errors import GraftError

if TYPE_CHECKING:
    from adapters import Adapter
    from adapters.training import Recipe, Watch


class Task(StrEnum):
    """What an adapter is for."""

    READER = "reader"
    MATCHER = "matcher"
    RERANKER = "reranker"
    TAGGER = "tagger"


def train(
    task: Annotated[Task, typer.Argument(help="What the adapter is for.")],
    data: Annotated[
        list[str],
        typer.Option(
            metavar="PATH[:TIMES]",
            help="A SQuAD-format file; for the matcher and the reranker also a BEIR folder or a JSONL file of lists;"
            " for the tagger a JSONL file of sentences with their entities, or CoNLL04's columns (.txt)."
            " TIMES is how often it is used, 0.3 for a random part of it. Several are merged.",
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="The adapter's folder.")],
    dev: Annotated[
        Path | None,
        typer.Option(help="Data that says when to stop; else a part of the other is held out, but for the tagger."),
    ] = None,
    start: Annotated[
        str,
        typer.Option(help="`default` goes on from the shipped adapter, `none` begins anew; or an adapter's folder."),
    ] = "default",
    epochs: Annotated[int | None, typer.Option(min=1, max=100, help="1 by default, 20 for the tagger.")] = None,
    rate: Annotated[float | None, typer.Option(help="The highest learning rate.")] = None,
    rank: Annotated[int | None, typer.Option(min=1, max=384, help="Of a new adapter.")] = None,
    patience: Annotated[
        int, typer.Option(min=1, help="Looks at the held-out loss, ten an epoch, without a lower one.")
    ] = 4,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1)] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a training that was interrupted.")] = False,
    compile_: Annotated[bool, typer.Option("--compile", help="Faster after a minute; needs a C++ compiler.")] = False,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write its log into the folder.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the adapter's card on stdout and nothing else.")] = False,
) -> None:
    """Train an adapter, and write it with its card. Use it by `adapters:` in bot.yaml."""
    with readable_errors():
        files = [_data(entry) for entry in data]
        _check(files, dev, out, rate, resume)
        changes: dict[str, Any] = {"seed": seed, "patience": patience, "compiled": compile_}
        if epochs or task != "tagger":
            changes["epochs"] = epochs or 1
        changes |= {name: value for name, value in (("rate", rate), ("rank", rank)) if value is not None}
        if rank is not None and start != "none":
            raise GraftError("--rank is that of a new adapter; with --start none it can be chosen")
        try:
            with _watch(task, out / "tensorboard" if tensorboard else None) as watch:
                card = _train(task, files, dev, out, changes, _start(task, start), watch)
        except KeyboardInterrupt:
            from adapters.registry import CHECKPOINT

            begun = (out / CHECKPOINT).exists()
            say("interrupted; " + ("go on with the same command and --resume" if begun else "nothing was kept"))
            raise SystemExit(130) from None
        if json_:
            print_json(card)
        else:
            scores = [f"{name.replace('_', ' ')} {value:.3f}" for name, value in card["scores"].items()]
            steps = f"step {card['steps']} of {card['steps_of_schedule']}, {card['seconds']} s"
            tell(f"{out}: {task}, {'; '.join([steps, *filter(None, [', '.join(scores)])])}")


def _data(entry: str) -> tuple[Path, float]:
    """`PATH` or `PATH:TIMES`."""
    name, colon, times = entry.rpartition(":")
    if Path(entry).exists() or not colon:
        return Path(entry), 1.0
    try:
        if 0 < float(times) <= 100:
            return Path(name), float(times)
    except ValueError:
        return Path(entry), 1.0
    raise GraftError(f"--data {entry}: expected a number above 0 and at most 100 after the colon, got {times}")


def _check(files: list[tuple[Path, float]], dev: Path | None, out: Path, rate: float | None, resume: bool) -> None:
    for path in (*(path for path, _ in files), *([dev] if dev else [])):
        if not path.exists():
            raise GraftError(f"{path} does not exist")
    if rate is not None and not (0 < rate <= 1 and math.isfinite(rate)):
        raise GraftError(f"--rate must be above 0 and at most 1, got {rate:g}")
    from adapters.registry import CHECKPOINT

    begun = (out / CHECKPOINT).exists()
    if resume and not begun:
        raise GraftError(f"{out} holds no interrupted training")
    if begun and not resume:
        raise GraftError(f"{out} holds an interrupted training; go on with --resume, or choose another --out")
    if not resume:
        check_free(out)


def _start(task: Task, start: str) -> Adapter | None:
    from adapters import find_adapter

    return None if start == "none" else find_adapter(start, task.value if start == "default" else None)


@contextmanager
def _watch(task: Task, board: Path | None) -> Iterator[Watch]:
    """Shows a training as a progress bar, and in TensorBoard's log, begun at its first step, if a folder is given."""
    writer: Any = None
    log = _writer() if board else None
    with progress_bar(f"training the {task}") as progress:

        def watch(step: int, total: int, values: dict[str, float]) -> None:
            nonlocal writer
            progress(" ".join(f"{name} {value:.2f}" for name, value in values.items() if "loss" in name), step, total)
            if log:
                writer = writer or log(str(board))
                for name, value in values.items():
                    writer.add_scalar(name, value, step)

        try:
            yield watch
        finally:
            if writer:
                writer.close()


def _writer() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise GraftError("--tensorboard needs the train extra: pip install 'graft-bots[train]'") from None
    return SummaryWriter


def _train(
    task: Task,
    files: list[tuple[Path, float]],
    dev: Path | None,
    out: Path,
    changes: dict[str, Any],
    start: Adapter | None,
    watch: Watch,
) -> dict[str, Any]:
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if task is Task.READER:
        from adapters.reader.train import RECIPE, train_reader

        return train_reader(files, dev, out, replace(RECIPE, **changes), start, watch)
    if task is Task.TAGGER:
        from adapters.tagger.train import RECIPE as TAGGING
        from adapters.tagger.train import train_tagger

        return train_tagger(files, dev, out, replace(TAGGING, **changes), start, watch)
    from adapters.lists import train_on_lists
    from adapters.matcher.train import MATCHER
    from adapters.reranker.train import RERANKER
    from retrieval.encoder import Encoder
    from retrieval.training_lists import merged_lists

    kind = MATCHER if task is Task.MATCHER else RERANKER
    recipe: Recipe = replace(kind.recipe, **changes)
    encoder, chance = Encoder.load(), random.Random(recipe.seed)
    lists = merged_lists(files, encoder, chance)
    aside = merged_lists([(dev, 1.0)], encoder, chance) if dev else []
    return train_on_lists(kind, lists, aside, files, out, recipe, start, watch)
