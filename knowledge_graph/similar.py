"""Entities that are alike: those of which the graph states the same, rare facts counting most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from knowledge_graph.facts import RELATED
from retrieval.store import Store

LOOSE = 0.3
"""What standing together counts beside a typed fact."""
SHOWN = 5
"""Most shared facts told of a pair."""


@dataclass(frozen=True, slots=True)
class Alike:
    """An entity like another.

    Args:
        score: Cosine of what is stated of both, from 0 to 1.
        shared: What both have in common, the most telling first: "directed by Ada Lin".
    """

    name: str
    score: float
    shared: tuple[str, ...]


class Similarity:
    """What the graph states of each entity as a sparse matrix: entities × (relation, direction, other end)."""

    def __init__(self, store: Store) -> None:
        rows = store.rows("SELECT subject, relation, object FROM edges ORDER BY id")
        nodes = store.rows("SELECT id, label, kind FROM nodes ORDER BY id")
        self._labels = {number: label for number, label, _ in nodes}
        self._row = {number: row for row, (number, _, kind) in enumerate(nodes) if kind != "value"}
        self._numbers = [number for number, *_ in nodes]
        column: dict[tuple[str, bool, int], int] = {}
        entries: list[tuple[int, int, float]] = []
        for subject, relation, object_ in rows:
            for mine, forward, other in ((subject, True, object_), (object_, False, subject)):
                feature = (relation, forward or relation == RELATED, other)
                if mine in self._row:
                    entries.append(
                        (
                            self._row[mine],
                            column.setdefault(feature, len(column)),
                            LOOSE if relation == RELATED else 1.0,
                        )
                    )
        self._features = list(column)
        own, of, weight = np.array(entries).reshape(-1, 3).T
        matrix = sparse.csr_matrix(
            (weight, (own.astype(np.int64), of.astype(np.int64))), shape=(len(nodes), len(column))
        )
        spread = np.maximum(np.diff(matrix.tocsc().indptr), 1)
        matrix = matrix @ sparse.diags(np.log(1 + len(nodes) / spread))
        norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        self._matrix = sparse.csr_matrix(sparse.diags(1 / np.maximum(norms, 1e-9)) @ matrix)

    def of(self, number: int, limit: int = 10) -> list[Alike]:
        """The entities most like one, the likeliest first; those that share no fact with it are left out.

        Args:
            number: Of its node; a value is like nothing.
        """
        if number not in self._row:
            return []
        row = self._matrix[self._row[number]]
        near = (self._matrix @ row.T).tocoo()
        best = sorted(zip(-near.data, near.row, strict=True))
        found = [(int(at), min(-float(score), 1.0)) for score, at in best if self._numbers[at] != number]
        return [Alike(self._labels[self._numbers[at]], score, self._shared(row, at)) for at, score in found[:limit]]

    def _shared(self, row: sparse.csr_matrix, at: int) -> tuple[str, ...]:
        common = row.multiply(self._matrix[at]).tocoo()
        order = np.argsort(-common.data, kind="stable")[:SHOWN]
        return tuple(self._told(int(common.col[place])) for place in order)

    def _told(self, column: int) -> str:
        relation, forward, other = self._features[column]
        said, label = relation.replace("_", " "), self._labels[other]
        return f"{said} {label}" if forward else f"{label} {said}"
