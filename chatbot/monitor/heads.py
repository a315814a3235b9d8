"""What a news item is: its sentiment and topic, as far as the heads are sure of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.backbone import Backbone
from adapters.classifier.head import Told
from adapters.classifier.runtime import Classifier, encoder_key
from adapters.registry import find_adapter
from chatbot.config import BotConfig, Monitor
from chatbot.monitor.detector import OVERALL
from chatbot.monitor.news import By, Item
from retrieval.errors import GraftError


@dataclass(frozen=True, slots=True)
class Judged:
    """An item and what it is.

    Args:
        sentiment: What the head tells, sure or not.
        probability: Of this sentiment.
        sure: Whether the item is in the head's scope and the probability high enough.
        topic: `OVERALL` where there is no head for it, or it is not sure.
    """

    item: Item
    sentiment: str
    probability: float
    sure: bool
    topic: str = OVERALL


def settings_of(config: BotConfig, by: By | None = None) -> Monitor:
    """A bot's `monitor:`.

    Args:
        by: In place of what it says; a baseline of so many days then says nothing of hours.

    Raises:
        GraftError: There is none.
    """
    if config.monitor is None:
        raise GraftError(f"{config.name} watches no news: its bot.yaml has no `monitor:`")
    if by in (None, config.monitor.by):
        return config.monitor
    return config.monitor.model_copy(update={"by": by, "baseline": None})


class Heads:
    """The classifiers that a bot's `monitor:` names.

    Args:
        backbone: See `Classifier`.

    Raises:
        GraftError: The bot has no `monitor:`, or its sentiment head does not know the label that counts.
        ModelError: An adapter is missing or damaged.
    """

    def __init__(self, config: BotConfig, backbone: Callable[[str], Backbone | None] = lambda key: None) -> None:
        settings = settings_of(config)
        self._sure, self.negative = settings.sure, settings.negative
        self._sentiment = _classifier(config, settings.sentiment, backbone)
        labels = self._sentiment.head.labels
        if self.negative not in labels:
            raise GraftError(f"monitor.negative must be one of {', '.join(labels)}, got {self.negative!r}")

        def shared(key: str) -> Backbone | None:
            return self._sentiment.backbone if key == encoder_key(self._sentiment.adapter) else backbone(key)

        self._topic = _classifier(config, settings.topic, shared) if settings.topic else None

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that are told apart, perhaps none."""
        return self._topic.head.labels if self._topic else ()

    def judge(self, items: Sequence[Item]) -> list[Judged]:
        """What items are."""
        texts = [item.text for item in items]
        vectors = self._sentiment.vectors(texts)
        topics = [OVERALL] * len(items)
        if self._topic:
            same = self._topic.backbone is self._sentiment.backbone
            told = self._topic.head.tell(vectors if same else self._topic.vectors(texts))
            topics = [topic.label if self._is_sure(topic) else OVERALL for topic in told]
        return [
            Judged(item, told.label, told.probability, self._is_sure(told), topic)
            for item, told, topic in zip(items, self._sentiment.head.tell(vectors), topics, strict=True)
        ]

    def _is_sure(self, told: Told) -> bool:
        return told.in_scope and told.probability >= self._sure


def _classifier(config: BotConfig, folder: str, backbone: Callable[[str], Backbone | None]) -> Classifier:
    return Classifier(find_adapter(str(config.path(folder)), "classifier"), backbone)
