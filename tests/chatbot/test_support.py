"""How likely the reranker takes it that some unit answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chatbot.evidence import FEATURES as OWN
from chatbot.evidence import Evidence, gather
from chatbot.grafts import Grafts, find_all
from chatbot.rerank import RERANKED, likelihoods
from chatbot.search import Found, Searcher
from chatbot.support import FEATURES, Ranked, all_features, ranked
from retrieval.document import Passage
from retrieval.encoder import Encoder
from retrieval.index import Index
from tests.conftest import MakeCorpus

ANSWERED, UNANSWERED = "What does a replacement card cost?", "How many people work in the card desk?"
STREETS = "Mill Hill Park Lake Church Bridge Garden Market River Station Castle Forest".split()
PAGES = {
    "Cards": "A replacement card costs 9 euros. Call the card desk at once to block a lost card.",
    "Branches": " ".join(
        f"The {street} Street branch opens at {number} o'clock. The {street} Street branch has a lift."
        for number, street in enumerate(STREETS, 7)
    ),
}


@pytest.fixture(scope="module")
def grafts() -> Grafts:
    return Grafts.load(find_all())


@pytest.fixture
def index(make_corpus: MakeCorpus, encoder: Encoder) -> Index:
    return make_corpus(PAGES).index(encoder)


def gathered(question: str, index: Index, grafts: Grafts) -> tuple[Evidence, np.ndarray]:
    """The evidence of all units, and how near each is to the question."""
    found = Searcher(index, None).search(question, 1)
    passages = [Passage(chunk, 1.0) for chunk in index.store.all_chunks()]
    evidence = gather(question, Found(found.vector, found.candidates, passages), index, grafts)
    assert len(evidence.units) == 26 > RERANKED
    return evidence, 20 * evidence.features[:, OWN.index("match")]


def only(evidence: Evidence, rows: list[int]) -> Evidence:
    lists = {name: [getattr(evidence, name)[row] for row in rows] for name in ("units", "own", "near", "spans")}
    return replace(evidence, features=evidence.features[rows], **lists)


def rank(evidence: Evidence, scores: np.ndarray, index: Index, grafts: Grafts) -> Ranked:
    return ranked(evidence, all_features(evidence, scores, index, grafts), scores)


@pytest.mark.parametrize("question", [ANSWERED, UNANSWERED])
def test_units_that_the_reranker_did_not_read_do_not_change_whether_any_answers(
    question: str, index: Index, grafts: Grafts
) -> None:
    evidence, scores = gathered(question, index, grafts)
    read = np.argsort(-scores, kind="stable")[:RERANKED].tolist()
    alone = rank(only(evidence, read), scores[read], index, grafts)
    assert rank(evidence, scores, index, grafts).answerable == pytest.approx(alone.answerable, abs=1e-4)


def test_a_question_that_a_unit_answers_is_likelier_answered(index: Index, grafts: Grafts) -> None:
    odds = {q: rank(*gathered(q, index, grafts), index, grafts).answerable for q in (ANSWERED, UNANSWERED)}
    assert odds[ANSWERED] > 0 > odds[UNANSWERED]


@pytest.mark.parametrize(("question", "most"), [(ANSWERED, 1.0), (UNANSWERED, 0.5)])
def test_the_likelihoods_of_the_units_read_leave_room_for_none_of_them(
    question: str, most: float, index: Index, grafts: Grafts
) -> None:
    evidence, scores = gathered(question, index, grafts)
    likely = likelihoods(evidence, scores, grafts.reranker)[:, 0].astype(float)
    order = np.argsort(-scores, kind="stable")
    read, others = likely[order[:RERANKED]], likely[order[RERANKED:]]
    assert 0 < np.exp(read).sum() < most
    assert set(others) == {read.min()}, "what was not read counts as the worst of what was"
    assert np.unique(read).size > 1


def test_without_a_reranker_the_best_score_stands_for_it(index: Index, grafts: Grafts) -> None:
    evidence, scores = gathered(ANSWERED, index, grafts)
    assert not likelihoods(evidence, scores, None).any()
    features = np.zeros((len(scores), len(FEATURES)), dtype=np.float32)
    assert ranked(evidence, features, scores).answerable == pytest.approx(float(scores.max()))
