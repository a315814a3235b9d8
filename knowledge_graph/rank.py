"""Ranking chunks through the graph: a short personalised PageRank from the question's entities and the first hits.

The walk starts at the chunks that retrieval ranked first and at the entities the question names, and alternates
between chunks and the entities they name (as HippoRAG does, arXiv 2405.14831 and 2502.14802). Three things differ: it
is cut after a few steps, it never steps straight back to the chunk it came from, and it prefers chunks near the
question, so that one step leads from "the director of Jump for Glory" to the passage on that director rather than to
any passage that shares a word with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from knowledge_graph.names import MAX_TOKENS, TOKEN, fold
from knowledge_graph.store import find_nodes
from knowledge_graph.walk import Spread, Step, rows, summed
from retrieval.store import Store
from retrieval.text import STOPWORDS

HUB = 100
"""Entities that more chunks than this name lead nowhere in particular; the walk leaves them out."""
SEEDS, SEED_POWER = 3, 4
"""The walk starts at this many first hits, their scores raised to this power."""
STEPS, DAMPING = 2, 0.5
TEMPERATURE = 0.15
"""How sharply the walk prefers chunks near the question: weight ∝ exp(cosine / TEMPERATURE)."""
LINK_WEIGHT, WALK_WEIGHT = 0.3, 0.25
"""What being about the question's entities, and being reached by the walk, add to a fused score in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Scores of the chunks that were found or reached, `total = fused + LINK_WEIGHT · link + WALK_WEIGHT · walk`.

    Args:
        positions: Of the chunks, ascending; the others are arrays of the same length.
    """

    positions: NDArray[np.int64]
    total: NDArray[np.float32]
    link: NDArray[np.float32]
    walk: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Walk:
    """A question's way over the graph, from which its scores are summed.

    Args:
        found: The fused scores of the chunks that retrieval found.
        links: How much chunks are about each entity that the question names, by node.
        link: How much they are about all of these, at most 1.
        steps: Each begins where the one before it led.
        reached: What flows to each chunk, later steps damped, scaled to a maximum of 1.
        peak: What it is scaled by.
    """

    found: Spread
    links: dict[int, Spread]
    link: Spread
    steps: list[Step]
    reached: Spread
    peak: float

    def ranking(self) -> Ranking:
        """The scores of the chunks that were found or reached."""
        every = np.unique(np.concatenate([self.found.chunks, self.link.chunks, self.reached.chunks]))
        link, walk = self.link.at(every), self.reached.at(every)
        total = self.found.at(every) + LINK_WEIGHT * link + WALK_WEIGHT * walk
        return Ranking(every, *(values.astype(np.float32) for values in (total, link, walk)))


class GraphRanker:
    """Ranks on the matrix of one bot's graph."""

    def __init__(self, matrix: sparse.csr_matrix, store: Store) -> None:
        spread = np.diff(matrix.tocsc().indptr)
        kept = np.where((spread > 0) & (spread <= HUB), 1.0, 0.0).astype(np.float32)
        self._by_chunk = (matrix @ sparse.diags(kept)).tocsr()
        self._by_chunk.eliminate_zeros()
        self._by_node = self._by_chunk.T.tocsr()
        self._out = np.maximum(np.asarray(self._by_chunk.sum(axis=1)).ravel(), 1e-9)
        chunks = store.count()
        self._rarity = np.log1p(chunks / np.maximum(spread, 1)) / np.log1p(chunks)
        self._store = store

    def entities(self, question: str) -> list[int]:
        """Nodes the question names, the longest names first; words inside a found name are not matched again."""
        tokens = [fold(match.group()) for match in TOKEN.finditer(question)]
        spans = [
            (first, last)
            for size in range(MAX_TOKENS, 0, -1)
            for first in range(len(tokens) - size + 1)
            for last in [first + size]
            if size > 1 or tokens[first] not in STOPWORDS
        ]
        chinese = [question[i : i + n].lower() for n in range(12, 1, -1) for i in range(len(question) - n + 1)]
        keys = {" ".join(tokens[first:last]): (first, last) for first, last in spans}
        wide = chinese if any(ord(character) > 0x2E80 for character in question) else []
        known = find_nodes(self._store, [*keys, *dict.fromkeys(wide)][:900])
        taken: set[int] = set()
        found: list[int] = []
        for key, (first, last) in keys.items():
            if key in known and not taken & set(range(first, last)):
                taken |= set(range(first, last))
                found.append(known[key])
        covered = ""
        for key in wide:
            if key in known and key not in covered:
                covered += f"{key}|"
                found.append(known[key])
        return list(dict.fromkeys(found))

    def rank(
        self, question: str, positions: NDArray[np.int64], fused: NDArray[np.float32], cosines: NDArray[np.float32]
    ) -> Ranking:
        """Score what retrieval found and what the graph adds to it.

        Args:
            positions: Of the chunks that were found, ascending.
            fused: Their fused scores.
            cosines: Their cosines with the question; every other chunk counts as near as the farthest of them.
        """
        return self.walk(question, positions, fused, cosines).ranking()

    def walk(
        self, question: str, positions: NDArray[np.int64], fused: NDArray[np.float32], cosines: NDArray[np.float32]
    ) -> Walk:
        """The walk that `rank` scores by, given the same."""
        nearness = np.exp((cosines - cosines.max(initial=-1.0)) / TEMPERATURE, dtype=np.float64)
        near = Spread(positions, nearness)
        far = float(nearness.min(initial=1.0))
        found = Spread(positions, fused.astype(np.float64))
        entities = self.entities(question)
        links = self._links(entities, near, far)
        about = summed(list(links.values()))
        link = Spread(about.chunks, np.minimum(about.values, 1.0))
        either = np.union1d(positions, link.chunks)
        mass = Spread(either, found.at(either) + LINK_WEIGHT * link.at(either)).first(SEEDS)
        mass = Spread(mass.chunks, mass.values**SEED_POWER)
        mass = Spread(mass.chunks, mass.values / (mass.values.sum() or 1.0))
        steps, parts = [], []
        for number in range(STEPS):
            steps.append(self._step(mass, near, far, entities))
            onward = steps[-1].onward()
            parts.append(Spread(onward.chunks, DAMPING**number * onward.values))
            mass = onward.first(SEEDS * 10)
        reached = summed(parts)
        peak = max(reached.values.max(initial=0.0), 1e-30)
        return Walk(found, links, link, steps, Spread(reached.chunks, reached.values / peak), peak)

    def _links(self, entities: list[int], near: Spread, far: float) -> dict[int, Spread]:
        """How much chunks are about each of the question's entities, at most 1."""
        links = {}
        for node in entities:
            _, chunks, weights = rows(self._by_node, np.array([node]))
            if len(chunks):
                values = weights * near.at(chunks, far)
                links[node] = Spread(chunks, self._rarity[node] * values / values.max())
        return links

    def _step(self, mass: Spread, near: Spread, far: float, entities: list[int]) -> Step:
        """One step from chunks over their entities, the question's own left out, to other chunks.

        What goes from a chunk through an entity is dealt out among all chunks that name it, by tie and nearness.
        """
        origin, nodes, ties = rows(self._by_chunk, mass.chunks)
        leading = ~np.isin(nodes, entities)
        origin, nodes, ties = origin[leading], nodes[leading], ties[leading]
        sent = (mass.values / self._out[mass.chunks])[origin] * ties
        through, door = np.unique(nodes, return_inverse=True)
        of, targets, drawn = rows(self._by_node, through)
        drawn = drawn * near.at(targets, far)
        dealt = np.bincount(of, drawn, len(through))
        back = ties * near.at(mass.chunks, far)[origin] / dealt[door]
        return Step(mass.chunks[origin], door, sent, back, through, of, targets, drawn / dealt[of])
