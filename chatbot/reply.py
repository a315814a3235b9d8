"""What a turn returns: the text, what it rests on, how sure it is, and how it came about."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from knowledge_graph import Fact
from retrieval.document import Passage


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in a document: `document.text[start:end] == quote`.

    Args:
        document: The document's id.
    """

    document: str
    source: str
    section: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Intent:
    """What a request is, as a classifier tells it.

    Args:
        escalated: People are to see it.
    """

    label: str
    probability: float
    escalated: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a turn and the milliseconds it took."""

    step: str
    ms: float


class Trace(list[Step]):
    """The steps of a turn, in order."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.append(Step(name, round((time.perf_counter() - begin) * 1000, 2)))


@dataclass(frozen=True)
class Reply:
    """One answer.

    Args:
        citations: In the order of their numbers in the text, `[1]` first.
        confidence: From 0 to 1, how likely the answer is right.
        passages: What was retrieved, best first; not part of the JSON form.
        topics: With an abstention, the nearest things the bot can help with.
        disclaimer: Shown under the text.
        error: The provider failed; the text says how.
        intent: What the request was told to be, where that settled the reply.
    """

    text: str
    citations: list[Citation] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    confidence: float = 0.0
    abstained: bool = False
    trace: list[Step] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    disclaimer: str | None = None
    error: bool = False
    intent: Intent | None = None

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form; `intent` only where one settled the reply."""
        plain: dict[str, Any] = {
            "text": self.text,
            "citations": [asdict(citation) for citation in self.citations],
            "facts": [{**asdict(fact), "provenance": list(fact.provenance)} for fact in self.facts],
            "confidence": round(self.confidence, 4),
            "abstained": self.abstained,
            "trace": [asdict(step) for step in self.trace],
        }
        if self.intent:
            plain["intent"] = {**asdict(self.intent), "probability": round(self.intent.probability, 4)}
        return plain
