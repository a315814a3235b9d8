"""The route to a chunk is the one that adds most to its score, by the numbers that rank it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge_graph.rank import Walk
from knowledge_graph.routes import Hop, strongest
from knowledge_graph.store import load_matrix
from retrieval.encoder import Encoder
from tests.conftest import Corpus, MakeCorpus
from tests.knowledge_graph.films import FILMS

CHAIN = "In which town was the director of Silver Tide born?"

Way = tuple[Hop, ...]


def walked(corpus: Corpus, encoder: Encoder, question: str) -> tuple[Walk, NDArray[np.float64]]:
    """The walk, and how near each chunk is to the question."""
    index = corpus.index(encoder)
    found = index.candidates(question)
    cosines = np.full(len(corpus.chunks), found.dense.min())
    cosines[found.positions] = found.dense
    walk = corpus.ranker.walk(question, found.positions, index.fused(found), found.dense)
    return walk, np.exp((cosines - found.dense.max()) / 0.15)


def number(corpus: Corpus, label: str) -> int:
    return int(corpus.store.rows("SELECT id FROM nodes WHERE label = ?", [label])[0][0])


def test_the_bridge_between_two_documents_is_named(make_corpus: MakeCorpus, encoder: Encoder) -> None:
    corpus = make_corpus({title: FILMS[title] for title in ("Silver Tide", "Oona Kestrel")})
    walk, _ = walked(corpus, encoder, CHAIN)
    route = strongest(walk, 1)
    assert route and route.hops == (Hop(number(corpus, "Silver Tide"), 0), Hop(number(corpus, "Oona Kestrel"), 1))
    assert route.adds == pytest.approx(0.25 * walk.ranking().walk[1]) and route.share == pytest.approx(1)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (CHAIN, {1, 2, 3}),
        ("Who made films?", {2, 3}),
        ("Was Oona Kestrel in Varnholm or in Estmere?", {1}),
        ("Which town has a lighthouse?", {2, 3}),
    ],
)
def test_no_route_adds_more_and_all_together_add_what_the_ranking_says(
    make_corpus: MakeCorpus, encoder: Encoder, question: str, expected: set[int]
) -> None:
    corpus = make_corpus(FILMS)
    walk, nearness = walked(corpus, encoder, question)
    ties = load_matrix(corpus.folder, corpus.store).toarray().astype(float)
    ways = dict(every_way(walk, ties, nearness))
    lengths = set()
    ranking = walk.ranking()
    for position, link, flow in zip(ranking.positions.tolist(), ranking.link, ranking.walk, strict=True):
        here = {hops: adds for hops, adds in ways.items() if hops[-1].chunk == position}
        assert sum(here.values()) == pytest.approx(0.3 * link + 0.25 * flow, abs=1e-6)
        route = strongest(walk, position)
        assert bool(route) == bool(here)
        if route:
            assert route.whole == pytest.approx(sum(here.values()), abs=1e-6)
            assert here[route.hops] == pytest.approx(route.adds) == pytest.approx(max(here.values()))
            lengths.add(len(route.hops))
    assert lengths == expected


def every_way(walk: Walk, ties: NDArray[np.float64], nearness: NDArray[np.float64]) -> Iterator[tuple[Way, float]]:
    """Every way to a chunk and what it adds to its score, one by one over a plain matrix of chunks and entities."""
    chunks = np.arange(len(ties))
    about = {node: spread.at(chunks) for node, spread in walk.links.items()}
    whole = sum(about.values(), np.zeros(len(ties)))
    for node, values in about.items():
        for chunk in np.flatnonzero(values).tolist():
            yield (Hop(node, chunk),), 0.3 * values[chunk] / max(1.0, whole[chunk])
    start = walk.found.at(chunks) + 0.3 * np.minimum(whole, 1)
    seeds = np.argsort(-start, kind="stable")[:3].tolist()
    ways: dict[Way, float] = {}
    for chunk in seeds:
        named = max((node for node in about if about[node][chunk]), key=lambda node: about[node][chunk], default=None)
        ways[Hop(named, chunk),] = start[chunk] ** 4 / sum(start[seeds] ** 4)
    flows: dict[Way, float] = {}
    for step in range(2):
        onward = {}
        for hops, mass in ways.items():
            chunk = hops[-1].chunk
            for node in set(np.flatnonzero(ties[chunk]).tolist()) - set(about):
                dealt = ties[:, node] * nearness
                for target in set(np.flatnonzero(dealt).tolist()) - {chunk}:
                    sent = mass * ties[chunk, node] / ties[chunk].sum()
                    onward[*hops, Hop(node, target)] = sent * dealt[target] / dealt.sum()
        flows |= {hops: 0.5**step * flow for hops, flow in onward.items()}
        ways = onward
    reached = np.bincount([hops[-1].chunk for hops in flows], list(flows.values()), len(ties))
    for hops, flow in flows.items():
        yield hops, 0.25 * flow / reached.max()
