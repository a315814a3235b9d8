"""The walk over the graph finds what a question needs but does not name."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.encoder import Encoder
from tests.conftest import Corpus, MakeCorpus
from tests.knowledge_graph.films import FILMS
from tests.retrieval.corpora import CHINESE


def searched(corpus: Corpus, encoder: Encoder, question: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fused scores and cosines of every chunk."""
    index = corpus.index(encoder)
    found = index.candidates(question)
    fused, cosines = np.zeros((2, len(corpus.chunks)), dtype=np.float32)
    fused[found.positions], cosines[found.positions] = index.fused(found), found.dense
    return fused, cosines


@pytest.mark.parametrize(
    ("film", "director"),
    [("Silver Tide", "Oona Kestrel"), ("Glass Orchard", "Bruno Halvard"), ("Paper Lanterns", "Ines Quarry")],
)
def test_the_second_passage_of_a_chain_is_found(
    make_corpus: MakeCorpus, encoder: Encoder, film: str, director: str
) -> None:
    corpus = make_corpus(FILMS)
    fused, cosines = searched(corpus, encoder, question := f"In which town was the director of {film} born?")
    wanted = list(FILMS).index(director)
    ranking = corpus.ranker.rank(question, fused, cosines)
    before = int((fused > fused[wanted]).sum())
    after = int((ranking.total > ranking.total[wanted]).sum())
    assert before >= 4 and after <= before - 2
    assert ranking.walk[wanted] > 0
    assert int(ranking.total.argmax()) == list(FILMS).index(film)


def test_entities_of_a_question_longest_first(make_corpus: MakeCorpus) -> None:
    corpus = make_corpus(FILMS)
    numbers = {label: number for number, label in corpus.store.rows("SELECT id, label FROM nodes")}
    assert corpus.ranker.entities("was oona kestrel in Varnholm?") == [numbers["Oona Kestrel"], numbers["Varnholm"]]
    chinese = make_corpus(CHINESE, "zh", [("ATM机", "支持", "支票")])
    labels = dict(chinese.store.rows("SELECT id, label FROM nodes"))
    assert {labels[n] for n in chinese.ranker.entities("ATM机能存支票吗？")} >= {"ATM机", "支票"}


@pytest.mark.parametrize(
    "question",
    [
        "",
        "?",
        "What is it?",
        "zebra",
        "🙂" * 100,
        "a" * 100_000,
        "word " * 3_000,
        "丢" * 3_000,
        "'; DROP TABLE nodes; --",
        ".*([",
    ],
)
def test_a_question_about_nothing_known_changes_no_link(make_corpus: MakeCorpus, question: str) -> None:
    corpus = make_corpus(FILMS)
    nothing = np.zeros(len(corpus.chunks), dtype=np.float32)
    assert corpus.ranker.entities(question) == []
    ranking = corpus.ranker.rank(question, nothing, nothing)
    assert not ranking.total.any() and not ranking.walk.any()


def test_scores_add_up_and_the_better_hit_stays_ahead(make_corpus: MakeCorpus) -> None:
    corpus = make_corpus(FILMS)
    fused = np.zeros(len(corpus.chunks), dtype=np.float32)
    fused[[4, 9]] = 0.9, 0.1
    ranking = corpus.ranker.rank("zebra", fused, fused)
    np.testing.assert_allclose(ranking.total, fused + 0.3 * ranking.link + 0.25 * ranking.walk, atol=1e-6)
    assert int(ranking.total.argmax()) == 4
    assert ranking.walk.min() >= 0 and ranking.walk.max() <= 1
