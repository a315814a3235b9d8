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
from retrieval.store import Store
from retrieval.text import STOPWORDS

HUB = 100
"""Entities that more chunks than this name lead nowhere in particular; the walk leaves them out."""
SEEDS, SEED_POWER = 3, 4
"""The walk starts at this many first hits, their scores raised to this power."""
STEPS, DAMPING = 2, 0.5
TEMPERATURE = 0.15
"""How sharply the walk prefers chunks near the question: weight ∝ exp(cosine / TEMPERATURE)."""
ROUNDING = 1e-12
"""What is left of a flow that has gone back whole."""
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
class _Spread:
    """Values on some chunks, `chunks` ascending."""

    chunks: NDArray[np.int64]
    values: NDArray[np.float64]

    def at(self, chunks: NDArray[np.int64], elsewhere: float = 0.0) -> NDArray[np.float64]:
        """The values on given chunks."""
        if not len(self.chunks):
            return np.full(len(chunks), elsewhere)
        row = np.minimum(np.searchsorted(self.chunks, chunks), len(self.chunks) - 1)
        return np.where(self.chunks[row] == chunks, self.values[row], elsewhere)

    def first(self, many: int) -> _Spread:
        """The highest values above zero; of equal ones those on the first chunks."""
        rows = np.argsort(-self.values, kind="stable")[:many]
        rows = np.sort(rows[self.values[rows] > 0])
        return _Spread(self.chunks[rows], self.values[rows])


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
        nearness = np.exp((cosines - cosines.max(initial=-1.0)) / TEMPERATURE, dtype=np.float64)
        near = _Spread(positions, nearness)
        far = float(nearness.min(initial=1.0))
        found = _Spread(positions, fused.astype(np.float64))
        entities = self.entities(question)
        link = self._link(entities, near, far)
        either = np.union1d(positions, link.chunks)
        start = _Spread(either, found.at(either) + LINK_WEIGHT * link.at(either))
        walk = self._walk(start, near, far, entities)
        every = np.union1d(either, walk.chunks)
        total = start.at(every) + WALK_WEIGHT * walk.at(every)
        return Ranking(every, *(values.astype(np.float32) for values in (total, link.at(every), walk.at(every))))

    def _link(self, entities: list[int], near: _Spread, far: float) -> _Spread:
        """How much chunks are about the question's entities, at most 1."""
        about = [_Spread(np.empty(0, np.int64), np.empty(0))]
        for node in entities:
            _, chunks, weights = _rows(self._by_node, np.array([node]))
            if len(chunks):
                values = weights * near.at(chunks, far)
                about.append(_Spread(chunks, self._rarity[node] * values / values.max()))
        link = _summed(np.concatenate([part.chunks for part in about]), np.concatenate([part.values for part in about]))
        return _Spread(link.chunks, np.minimum(link.values, 1.0))

    def _walk(self, start: _Spread, near: _Spread, far: float, entities: list[int]) -> _Spread:
        """What flows from the first hits to other chunks, scaled to a maximum of 1."""
        mass = start.first(SEEDS)
        mass = _Spread(mass.chunks, mass.values**SEED_POWER)
        mass = _Spread(mass.chunks, mass.values / (mass.values.sum() or 1.0))
        steps = []
        for step in range(STEPS):
            onward = self._step(mass, near, far, entities)
            steps.append(_Spread(onward.chunks, DAMPING**step * onward.values))
            mass = onward.first(SEEDS * 10)
        reached = _summed(
            np.concatenate([part.chunks for part in steps]), np.concatenate([part.values for part in steps])
        )
        return _Spread(reached.chunks, reached.values / max(reached.values.max(initial=0.0), 1e-30))

    def _step(self, mass: _Spread, near: _Spread, far: float, entities: list[int]) -> _Spread:
        """One step from chunks over their entities, the question's own left out, to other chunks.

        What goes from a chunk through an entity is dealt out among all chunks that name it, by tie and nearness; the
        share that would come back to where it came from is lost.
        """
        origin, nodes, ties = _rows(self._by_chunk, mass.chunks)
        leading = ~np.isin(nodes, entities)
        origin, nodes, ties = origin[leading], nodes[leading], ties[leading]
        sent = (mass.values / self._out[mass.chunks])[origin] * ties
        through, door = np.unique(nodes, return_inverse=True)
        of, targets, shares = _rows(self._by_node, through)
        shares = shares * near.at(targets, far)
        dealt = np.bincount(of, shares, len(through))
        flow = (np.bincount(door, sent, len(through)) / dealt)[of] * shares
        back = sent * (ties * near.at(mass.chunks, far)[origin]) / dealt[door]
        onward = _summed(np.concatenate([targets, mass.chunks[origin]]), np.concatenate([flow, -back]))
        return _Spread(onward.chunks, np.where(onward.values > ROUNDING, onward.values, 0.0))


def _summed(chunks: NDArray[np.int64], values: NDArray[np.float64]) -> _Spread:
    """The values of each chunk added up."""
    each, row = np.unique(chunks, return_inverse=True)
    return _Spread(each, np.bincount(row, values, len(each)).astype(np.float64))


def _rows(
    matrix: sparse.csr_matrix, numbers: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The entries of some rows: which of `numbers` each is of, its column and its value."""
    starts = matrix.indptr[numbers].astype(np.int64)
    many = matrix.indptr[numbers + 1] - starts
    of = np.repeat(np.arange(len(numbers)), many)
    entries = np.arange(len(of)) + np.repeat(starts - np.cumsum(many) + many, many)
    return of, matrix.indices[entries].astype(np.int64), matrix.data[entries].astype(np.float64)
