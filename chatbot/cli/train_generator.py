"""`graft train generator` and `soft-prompt`: adapters of a causal language model, from chats."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.generation.config import ChatConfig
from chatbot.cli.output import print_json, say, tell
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


def train_generator(
    method: type[ChatConfig],
    data: Annotated[
        list[str],
        typer.Option(
            metavar="PATH[:TIMES]",
            help="Chats: .jsonl, each line an object with messages, a list of {role, content}, or question and answer."
            " TIMES is how often they are used, 0.3 for a random part.",
        ),
    ],
    base: Annotated[str, typer.Option(help="A folder, or the Hugging Face name, of a causal language model.")],
    out: OutOption,
    dev: Annotated[Path | None, typer.Option(help="Chats that decide; else a part of the data is put aside.")] = None,
    resume: ResumeOption = False,
    track: TrackOption = None,
    json_: CardOption = False,
    **settings: Any,
) -> None:
    """Train an adapter, and write it with its card."""
    with readable_training(out, "a lower --length, or --recompute,"):
        files = data_files(data)
        check_files(dev)
        check_out(out, resume)
        config = method(**settings)
        from adapters.generation.data import read_chats

        chats = read_chats(files, dev, config.seed)
        if not chats.dev:
            say("too few chats to put some aside: nothing decides when to stop")
        quiet()
        from adapters.generation.train import train_generator as train

        with training_watch(config.title, out, asdict(config), track) as watch:
            found = train(chats, base, out, config, watch, lambda finding: say(f"data: {finding.kind}: {finding.text}"))
        if json_:
            print_json(found)
            return
        scores = found["scores"]
        said = [f"step {found['steps']} of {found['steps_of_schedule']}, {found['seconds']} s"]
        if scores:
            said.append(f"perplexity {scores['perplexity_before']:.2f} before, {scores['perplexity']:.2f} after")
        share = found["trained_parameters"] / found["parameters"]
        said.append(f"{found['trained_parameters']:,} parameters trained ({share:.1%})")
        tell(f"{out}: {config.title}, {'; '.join(said)}")
