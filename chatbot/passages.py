"""Passages in the order of how well they answer: what retrieval says, and what the reranker says of each one's most
telling unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.reranker.runtime import Reranker
from chatbot.units import in_place, said, units
from retrieval.document import Chunk, Passage
from retrieval.index import Index
from retrieval.text import terms

JUDGED = 20
"""How many passages are judged; those behind them stay there."""
WEIGHT = 0.04
"""What a logit of the reranker counts beside the share of the best passage's score. Chosen with `graft eval --beir` on
the two sets of the README's table: MedQuAD, where one document answers, gains much by it, and MuSiQue, where an answer
is put together from several, loses little."""


def rerank_passages(question: str, passages: Sequence[Passage], index: Index, reranker: Reranker) -> list[Passage]:
    """The passages, the first ones in their new order with their new scores, which are comparable among these only."""
    first = passages[:JUDGED]
    if not first:
        return []
    titles = index.store.titles_of({passage.chunk.document_id for passage in first})
    weights = {term: index.lexical.idf(term) for term in terms(question)}
    logits = reranker.scores(question, [most_telling(passage.chunk, weights, titles) for passage in first])
    best = first[0].score or 1.0
    scores = [
        passage.score / best + WEIGHT * float(logit - logits.max())
        for passage, logit in zip(first, logits, strict=True)
    ]
    order = sorted(range(len(first)), key=lambda row: -scores[row])
    judged = [
        Passage(first[row].chunk, scores[row], {**first[row].why, "rerank": round(float(logits[row]), 4)})
        for row in order
    ]
    return [*judged, *passages[JUDGED:]]


def most_telling(chunk: Chunk, weights: Mapping[str, float], titles: dict[str, str]) -> str:
    """The unit of a chunk that holds most of the question's terms, under its headings; a chunk without units whole.

    Args:
        weights: The question's terms with their idf.
    """
    found = units(chunk)
    if not found:
        return chunk.text
    return in_place(
        max(found, key=lambda unit: sum(weights.get(term, 0.0) for term in {*terms(said(unit)), *terms(unit.lead)})),
        titles,
    )
