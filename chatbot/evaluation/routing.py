"""Where a bot's routes send labelled requests, measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.labelled import Labelled, read_labelled
from chatbot.bot import Bot, cleaned
from chatbot.evaluation.metrics import mean
from retrieval.errors import GraftError


def read_requests(bot: Bot, path: Path) -> list[Labelled]:
    """Requests with their intents, as `adapters.labelled.read_labelled` reads them.

    Raises:
        GraftError: The bot has no routes.
        DataError: The file cannot be read.
    """
    if bot.router is None:
        raise GraftError(f"{bot.config.name} has no routes, so nothing can be told of intents")
    return read_labelled(path)


def measure_routing(bot: Bot, requests: Sequence[Labelled]) -> dict[str, Any]:
    """Route requests, and compare with their labels.

    Returns:
        `routed`, the share of all that went somewhere; `precision`, the share of these that belonged there; `recall`,
        the share of the requests of a routed intent that went where they belonged; and where others went, by counts.
    """
    assert bot.router is not None
    routed = [bot.router.route(cleaned(request.text)) for request in requests]
    to = [found.intent.label if found else None for found in routed]
    right = [label == request.label for label, request in zip(to, requests, strict=True)]
    went = [good for good, label in zip(right, to, strict=True) if label is not None]
    belong = [good for good, request in zip(right, requests, strict=True) if request.label in bot.config.routes]
    return {
        "requests": len(requests),
        "routed": mean([label is not None for label in to]),
        "precision": mean(went),
        "recall": mean(belong),
        "wrong": [
            {"request": request.text, "intent": request.label, "went": label or "nowhere"}
            for request, label in zip(requests, to, strict=True)
            if label != request.label and (label or request.label in bot.config.routes)
        ],
    }
