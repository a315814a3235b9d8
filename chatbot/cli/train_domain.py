"""`graft train domain`: the bundled encoder adapted to a domain's documents, without questions or labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatbot import bots
from chatbot.cli.output import counted, print_json, say, tell
from chatbot.cli.tracking import TrackOption
from chatbot.cli.training import (
    CardOption,
    OutOption,
    ResumeOption,
    check_out,
    quiet,
    readable_training,
    training_watch,
)

if TYPE_CHECKING:
    from retrieval.document import Document


def train_domain(
    docs: Annotated[str, typer.Option(metavar="FOLDER|BOT", help="A folder of documents, or a bot with its own.")],
    out: OutOption,
    resume: ResumeOption = False,
    track: TrackOption = None,
    json_: CardOption = False,
    **settings: Any,
) -> None:
    """Adapt the encoder, and write the embedder with its card."""
    with readable_training(out):
        check_out(out, resume)
        from adapters.domain.config import DomainConfig
        from retrieval.training_sentences import sentences_of

        config = DomainConfig(**settings)
        sentences = sentences_of(_documents(docs))
        quiet()
        from adapters.domain.train import train_domain as train

        data = [{"name": Path(docs).name, "sentences": len(sentences)}]
        with training_watch("domain", out, asdict(config), track) as watch:
            card = train(sentences, data, out, config, watch)
        if json_:
            print_json(card)
            return
        scores, share = card["scores"], card["trained_parameters"] / card["parameters"]
        tell(
            f"{out}: domain, {config.objective} of {counted(card['sentences'], 'sentence')}; step {card['steps']} of"
            f" {card['steps_of_schedule']}, {card['seconds']} s; {scores['dev_right']:.1%} of held-out tokens told"
            f" right; {card['trained_parameters']:,} parameters trained ({share:.1%})"
        )


def _documents(where: str) -> Iterator[Document]:
    """The documents of a folder, or of a bot; files that cannot be read are told and left out."""
    from chatbot.sources import find_sources
    from retrieval.errors import UnreadableFile
    from retrieval.loaders import discover, load, source_name

    folder = Path(where).expanduser()
    if folder.is_dir() and not (folder / "bot.yaml").exists():
        files, left = discover(["."], folder)
        skipped = dict(left)
    else:
        found = find_sources(bots.find(where).config)
        files, skipped = found.files, found.skipped
    for name, reason in skipped.items():
        say(f"not read: {name}: {reason}")
    for path, root in files:
        try:
            yield load(path, root)
        except UnreadableFile as error:
            say(f"not read: {source_name(path, root)}: {error}")
