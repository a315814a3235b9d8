"""A bot without what was trained for it, to tell what that is worth."""

from __future__ import annotations

from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.config import Adapters
from retrieval.errors import GraftError


def plain(bot: Bot) -> Bot:
    """The same bot over the same index, and so with its embedder, without other adapters of its own and without routes.

    Raises:
        GraftError: It has none.
    """
    config = bot.config
    without = config.model_copy(
        update={
            "adapters": Adapters(embedder=config.adapters.embedder),
            "routes": {},
            "generator": config.generator.model_copy(update={"adapter": None}),
        }
    )
    if without == config:
        raise GraftError(f"{config.name} has neither adapters of its own nor routes: there is no before")
    return Bot.open(BotSource(without, bot.home), bot.index.encoder)
