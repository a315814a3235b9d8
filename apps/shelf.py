"""The bots an application serves: built when needed, opened once, and sharing their encoders."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.build import build, is_current
from chatbot.cli.output import progress_bar, say
from chatbot.config_file import ConfigError
from retrieval.encoder import Encoder


class Shelf:
    """Opened bots by name, in the order given; read-only afterwards, so safe to share between threads.

    Args:
        bots: At least one.
    """

    def __init__(self, bots: Sequence[Bot]) -> None:
        self._bots = {bot.config.name: bot for bot in bots}

    @classmethod
    def open(cls, sources: Sequence[BotSource]) -> Shelf:
        """Open bots, indexing first those whose documents or settings have changed.

        Raises:
            ConfigError: Two bots have the same name.
            GraftError: A bot cannot be built or opened.
            ModelError: An encoder cannot be loaded.
        """
        names = [source.config.name for source in sources]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"two bots are named {name!r}; give one of them another `name` in its bot.yaml")
        encoders: dict[str, Encoder] = {}
        bots = []
        for source in sources:
            wanted = source.config.retrieval.encoder
            if wanted not in encoders:
                encoders[wanted] = Encoder.load(wanted)
            make_current(source, encoders[wanted])
            bot = Bot.open(source, encoders[wanted])
            bot.sessions  # noqa: B018  opened here, so that a folder that cannot be written to is known at the start
            bots.append(bot)
        return cls(bots)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Title and name of every bot."""
        return [(bot.config.display_title, name) for name, bot in self._bots.items()]

    def get(self, name: object) -> Bot:
        """The bot of a name; the first bot for a name that is not on the shelf."""
        return self._bots.get(str(name)) or next(iter(self._bots.values()))


def make_current(source: BotSource, encoder: Encoder) -> None:
    """Index a bot unless its index is up to date, with a progress bar or, where stderr is no terminal, plain lines."""
    if is_current(source):
        return
    name = source.config.name
    if not sys.stderr.isatty():
        say(f"{name}: indexing")
    with progress_bar(name) as progress:
        manifest = build(source, progress, encoder)
    say(f"{name}: {manifest.documents} documents, {manifest.chunks} chunks indexed")
    for file, reason in manifest.failed.items():
        say(f"{name}: not read: {file}: {reason}")
