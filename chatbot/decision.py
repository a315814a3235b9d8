"""What a question is answered by, settled before a word of the answer is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chatbot.faq import FaqMatch
from chatbot.search import Found
from chatbot.support import Ranked
from knowledge_graph.asking import Answer


@dataclass(frozen=True, slots=True)
class Fixed:
    """Words that a rule fixed; nothing was looked up.

    Args:
        resolved: The question, made whole by what went before it.
    """

    rule: Literal["urgent", "courtesy", "blocked", "empty"]
    text: str
    resolved: str

    @property
    def abstains(self) -> bool:
        """Whether these words are no answer."""
        return self.rule in ("blocked", "empty")


@dataclass(frozen=True, slots=True)
class Known:
    """An entry of the FAQ that asks the same."""

    match: FaqMatch
    resolved: str
    found: Found


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
