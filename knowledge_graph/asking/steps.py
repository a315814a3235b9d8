"""Following typed relations in the store, one step from many nodes at once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from knowledge_graph.asking.phrases import phrase
from retrieval.store import Store


class Step(NamedTuple):
    """A relation, followed from subject to object or back."""

    relation: str
    forward: bool

    @property
    def back(self) -> Step:
        """The same relation the other way."""
        return Step(self.relation, not self.forward)


NOTHING = "X ?"
"""In the place of a step in words: none."""


@lru_cache(maxsize=1 << 14)
def role(step: Step) -> str:
    """A step in words, with a question mark in the place of what it leads to: "X directed by ?"."""
    said = phrase(step.relation).text
    return f"X {said} ?" if step.forward else f"? {said} X"


class Steps:
    """Facts by node, read when first needed. Kept for one question.

    Args:
        counts: In SQL, which edges count.
    """

    def __init__(self, store: Store, counts: str) -> None:
        self._store = store
        self._counts = counts
        self._around: dict[int, dict[Step, dict[int, int]]] = {}

    def around(self, node: int) -> dict[Step, dict[int, int]]:
        """Where each step leads from a node: the nodes there, each with the number of the fact."""
        self._read([node])
        return self._around[node]

    def from_all(self, nodes: Iterable[int]) -> dict[Step, set[int]]:
        """Where each step leads from any of some nodes."""
        nodes = list(nodes)
        self._read(nodes)
        found: defaultdict[Step, set[int]] = defaultdict(set)
        for node in nodes:
            for step, others in self._around.get(node, {}).items():
                found[step].update(others)
        return found

    def follow(self, nodes: Iterable[int], step: Step) -> set[int]:
        """Where one step leads from any of some nodes."""
        nodes = list(nodes)
        self._read(nodes)
        return {other for node in nodes for other in self._around.get(node, {}).get(step, ())}

    def subjects(self, relation: str) -> set[int]:
        """All nodes of which a relation is stated."""
        sql = f"SELECT subject FROM edges WHERE relation = ? AND {self._counts}"
        return {row[0] for row in self._store.rows(sql, [relation])}

    def _read(self, nodes: Iterable[int]) -> None:
        new = [node for node in nodes if node not in self._around]
        self._around |= {node: defaultdict(dict) for node in new}
        for mine, other, forward in (("subject", "object", True), ("object", "subject", False)) if new else ():
            sql = f"""SELECT {mine}, relation, {other}, id FROM edges
                WHERE {mine} IN (SELECT value FROM json_each(?)) AND {self._counts}"""
            for node, relation, target, fact in self._store.rows(sql, [json.dumps(new)]):
                self._around[node][Step(relation, forward)][target] = fact
