"""Bots made ready to answer: indexed first unless their index is up to date."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from chatbot import bots
from chatbot.bots import BotSource
from chatbot.cli.output import counted, progress_bar, say

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
    from chatbot.build import outdated

    source = bots.find(source) if isinstance(source, str) else source
    if reason := outdated(source):
        say(f"{source.config.name}: {reason}; indexing it")
        manifest, seconds = build_with_bar(source, encoder)
        say(f"{source.config.name}: {counted(manifest.documents, 'document')} indexed in {seconds:.1f} s")
        for file, reason in manifest.failed.items():
            say(f"{source.config.name}: not read: {file}: {reason}")
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
    from retrieval.cluster import ClusterReader, connected
    from retrieval.reading import read_here

    def waiting() -> None:
        say(f"{source.config.name}: another process is indexing this bot; waiting for it")

    begin = time.perf_counter()
    spread = ray is not None and not is_current(source)
    with connected(ray) if ray is not None and spread else nullcontext(), progress_bar(source.config.name) as progress:
        reader = ClusterReader(source.config.retrieval.encoder) if spread else read_here
        manifest = build(source, progress, encoder, compact, waiting, reader=reader)
    return manifest, time.perf_counter() - begin
