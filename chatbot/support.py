"""How well each unit of the passages supports an answer: the reader's view and plain features, one logistic model.

The weights are fitted by `benchmarks/fit_support.py` on public reading-comprehension data and kept in `support.json`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adapters.reader.runtime import Reader, Reading, Span
from chatbot.answer_types import fits
from chatbot.search import Found
from chatbot.units import Unit, row_as_text, units
from retrieval.index import Index
from retrieval.text import terms

FEATURES = ("span", "span_share", "cosine", "coverage", "context_coverage", "type", "rank", "score", "short", "long")
MARGIN = 10.0
"""Reader margins are clipped to ± this and scaled to ± 1."""


@dataclass(frozen=True, slots=True)
class Supported:
    """A unit with the probability that it answers.

    Args:
        features: What says so, in the order of `FEATURES`.
        answer: The short answer: the reader's span, the whole unit where there is no reader.
        answerable: Above 0 where the reader prefers the span to "no answer"; the log-odds of `score` without a reader.
    """

    unit: Unit
    score: float
    features: NDArray[np.float32]
    answer: str
    answerable: float


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic model."""

    weights: NDArray[np.float32]
    bias: float

    def probability(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities of rows of features."""
        return np.asarray(1 / (1 + np.exp(-(features @ self.weights + self.bias))), dtype=np.float32)


@lru_cache
def _fitted() -> dict[str, Logistic]:
    """`dense` for languages the encoder and the reader know, `lexical` for others."""
    data = json.loads((Path(__file__).parent / "support.json").read_text(encoding="utf8"))
    return {name: Logistic(np.array(m["weights"], dtype=np.float32), m["bias"]) for name, m in data["models"].items()}


class SupportModel:
    """Ranks units for one bot."""

    def __init__(self, reader: Reader | None) -> None:
        self.reader = reader

    @classmethod
    def load(cls, index: Index) -> SupportModel:
        """With the reader where the encoder knows the documents' language, without it elsewhere.

        Raises:
            ModelError: The reader's adapter is missing or does not fit.
        """
        return cls(Reader.load() if index.dense_weight > 0 else None)

    def rank(self, question: str, found: Found, index: Index) -> list[Supported]:
        """Every unit of the found passages, best first."""
        candidates = unique_units(found)
        if not candidates:
            return []
        spans = self.spans(question, candidates, found, index)
        features = features_of(question, candidates, spans, found, index)
        scores = _fitted()["lexical" if self.reader is None else "dense"].probability(features)
        odds = np.log(np.clip(scores, 1e-6, 1 - 1e-6) / np.clip(1 - scores, 1e-6, 1))
        ranked = []
        for row in np.argsort(-scores, kind="stable"):
            unit, span = candidates[row], spans[row]
            answer = unit.chunk.text[span.start : span.end] if span else unit.text
            answerable = span.margin if span else float(odds[row])
            ranked.append(Supported(unit, float(scores[row]), features[row], answer, answerable))
        return ranked

    def spans(self, question: str, candidates: Sequence[Unit], found: Found, index: Index) -> list[Span | None]:
        """The reader's best span in each unit; None without a reader."""
        if self.reader is None:
            return [None] * len(candidates)
        titles = index.store.titles_of({passage.chunk.document_id for passage in found.passages})
        chunks = [passage.chunk for passage in found.passages]
        headings = [" › ".join(filter(None, (titles[chunk.document_id], chunk.section))) for chunk in chunks]
        pairs = [(heading, chunk.text) for heading, chunk in zip(headings, chunks, strict=True)]
        readings: dict[str, Reading] = dict(zip((c.id for c in chunks), self.reader.read(question, pairs), strict=True))
        return [readings[u.chunk.id].best(u.start - u.chunk.start, u.end - u.chunk.start) for u in candidates]


def unique_units(found: Found) -> list[Unit]:
    """The units of the found passages; one that two overlapping chunks share counts once."""
    return list({(u.chunk.document_id, u.start): u for p in found.passages for u in units(p.chunk)}.values())


def features_of(
    question: str, candidates: Sequence[Unit], spans: Sequence[Span | None], found: Found, index: Index
) -> NDArray[np.float32]:
    """Features of units for a question, shape (len(candidates), len(FEATURES))."""
    texts = [row_as_text(unit) if unit.kind == "row" else unit.text for unit in candidates]
    titles = index.store.titles_of({unit.chunk.document_id for unit in candidates})
    knows = index.dense_weight > 0
    cosines = index.encoder.documents(texts) @ found.vector if knows else np.zeros(len(texts))
    margins = np.array([np.clip(span.margin, -MARGIN, MARGIN) / MARGIN if span else -1.0 for span in spans])
    shares = np.exp(MARGIN * (margins - margins.max()))
    shares = shares / shares.sum() if any(spans) else np.zeros(len(spans))
    wanted = {term: index.lexical.idf(term) for term in terms(question)}
    whole = sum(wanted.values()) or 1.0
    rank = {passage.chunk.id: number for number, passage in enumerate(found.passages)}
    best = found.passages[0].score or 1.0
    score = {passage.chunk.id: passage.score / best for passage in found.passages}
    rows = []
    for number, (unit, text) in enumerate(zip(candidates, texts, strict=True)):
        own = set(terms(text))
        near = own | set(terms(f"{titles[unit.chunk.document_id]} {unit.chunk.section} {unit.lead}"))
        size = len(text) if knows else 3 * len(text)
        rows.append(
            (
                margins[number] if any(spans) else 0.0,
                shares[number],
                cosines[number],
                sum(weight for term, weight in wanted.items() if term in own) / whole,
                sum(weight for term, weight in wanted.items() if term in near) / whole,
                fits(question, text),
                1 / (1 + rank[unit.chunk.id]),
                score[unit.chunk.id],
                float(size < 30),
                float(size > 300),
            )
        )
    return np.array(rows, dtype=np.float32)
