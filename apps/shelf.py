"""The bots an application serves: built when needed, opened once, and sharing their encoders."""

from __future__ import annotations

from collections.abc import Sequence

from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.cli.opening import open_bot
from chatbot.config_file import ConfigError
from chatbot.encoders import encoder_fingerprint, encoder_of
from retrieval.encoder import Encoder


class Shelf:
    """Opened bots by name, in the order given, each over the index that is in use; safe to share between threads.

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
            wanted = encoder_fingerprint(source.config)
            if wanted not in encoders:
                encoders[wanted] = encoder_of(source.config)
            bot = open_bot(source, encoders[wanted])
            bot.sessions  # noqa: B018  opened here, so that a folder that cannot be written to is known at the start
            bots.append(bot)
        return cls(bots)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Title and name of every bot."""
        return [(bot.config.display_title, name) for name, bot in self._bots.items()]

    def get(self, name: object) -> Bot:
        """The bot of a name; the first bot for a name that is not on the shelf."""
        known = str(name) if str(name) in self._bots else next(iter(self._bots))
        self._bots[known] = self._bots[known].current()
        return self._bots[known]
