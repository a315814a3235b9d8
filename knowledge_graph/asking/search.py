"""One question before one graph: what it names, the readings of it, and the facts that a reading follows."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence

from knowledge_graph.asking.judging import Judged, judge
from knowledge_graph.asking.linking import Link, Question, linked
from knowledge_graph.asking.parts import Parts
from knowledge_graph.asking.paths import Path, Reading, readings
from knowledge_graph.asking.roles import Roles
from knowledge_graph.asking.steps import Steps
from knowledge_graph.facts import Fact
from retrieval.store import Store

STARTS = 4
"""Most entities of a question that paths begin at, the first ones."""


class Search:
    """A question, and all that is read of the graph for it.

    Args:
        roles: Every step there is in the graph, both ways.
        counts: Which facts count, see `Steps`.
    """

    def __init__(self, text: str, store: Store, roles: Roles, counts: str) -> None:
        self.steps = Steps(store, counts)
        named = linked(text, store)
        stated = tuple(link for link in named.links if self.steps.around(link.node))
        self.question = Question(named.text, named.words, stated)
        self.roles = roles
        self._store = store

    def judged(self, links: Sequence[Link], silent: Collection[int]) -> Judged | None:
        """The best reading of the question by paths that begin at some of the links, if there is one."""
        found = self.readings(links, silent)
        return judge(found) if found else None

    def readings(self, links: Sequence[Link], silent: Collection[int]) -> list[Reading]:
        """The readings of the question by paths that begin at some of the links, the best first.

        Args:
            silent: Numbers of words that ask for no relation.
        """
        parts = Parts(self.question, silent, self.roles)
        firsts: dict[int, Link] = {}
        for link in links:
            firsts.setdefault(link.node, link)
        starts = list(firsts.values())[:STARTS]
        found = [each for each in readings(starts, self.steps, parts.divisions) if each.score > -math.inf]
        return sorted(found, key=lambda reading: -reading.score)

    def route(self, path: Path, ends: Collection[int]) -> list[int]:
        """The numbers of the facts on the ways to some of a path's ends, in the order they are followed."""
        levels = [{path.start.node}]
        for step in path.steps:
            levels.append(self.steps.follow(levels[-1], step))
        facts: list[int] = []
        wanted = set(ends)
        for level, step in zip(levels[-2::-1], path.steps[::-1], strict=True):
            ways = [(node, self.steps.around(node).get(step, {})) for node in sorted(level)]
            facts = [fact for _, onward in ways for node, fact in onward.items() if node in wanted] + facts
            wanted = {node for node, onward in ways if not wanted.isdisjoint(onward)}
        return list(dict.fromkeys(facts))

    def labels(self, nodes: Collection[int]) -> dict[int, str]:
        """Labels of nodes."""
        sql = "SELECT id, label FROM nodes WHERE id IN (SELECT value FROM json_each(?))"
        return dict(self._store.rows(sql, [json.dumps(list(nodes))]))

    def facts(self, numbers: Sequence[int]) -> list[Fact]:
        """Facts with the chunks that state them, in the order of their numbers."""
        sql = """SELECT e.id, s.label, e.relation, o.label, group_concat(c.id, char(31)) FROM edges e
            JOIN nodes s ON s.id = e.subject JOIN nodes o ON o.id = e.object
            LEFT JOIN edge_chunks ec ON ec.edge = e.id LEFT JOIN chunks c ON c.position = ec.chunk
            WHERE e.id IN (SELECT value FROM json_each(?)) GROUP BY e.id"""
        found = {
            number: Fact(subject, relation, object_, tuple(sorted(chunks.split("\x1f"))) if chunks else ())
            for number, subject, relation, object_, chunks in self._store.rows(sql, [json.dumps(list(numbers))])
        }
        return [found[number] for number in numbers]
