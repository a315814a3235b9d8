"""What a sentence gains from one that leads to it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from chatbot.bridge import BRIDGES, bridges
from chatbot.evidence import Evidence, gather
from chatbot.search import Found, Searcher
from retrieval.document import Passage
from retrieval.encoder import Encoder
from retrieval.index import Index
from retrieval.text import terms
from tests.conftest import MakeCorpus

QUESTION = "Who leads the team that decides on claims?"
PAGES = {
    "Complaints": "The assessment panel is the team that decides on claims.",
    "People": "Marta Quist leads the assessment panel and its team.",
    "Choir": "Nora Lindqvist leads the choir.",
    "House": "The canteen opens at noon.",
}
STRENGTH, TOGETHER, REST = (BRIDGES.index(name) for name in ("bridge", "bridge_coverage", "bridge_rest"))
NOTHING = 1e-6


@pytest.fixture
def index(make_corpus: MakeCorpus, encoder: Encoder) -> Index:
    return make_corpus(PAGES).index(encoder)


def evidence_of(index: Index, passages: list[Passage]) -> Evidence:
    found = Searcher(index, None).search(QUESTION, 1)
    return gather(QUESTION, Found(found.vector, found.candidates, passages), index, None)


def gains(index: Index, first: str) -> dict[str, NDArray[np.float32]]:
    """What each page's sentence gains where that of the page `first` is by far the best on its own."""
    evidence = evidence_of(index, [Passage(chunk, 1.0) for chunk in index.store.all_chunks()])
    pages = [evidence.titles[unit.chunk.document_id] for unit in evidence.units]
    scores = np.array([0.0 if page == first else -20.0 for page in pages], dtype=np.float32)
    return dict(zip(pages, bridges(evidence, scores, index), strict=True))


def test_the_sentence_that_completes_the_first_one_gains_and_no_other(index: Index) -> None:
    found = gains(index, "Complaints")
    assert found["People"][STRENGTH] > 0.5
    assert found["People"][TOGETHER] == pytest.approx(found["People"][STRENGTH]), "together they cover the question"
    weights = {term: index.lexical.idf(term) for term in terms(QUESTION)}
    leads = sum(weights[term] for term in terms("leads")) / sum(weights.values())
    assert found["People"][REST] == pytest.approx(found["People"][STRENGTH] * leads), "the first one has the team"
    assert {page: float(found[page].max()) for page in PAGES if page != "People"} == {
        page: pytest.approx(0, abs=NOTHING) for page in ("Complaints", "Choir", "House")
    }


def test_words_of_the_question_are_no_bridge(index: Index) -> None:
    assert gains(index, "Choir")["People"].max() < NOTHING, "both say who leads, as the question does"


def test_a_sentence_gains_nothing_from_one_that_is_no_likely_answer(index: Index) -> None:
    assert gains(index, "House")["People"].max() < NOTHING


def test_nothing_gains_where_nothing_was_found(index: Index) -> None:
    evidence = evidence_of(index, [])
    assert bridges(evidence, np.zeros(0, dtype=np.float32), index).shape == (0, len(BRIDGES))
