"""Bots made ready to answer: indexed first unless their index is up to date."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING

from chatbot import bots
from chatbot.bots import BotSource
from chatbot.cli.output import counted, print_json, progress_bar, say, tell

if TYPE_CHECKING:
    from chatbot.bot import Bot
    from chatbot.home import Manifest
    from retrieval.encoder import Encoder


def open_bot(source: BotSource | str, encoder: Encoder | None = None) -> Bot:
    """Open a bot, indexing it first unless its index is up to date.

    Args:
        source: A bot, or what a user calls it.

    Raises:
        GraftError: The bot is not found, or cannot be built or opened.
        ModelError: The encoder cannot be loaded.
    """
    from chatbot.bot import Bot
    from chatbot.build import CHANGED, outdated
    from chatbot.home import CannotBuild, NothingToIndex

    source = bots.find(source) if isinstance(source, str) else source
    if reason := outdated(source):
        say(f"{source.config.name}: {reason}; indexing it")
        try:
            manifest, seconds = build_with_bar(source, encoder)
            say(f"{source.config.name}: {counted(manifest.documents, 'document')} indexed in {seconds:.1f} s")
            for file, failure in manifest.failed.items():
                say(f"{source.config.name}: not read: {file}: {failure}")
        except (CannotBuild, NothingToIndex) as error:
            if reason != CHANGED:
                raise
            say(f"{source.config.name}: {error}; it answers from the index as it was")
    bot = Bot.open(source, encoder)
    if bot.threshold.outdated:
        say(f"{bot.config.name}: its threshold is {bot.threshold.origin}; run: graft eval BOT --calibrate")
    return bot


def build_with_bar(
    source: BotSource, encoder: Encoder | None = None, compact: bool = False, ray: str | None = None
) -> tuple[Manifest, float]:
    """Index a bot with a progress bar; returns the manifest and the seconds it took.

    Args:
        ray: Address of a Ray cluster that does the work, if there is any; see `connected`.
    """
    from chatbot.build import build, is_current
    from chatbot.encoders import embedder_of
    from retrieval.cluster import ClusterReader, connected
    from retrieval.reading import read_here

    def waiting() -> None:
        say(f"{source.config.name}: another process is indexing this bot; waiting for it")

    begin = time.perf_counter()
    spread = ray is not None and not is_current(source)
    with connected(ray) if ray is not None and spread else nullcontext(), progress_bar(source.config.name) as progress:
        reader = ClusterReader(source.config.retrieval.encoder, embedder_of(source.config)) if spread else read_here
        manifest = build(source, progress, encoder, compact, waiting, reader=reader)
    return manifest, time.perf_counter() - begin


def show_planned(source: BotSource, as_json: bool) -> None:
    """Print what indexing a bot would do.

    Raises:
        GraftError: Its sources are not found.
    """
    from chatbot.planned import planned

    plan = planned(source)
    if as_json:
        print_json(asdict(plan))
        return
    tell(f"would read {counted(plan.documents, 'document')} with {counted(plan.chunks, 'chunk')}")
    if source.config.graph.extractor == "llm":
        tokens = "some {:,} tokens to read and {:,} to write".format(*plan.tokens)
        tell(f"would ask {source.config.generator.model} about {counted(plan.asked, 'chunk')}: {tokens}")
