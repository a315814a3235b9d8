"""The walk over the graph finds what a question needs but does not name."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge_graph.rank import Ranking
from knowledge_graph.store import load_matrix
from retrieval.encoder import Encoder
from retrieval.fusion import Candidates
from tests.conftest import Corpus, MakeCorpus
from tests.knowledge_graph.films import FILMS
from tests.retrieval.corpora import CHINESE

NOTHING = np.empty(0, np.float32)


def searched(corpus: Corpus, encoder: Encoder, question: str) -> tuple[Candidates, NDArray[np.float32]]:
    """What retrieval finds, and its fused scores."""
    index = corpus.index(encoder)
    found = index.candidates(question)
    return found, index.fused(found)


def at(ranking: Ranking, position: int) -> int:
    return ranking.positions.tolist().index(position)


@pytest.mark.parametrize(
    ("film", "director"),
    [("Silver Tide", "Oona Kestrel"), ("Glass Orchard", "Bruno Halvard"), ("Paper Lanterns", "Ines Quarry")],
)
def test_the_second_passage_of_a_chain_is_found(
    make_corpus: MakeCorpus, encoder: Encoder, film: str, director: str
) -> None:
    corpus = make_corpus(FILMS)
    found, fused = searched(corpus, encoder, question := f"In which town was the director of {film} born?")
    wanted = list(FILMS).index(director)
    ranking = corpus.ranker.rank(question, found.positions, fused, found.dense)
    before = int((fused > fused[found.positions.tolist().index(wanted)]).sum())
    after = int((ranking.total > ranking.total[at(ranking, wanted)]).sum())
    assert before >= 4 and after <= before - 2
    assert ranking.walk[at(ranking, wanted)] > 0
    assert ranking.positions[ranking.total.argmax()] == list(FILMS).index(film)


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
    assert corpus.ranker.entities(question) == []
    ranking = corpus.ranker.rank(question, np.empty(0, np.int64), NOTHING, NOTHING)
    assert not len(ranking.positions)


def test_scores_add_up_and_the_better_hit_stays_ahead(make_corpus: MakeCorpus) -> None:
    corpus = make_corpus(FILMS)
    fused = np.array([0.9, 0.1], np.float32)
    ranking = corpus.ranker.rank("zebra", np.array([4, 9]), fused, fused)
    expected = 0.3 * ranking.link + 0.25 * ranking.walk
    expected[[at(ranking, 4), at(ranking, 9)]] += fused
    np.testing.assert_allclose(ranking.total, expected, atol=1e-6)
    assert ranking.positions[ranking.total.argmax()] == 4
    assert ranking.walk.min() >= 0 and ranking.walk.max() <= 1
    assert (np.diff(ranking.positions) > 0).all()


@pytest.mark.parametrize("question", ["In which town was the director of Silver Tide born?", "Who made films?"])
def test_the_walk_is_the_one_that_is_described(make_corpus: MakeCorpus, encoder: Encoder, question: str) -> None:
    corpus = make_corpus(FILMS)
    found, fused = searched(corpus, encoder, question)
    ranking = corpus.ranker.rank(question, found.positions, fused, found.dense)
    start = np.zeros(len(corpus.chunks))
    start[ranking.positions] = ranking.total - 0.25 * ranking.walk
    nearness = np.full(len(corpus.chunks), found.dense.min())
    nearness[found.positions] = found.dense
    nearness = np.exp((nearness - found.dense.max()) / 0.15)
    expected = walked(corpus, start, nearness, corpus.ranker.entities(question))
    assert (expected > 0).sum() > 2
    np.testing.assert_allclose(ranking.walk, expected[ranking.positions], atol=1e-6)
    assert not np.delete(expected, ranking.positions).any()


def walked(
    corpus: Corpus, start: NDArray[np.float64], nearness: NDArray[np.float64], entities: list[int]
) -> NDArray[np.float64]:
    """The walk step by step, over a plain matrix of chunks and entities."""
    ties = load_matrix(corpus.folder, corpus.store).toarray().astype(float)
    ties[:, (ties > 0).sum(axis=0) > 100] = 0
    mass = {int(chunk): start[chunk] ** 4 for chunk in np.argsort(-start, kind="stable")[:3]}
    mass = {chunk: value / sum(mass.values()) for chunk, value in mass.items()}
    reached = np.zeros(len(start))
    for step in range(2):
        onward = np.zeros(len(start))
        for chunk, value in mass.items():
            for node in set(np.flatnonzero(ties[chunk])) - set(entities):
                flow = ties[:, node] * nearness
                sent = value * ties[chunk, node] / ties[chunk].sum() * flow / flow.sum()
                sent[chunk] = 0
                onward += sent
        reached += 0.5**step * onward
        mass = {int(chunk): onward[chunk] for chunk in np.argsort(-onward, kind="stable")[:30] if onward[chunk] > 0}
    return reached / reached.max()
