"""FAQ entries: a question close enough to one of them is answered with its words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.document import Document
from retrieval.index import Index
from retrieval.store import FaqEntry
from retrieval.text import terms

CLOSE = 0.84
"""Least likeness of question and entry."""


@dataclass(frozen=True, slots=True)
class FaqMatch:
    """An entry, the document that it is of, and how alike its question is, from 0 to 1."""

    entry: FaqEntry
    document: Document
    likeness: float

    @property
    def answer(self) -> str:
        """The entry's answer, word for word."""
        return self.document.text[self.entry.start : self.entry.end]


def match(question: str, vector: NDArray[np.float32], index: Index, entries: list[FaqEntry]) -> FaqMatch | None:
    """The entry that asks the same, or None.

    Likeness is the cosine of the two questions where the encoder knows the language, less a part of what their words
    disagree on, so that "block a card" is not "unblock a card"; elsewhere it is the overlap of their terms.
    """
    if not entries:
        return None
    overlaps = np.array([_overlap(question, entry.question, index) for entry in entries])
    knows = index.dense_weight > 0
    likeness = np.minimum(index.faq_vectors @ vector, 0.75 + 0.25 * overlaps) if knows else overlaps
    best = int(np.argmax(likeness))
    if likeness[best] < CLOSE:
        return None
    return matched(entries[best], index, float(likeness[best]))


def matched(entry: FaqEntry, index: Index, likeness: float) -> FaqMatch:
    """An entry with its document."""
    document = index.store.document(entry.document_id)
    assert document is not None
    return FaqMatch(entry, document, likeness)


def _overlap(first: str, second: str, index: Index) -> float:
    """Weight of the shared terms over the weight of all terms of both questions."""
    one, other = set(terms(first)), set(terms(second))
    whole = sum(index.lexical.idf(term) for term in one | other)
    return sum(index.lexical.idf(term) for term in one & other) / whole if whole else 0.0
