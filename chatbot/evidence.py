"""What speaks for each unit of the passages: the reader's span, likeness, shared words, the passage's rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.reader.runtime import Reader, Reading, Span
from chatbot.answer_types import fits
from chatbot.grafts import Grafts
from chatbot.search import Found
from chatbot.units import Unit, distinct, in_place, place, said
from retrieval.encoder import Encoder
from retrieval.index import Index
from retrieval.text import is_cjk, terms

FEATURES = (
    "span",
    "span_share",
    "match",
    "coverage",
    "context_coverage",
    "type",
    "rank",
    "score",
    "short",
    "long",
)
MARGIN = 10.0
"""Reader margins are clipped to ± this and scaled to ± 1."""
READ = 6
"""How many passages the reader reads, those with the units nearest to the question."""
OWN_WORDS = 1.0
"""How much the user's own words weigh in a follow-up, beside the whole that they were made part of."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Units of the passages found for a question, arrays and lists in the same order.

    Args:
        question: What was searched for.
        asked: The user's own words.
        own: The index terms of each unit.
        near: Those and the terms of its headings and of what it leans on.
        wanted: The question's terms with their idf.
        spans: The reader's best span in each unit; None where it did not read.
        titles: Of the units' documents, by id.
        features: Shape (units, len(FEATURES)).
    """

    question: str
    asked: str
    units: list[Unit]
    own: list[set[str]]
    near: list[set[str]]
    wanted: dict[str, float]
    spans: list[Span | None]
    titles: dict[str, str]
    features: NDArray[np.float32]

    def coverage(self, held: set[str]) -> float:
        """Share of the question's terms, weighted by idf, that a set of terms holds."""
        whole = sum(self.wanted.values())
        return sum(weight for term, weight in self.wanted.items() if term in held) / whole if whole else 0.0


def gather(question: str, found: Found, index: Index, grafts: Grafts | None, asked: str | None = None) -> Evidence:
    """Collect the evidence for every unit of the found passages; one that two overlapping chunks share counts once.

    Args:
        question: What was searched for, a follow-up made whole.
        asked: What is read for and says which kind of answer is wanted; the user's own words where they differ.
    """
    asked = asked or question
    candidates = distinct(passage.chunk for passage in found.passages)
    titles = index.store.titles_of({passage.chunk.document_id for passage in found.passages})
    own = [set(terms(said(unit))) for unit in candidates]
    near = [
        mine | set(terms(f"{titles[unit.chunk.document_id]} {unit.chunk.section} {unit.lead}"))
        for mine, unit in zip(own, candidates, strict=True)
    ]
    wanted = {term: index.lexical.idf(term) for term in terms(question)}
    if asked != question:
        wanted |= {term: (1 + OWN_WORDS) * index.lexical.idf(term) for term in terms(asked)}
    matches = match_units(question, asked, candidates, titles, grafts.matcher if grafts else None)
    spans = read_units(asked, candidates, matches, titles, grafts.reader if grafts else None)
    empty = np.zeros((len(candidates), len(FEATURES)), dtype=np.float32)
    evidence = Evidence(question, asked, candidates, own, near, wanted, spans, titles, empty)
    if candidates:
        _fill(evidence, asked, matches, found)
    return evidence


def read_units(
    question: str,
    candidates: Sequence[Unit],
    matches: NDArray[np.float32],
    titles: dict[str, str],
    reader: Reader | None,
) -> list[Span | None]:
    """The reader's best span in each unit of the chunks with the best matches, each read whole under its headings."""
    if reader is None:
        return [None] * len(candidates)
    nearest = [candidates[row] for row in np.argsort(-matches, kind="stable")]
    chunks = list({unit.chunk.id: unit.chunk for unit in nearest}.values())[:READ]
    pairs = [(place(chunk, titles), chunk.text) for chunk in chunks]
    readings: dict[str, Reading] = dict(zip((c.id for c in chunks), reader.read(question, pairs), strict=True))
    return [
        readings[u.chunk.id].best(u.start - u.chunk.start, u.end - u.chunk.start) if u.chunk.id in readings else None
        for u in candidates
    ]


def match_units(
    question: str, asked: str, candidates: Sequence[Unit], titles: dict[str, str], matcher: Encoder | None
) -> NDArray[np.float32]:
    """The cosine of each unit under its headings with the question, shape (units,)."""
    if matcher is None or not candidates:
        return np.zeros(len(candidates), dtype=np.float32)
    wanted = matcher.query(question)
    if asked != question:
        wanted = wanted + OWN_WORDS * matcher.query(asked)
        wanted = wanted / max(float(np.linalg.norm(wanted)), 1e-9)
    return matcher.sentences([in_place(unit, titles) for unit in candidates]) @ wanted


def _fill(evidence: Evidence, question: str, matches: NDArray[np.float32], found: Found) -> None:
    read = any(evidence.spans)
    margins = np.array([np.clip(s.margin, -MARGIN, MARGIN) / MARGIN if s else -1.0 for s in evidence.spans])
    shares = np.exp(MARGIN * (margins - margins.max()))
    rank = {passage.chunk.id: number for number, passage in enumerate(found.passages)}
    best = found.passages[0].score or 1.0
    score = {passage.chunk.id: passage.score / best for passage in found.passages}
    for row, unit in enumerate(evidence.units):
        text = said(unit)
        size = 3 * len(text) if is_cjk(text) else len(text)
        evidence.features[row] = (
            margins[row] if read else 0.0,
            shares[row] / shares.sum() if read else 0.0,
            matches[row],
            evidence.coverage(evidence.own[row]),
            evidence.coverage(evidence.near[row]),
            fits(question, text),
            1 / (1 + rank[unit.chunk.id]),
            score[unit.chunk.id],
            float(size < 30),
            float(size > 300),
        )
