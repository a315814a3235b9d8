"""The evidence for units of passages that overlap."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.evidence import FEATURES, Evidence, gather
from chatbot.search import Found, Searcher
from retrieval.document import Document, Passage
from retrieval.encoder import Encoder
from retrieval.index import Index
from retrieval.splitter import split
from tests.chatbot.test_units import TEXT

QUESTION = "What does a new card cost?"
SHARED = "A new card costs nine euros."
RANK, SCORE = FEATURES.index("rank"), FEATURES.index("score")


@pytest.fixture
def index(encoder: Encoder, tmp_path: Path) -> Index:
    """Two overlapping chunks of one document, and one of another."""
    pages = [Document("0.md", "Cards", TEXT, "0.md"), Document("1.md", "House", "The canteen opens at noon.", "1.md")]
    return Index.build(tmp_path, pages, [chunk for page in pages for chunk in split(page, 18, 6)], encoder)


def gathered(index: Index, order: list[int], scores: list[float]) -> Evidence:
    """The evidence where the chunks of an index were found in this order, with these scores."""
    found = Searcher(index, None).search(QUESTION, 10)
    chunks = index.store.all_chunks()
    passages = [Passage(chunks[place], score) for place, score in zip(order, scores, strict=True)]
    return gather(QUESTION, Found(found.vector, found.candidates, passages), index, None)


@pytest.mark.parametrize("order", [[0, 2, 1], [1, 2, 0]])
def test_a_unit_of_two_passages_has_the_rank_and_score_of_the_better_one(index: Index, order: list[int]) -> None:
    evidence = gathered(index, order, [4.0, 2.0, 1.0])
    (row,) = (row for row, unit in enumerate(evidence.units) if unit.text == SHARED)
    assert evidence.features[row, [RANK, SCORE]].tolist() == [1.0, 1.0]
    assert len(evidence.units) == 6
    last = [row for row, unit in enumerate(evidence.units) if unit.chunk.id == f"0.md#{order[2]}"]
    assert last and evidence.features[last, RANK] == pytest.approx(1 / 3)
    assert evidence.features[last, SCORE] == pytest.approx(0.25)
