"""What explains an answer, and the plain words for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from adapters.reader.attribution import Attribution, Word
from knowledge_graph import Fact
from retrieval.splitter import PATH_SEPARATOR

RANKERS = {"dense": "meaning", "lexical": "words", "graph": "graph", "rerank": "reranker"}
"""What each ranker goes by, in plain words."""
SHOWN = 5
"""How many passages, and how many signals, are shown; the JSON form has them all."""
FAINT = 0.1
"""Words of a passage that weigh less than this are not shown."""

REASONS = {
    "urgent": "An urgent message: its fixed answer comes before anything else, and nothing was looked up.",
    "courtesy": "A greeting or thanks: nothing was looked up.",
    "blocked": "A blocked topic: it is declined, and nothing was looked up.",
    "empty": "There is no question, or no document to answer it from.",
    "intent": "The request is told to be “{intent}”, which bot.yaml routes to these words.",
    "faq": "An entry of the FAQ asks the same, so its answer is given word for word.",
    "facts": "Facts that were brought to the graph answer it, and more surely than the documents do.",
    "unsure": "Nothing in the documents is sure enough to be the answer; this came nearest.",
    "documents": "Taken from the documents: of all sentences found, this one answers best.",
    "model": "A language model wrote the answer from the passages; this sentence supports one best.",
}
"""What each rule means, in plain words."""
SIGNALS = {
    "span": "The reader finds an answer in it",
    "span_share": "The reader prefers it to other sentences",
    "match": "Closeness in meaning",
    "coverage": "Words it shares with the question",
    "context_coverage": "Words that it and its headings share",
    "type": "Kind of thing that was asked for",
    "rank": "Rank of its passage",
    "score": "Search score of its passage",
    "short": "Very short",
    "long": "Long",
    "bridge": "Another sentence leads to it",
    "bridge_coverage": "Together with that one, shared words",
    "bridge_rest": "Says what that one leaves open",
    "bridge_type": "Together with that one, kind of thing asked for",
    "bridge_span": "Together with that one, the reader's answer",
    "rerank": "The reranker takes it for the answer",
}
"""What each feature of `FEATURES` means, in plain words."""
NOT_READ = "The reader does not know the language of the documents, so words are not weighed."


@dataclass(frozen=True, slots=True)
class Answer:
    """The best unit, `document.text[start:end] == quote`; only a text where a rule fixed it.

    Args:
        text: The reader's span; the whole unit where it did not read; what a rule says.
    """

    text: str
    quote: str = ""
    document: str = ""
    title: str = ""
    section: str = ""
    start: int = 0
    end: int = 0

    @property
    def place(self) -> str:
        """Its document's title and its section."""
        return placed(self.title, self.section)


@dataclass(frozen=True, slots=True)
class Stop:
    """A passage on a route.

    Args:
        entity: What led there: named by the stop before or, at the first, by the question; empty where the question
            names nothing of the passage, a first hit by its words or meaning alone.
        chunk: The passage's id.
    """

    entity: str
    chunk: str
    document: str
    title: str
    section: str

    @property
    def place(self) -> str:
        """Its document's title and its section."""
        return placed(self.title, self.section)


@dataclass(frozen=True, slots=True)
class Route:
    """By which way the graph led from the question to a passage, which is the last stop.

    Args:
        share: How much of what the graph adds to the passage's score comes by this way, of all ways the one that adds
            most.
        before: The passage's place in the ranking without the graph; None where it is not found without it.
        after: Its place with the graph.
    """

    stops: list[Stop]
    share: float
    before: int | None
    after: int

    def __str__(self) -> str:
        """In words: `question names “Silver Tide” → Silver Tide names “Oona Kestrel” → this passage`."""
        parts = ["question"]
        for stop in self.stops:
            parts[-1] += f" names “{stop.entity}”" if stop.entity else ""
            parts.append(stop.place)
        if self.before is None:
            rise = " (not found without the graph)"
        else:
            rise = f" (place {self.after}, without the graph {self.before})" if self.after < self.before else ""
        return f"{' → '.join(parts[:-1])} → this passage{rise}"


@dataclass(frozen=True, slots=True)
class Share:
    """A passage that was found.

    Args:
        why: How well each ranker liked it: `dense`, `lexical`, `graph`.
        contribution: How likely the answer is one of its units, of all units found; the passages' sum is 1.
        route: How the graph led to it; None where the graph adds nothing to its score.
    """

    document: str
    title: str
    section: str
    why: dict[str, float]
    contribution: float
    route: Route | None = None

    @property
    def place(self) -> str:
        """Its document's title and its section."""
        return placed(self.title, self.section)


@dataclass(frozen=True, slots=True)
class Signal:
    """A feature of the best unit.

    Args:
        name: Of `FEATURES`; `SIGNALS` says what it means.
        contribution: What it adds to the unit's log-odds, over the mean of the other units.
    """

    name: str
    contribution: float


@dataclass(frozen=True)
class Explanation:
    """Why a question is answered as it is.

    Args:
        resolved: The question, made whole by what went before it.
        rule: A key of `REASONS`: what settled the answer.
        threshold: The least confidence of an answer; None where a rule fixed it.
        words: Of the question, and the strongest of the best unit's passage, whose offsets are into the document.
        note: Why there are no words, where there are none.
        signals: The largest first.
        intent: What the request was told to be, where that settled the answer.
        entities: What the question names of the graph.
        path: The facts that lead from one of them to what the answer names.
    """

    question: str
    resolved: str
    rule: str
    abstained: bool
    confidence: float
    threshold: float | None = None
    answer: Answer | None = None
    words: Attribution = field(default_factory=Attribution)
    note: str = ""
    passages: list[Share] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    intent: str = ""
    entities: list[str] = field(default_factory=list)
    path: list[Fact] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """What settled the answer, in plain words."""
        return REASONS[self.rule].format(intent=self.intent)

    @property
    def sureness(self) -> str:
        """How sure it is, and how sure it has to be; empty where a rule fixed the answer."""
        needed = self.threshold
        if needed is None:
            return ""
        digits = 0 if f"{self.confidence:.0%}" != f"{needed:.0%}" else 1
        return f"Confidence {self.confidence:.{digits}%}; an answer needs {needed:.{digits}%}."

    @property
    def strong_words(self) -> list[Word]:
        """The words of the passage that are worth showing."""
        return [word for word in self.words.passage if abs(word.weight) >= FAINT]

    @property
    def likeliest_passages(self) -> list[Share]:
        """The passages that are shown, the likeliest first."""
        return self.passages[:SHOWN]

    @property
    def strongest_signals(self) -> list[Signal]:
        """The signals that are shown, for or against, the strongest first."""
        return sorted(self.signals, key=lambda signal: -abs(signal.contribution))[:SHOWN]

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form, numbers rounded to four places."""
        plain: dict[str, Any] = _rounded({**asdict(self), "reason": self.reason})
        return plain


def placed(title: str, section: str) -> str:
    """A document's title and a section of it, outermost first."""
    return PATH_SEPARATOR.join(filter(None, (title, section)))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    return [_rounded(entry) for entry in value] if isinstance(value, Iterable) and not isinstance(value, str) else value
