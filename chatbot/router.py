"""Intents: a request that a classifier knows goes where `routes` of bot.yaml says, before anything is looked up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters import Adapter, find_adapter, locate
from adapters.backbone import Backbone
from adapters.classifier.head import Head
from adapters.classifier.runtime import Classifier
from adapters.labelled import OUT_OF_SCOPE
from chatbot.config import BotConfig, Route
from chatbot.lazy import Lazy
from chatbot.reply import Intent
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.store import FaqEntry


@dataclass(frozen=True, slots=True)
class Routed:
    """Where a request goes.

    Args:
        text: What is said; empty where an entry of the FAQ is the answer.
    """

    intent: Intent
    text: str
    entry: FaqEntry | None


class Router:
    """Tells the intents of requests; safe to share between threads.

    Args:
        routes: By intent.
        encoder: The bot's, used where the classifier's is the same; otherwise that is loaded when first needed.
        entries: The FAQ's.

    Raises:
        ModelError: The adapter is damaged.
        GraftError: A route is of an intent that the adapter does not know, or names a question the FAQ has not.
    """

    def __init__(
        self, routes: Mapping[str, Route], adapter: Adapter, encoder: Encoder, entries: Sequence[FaqEntry]
    ) -> None:
        def shared(base: str) -> Backbone | None:
            same = base == adapter.card.get("base") and locate(base).fingerprint == encoder.fingerprint
            return encoder.backbone if same else None

        self._classifier = Lazy(lambda: Classifier(adapter, shared))
        self._routes = routes
        self._entries = {entry.question.strip(): entry for entry in entries}
        known = (*Head.load(adapter.path).labels, OUT_OF_SCOPE)
        for label, route in routes.items():
            if label not in known:
                raise GraftError(f"routes.{label}: no intent of {adapter.path}; it knows: {', '.join(known)}")
            if route.faq and route.faq.strip() not in self._entries:
                raise GraftError(f"routes.{label}.faq: no question of the FAQ: {route.faq}")

    def route(self, request: str) -> Routed | None:
        """Where a request goes; None where `routes` says nothing of its intent, or the intent is not sure enough."""
        told = self._classifier.get().tell([request])[0]
        label, probability = (told.label, told.probability) if told.in_scope else (OUT_OF_SCOPE, 1.0)
        route = self._routes.get(label)
        if route is None or probability < route.above:
            return None
        intent = Intent(label, probability, escalated=bool(route.escalate))
        return Routed(intent, route.say or route.escalate or "", self._entries.get((route.faq or "").strip()))


def intent_adapter(config: BotConfig) -> Adapter | None:
    """The classifier of a bot's requests, where it has one and routes for what it tells.

    Raises:
        ModelError: It is missing or does not fit.
    """
    named = config.adapter_folders.intent
    return find_adapter(named, "classifier") if named and config.routes else None
