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
LINK_WEIGHT, WALK_WEIGHT = 0.3, 0.25
"""What being about the question's entities, and being reached by the walk, add to a fused score in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Scores over every chunk: `total = fused + LINK_WEIGHT · link + WALK_WEIGHT · walk`."""

    total: NDArray[np.float32]
    link: NDArray[np.float32]
    walk: NDArray[np.float32]


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

    def rank(self, question: str, fused: NDArray[np.float32], cosines: NDArray[np.float32]) -> Ranking:
        """Score every chunk.

        Args:
            fused: Fused retrieval score of every chunk, 0 where it was not a candidate.
            cosines: Cosine of every chunk with the question; any constant where it is not known.
        """
        nearness = np.exp((cosines - cosines.max(initial=-1.0)) / TEMPERATURE)
        entities = self.entities(question)
        link = np.zeros_like(fused)
        for node in entities:
            chunks, weights = _row(self._by_node, node)
            if len(chunks):
                near = weights * nearness[chunks]
                link[chunks] += self._rarity[node] * near / near.max()
        np.minimum(link, 1.0, out=link)
        start = fused + LINK_WEIGHT * link
        walk = self._walk(start, nearness, entities)
        return Ranking(start + WALK_WEIGHT * walk, link, walk)

    def _walk(
        self, start: NDArray[np.float32], nearness: NDArray[np.float32], entities: list[int]
    ) -> NDArray[np.float32]:
        """What flows from the first hits to other chunks, scaled to a maximum of 1."""
        seeds = np.argsort(-start, kind="stable")[:SEEDS]
        mass = {int(chunk): float(start[chunk]) ** SEED_POWER for chunk in seeds if start[chunk] > 0}
        total = sum(mass.values()) or 1.0
        mass = {chunk: value / total for chunk, value in mass.items()}
        reached = np.zeros_like(start)
        for step in range(STEPS):
            onward = np.zeros_like(start)
            for chunk, value in mass.items():
                self._step(chunk, value, nearness, entities, onward)
            reached += DAMPING**step * onward
            ahead = np.argsort(-onward, kind="stable")[: SEEDS * 10]
            mass = {int(chunk): float(onward[chunk]) for chunk in ahead if onward[chunk] > 0}
        highest = reached.max(initial=0.0)
        return reached / highest if highest > 0 else reached

    def _step(
        self, chunk: int, value: float, nearness: NDArray[np.float32], entities: list[int], onward: NDArray[np.float32]
    ) -> None:
        """One step from a chunk over its entities, the question's own left out, to other chunks."""
        nodes, weights = _row(self._by_chunk, chunk)
        before = onward[chunk]
        for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
            if node not in entities:
                targets, ties = _row(self._by_node, node)
                flow = ties * nearness[targets]
                onward[targets] += value * weight / self._out[chunk] / flow.sum() * flow
        onward[chunk] = before


def _row(matrix: sparse.csr_matrix, number: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Column numbers and values of a row, without scipy's slicing, which costs more than the walk."""
    span = slice(matrix.indptr[number], matrix.indptr[number + 1])
    return matrix.indices[span], matrix.data[span]
