"""`graft train reader|matcher|reranker|tagger`: the adapters of the backbone that answer, from examples."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatbot.cli.output import print_json, tell
from chatbot.cli.tracking import TrackOption
from chatbot.cli.training import (
    CardOption,
    OutOption,
    ResumeOption,
    check_files,
    check_out,
    data_files,
    quiet,
    readable_training,
    training_watch,
)
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


def train_graft(
    task: Task,
    data: Annotated[
        list[str],
        typer.Option(
            metavar="PATH[:TIMES]",
            help="A SQuAD-format file; for the matcher and the reranker also a BEIR folder or a JSONL file of lists;"
            " for the tagger a JSONL file of sentences with their entities, or CoNLL04's columns (.txt)."
            " TIMES is how often it is used, 0.3 for a random part of it. Several are merged.",
        ),
    ],
    out: OutOption,
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
    resume: ResumeOption = False,
    compile_: Annotated[bool, typer.Option("--compile", help="Faster after a minute; needs a C++ compiler.")] = False,
    track: TrackOption = None,
    json_: CardOption = False,
) -> None:
    """Train an adapter, and write it with its card. Use it by `adapters:` in bot.yaml."""
    with readable_training(out):
        files = data_files(data)
        check_files(dev)
        if rate is not None and not (0 < rate <= 1 and math.isfinite(rate)):
            raise GraftError(f"--rate must be above 0 and at most 1, got {rate:g}")
        check_out(out, resume)
        changes: dict[str, Any] = {"seed": seed, "patience": patience, "compiled": compile_}
        if epochs or task != "tagger":
            changes["epochs"] = epochs or 1
        changes |= {name: value for name, value in (("rate", rate), ("rank", rank)) if value is not None}
        if rank is not None and start != "none":
            raise GraftError("--rank is that of a new adapter; with --start none it can be chosen")
        with training_watch(task, out, changes, track) as watch:
            card = _train(task, files, dev, out, changes, _start(task, start), watch)
        if json_:
            print_json(card)
        else:
            scores = [f"{name.replace('_', ' ')} {value:.3f}" for name, value in card["scores"].items()]
            steps = f"step {card['steps']} of {card['steps_of_schedule']}, {card['seconds']} s"
            tell(f"{out}: {task}, {'; '.join([steps, *filter(None, [', '.join(scores)])])}")


def _start(task: Task, start: str) -> Adapter | None:
    from adapters import find_adapter

    return None if start == "none" else find_adapter(start, task.value if start == "default" else None)


def _train(
    task: Task,
    files: list[tuple[Path, float]],
    dev: Path | None,
    out: Path,
    changes: dict[str, Any],
    start: Adapter | None,
    watch: Watch,
) -> dict[str, Any]:
    quiet()
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
