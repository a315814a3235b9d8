"""What a question is answered by, settled before a word of the answer is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from adapters.labelled import OUT_OF_SCOPE
from chatbot.faq import FaqMatch
from chatbot.reply import Intent
from chatbot.search import Found
from chatbot.support import Ranked
from knowledge_graph.asking import Answer


@dataclass(frozen=True, slots=True)
class Fixed:
    """Words that a rule fixed; nothing was looked up.

    Args:
        resolved: The question, made whole by what went before it.
        intent: What routed the request here.
    """

    rule: Literal["urgent", "courtesy", "blocked", "empty", "intent"]
    text: str
    resolved: str
    intent: Intent | None = None

    @property
    def abstains(self) -> bool:
        """Whether these words are no answer."""
        return self.rule in ("blocked", "empty") or (self.intent is not None and self.intent.label == OUT_OF_SCOPE)

    @property
    def confidence(self) -> float:
        """From 0 to 1, how sure it is that these words are right."""
        return 0.0 if self.abstains else self.intent.probability if self.intent else 1.0


@dataclass(frozen=True, slots=True)
class Known:
    """An entry of the FAQ that asks the same, or that an intent leads to."""

    match: FaqMatch
    resolved: str
    found: Found
    intent: Intent | None = None


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the passages say, and how sure it is that this answers the question."""

    ranked: Ranked
    confidence: float
    resolved: str
    found: Found

    def abstains(self, below: float) -> bool:
        """Whether nothing was found, or its confidence is too low."""
        return not self.ranked.best or self.confidence < below


@dataclass(frozen=True, slots=True)
class Stated:
    """What facts that the user brought say, being surer of it than the passages are."""

    answer: Answer
    resolved: str
    found: Found


Decision = Fixed | Known | Stated | Weighed
