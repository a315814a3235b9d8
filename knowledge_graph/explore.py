"""What the explorer's page asks of a graph, answered with what JSON can say.

A part of a graph is `{"nodes": [{"id", "kind", "degree"}], "edges": [{"id", "from", "to", "relation"}]}`, a node's id
being its label and its degree the number of its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import Any

from knowledge_graph.facts import RELATED
from knowledge_graph.graph import KnowledgeGraph
from retrieval.errors import GraftError

SUGGESTED, LISTED, CORE = 8, 200, 30
"""Most names suggested, facts of an entity listed, and entities drawn of an area."""
MOST = 2_000
"""Most entities that a page may say it has drawn, or ask for."""

Part = dict[str, Any]


class Explorer:
    """Answers for one graph; `page/answers.js` gives the same from a part of it that a file holds."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._answers: dict[str, Callable[..., Any]] = {
            "search": self.search,
            "around": self.around,
            "path": self.path,
            "areas": self.areas,
            "area": self.area,
            "edge": self.edge,
        }

    def answer(self, what: str, given: Sequence[Any]) -> Any:
        """Answer what a page asks: the name of a method, and what it is given.

        Raises:
            GraftError: It is nothing that can be asked, or names what the graph does not hold.
        """
        try:
            return self._answers[what](*given)
        except GraftError:
            raise
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise GraftError("the graph has changed; open it again") from error

    def search(self, text: str) -> list[str]:
        """Labels that match a text."""
        return self._graph.search(text, SUGGESTED)

    def around(self, name: str, drawn: Collection[str], count: int) -> Part:
        """Up to `count` more neighbours of an entity, what joins them with what is drawn, and the facts about it.

        Returns:
            A part, with `centre`, how many neighbours `more` there are, and `facts`, edges.
        """
        centre = self._graph.resolve(name)
        shown = {label for label in list(drawn)[:MOST] if label in self._graph.networkx} | {centre}
        waiting = [label for label in self._graph.neighbours(centre) if label not in shown]
        count = max(0, min(count, MOST))
        fresh = [centre, *waiting[:count]]
        return {
            **self.part(fresh, shown),
            "centre": centre,
            "more": max(0, len(waiting) - count),
            "facts": self._told(self._about(centre))[:LISTED],
        }

    def path(self, start: str, end: str) -> Part:
        """The shortest chain of facts between two entities: a part, with the edges also in order as `chain`."""
        facts = self._graph.path(start, end)
        chain = []
        for fact in facts:
            edges = self._graph.networkx.get_edge_data(fact.subject, fact.object)
            number = next(number for number, data in edges.items() if data["relation"] == fact.relation)
            chain.append(_edge(fact.subject, fact.object, number, fact.relation))
        ends = [self._graph.resolve(start), *(end for fact in facts for end in (fact.subject, fact.object))]
        nodes = dict.fromkeys([*ends, self._graph.resolve(end)])
        return {"nodes": [self._node(label) for label in nodes], "edges": chain, "chain": chain}

    def areas(self) -> list[Part]:
        """The `name` and `size` of each community."""
        return [{"name": area.name, "size": len(area.members)} for area in self._graph.communities]

    def area(self, number: int) -> Part:
        """The best connected of a community."""
        return self.part(self._graph.communities[number].members[:CORE])

    def edge(self, number: int, subject: str, object_: str) -> Part:
        """The `statements` of a fact, as of `knowledge_graph.statements`."""
        relation = self._graph.networkx.get_edge_data(subject, object_)[number]["relation"]
        return {"statements": [asdict(told) for told in self._graph.statements(subject, relation, object_)]}

    def part(self, fresh: Sequence[str], drawn: Collection[str] = ()) -> Part:
        """Some entities, and what joins them with each other and with what is drawn."""
        every = {*fresh, *drawn}
        edges = {
            number: (u, v, number, data)
            for label in fresh
            for u, v, number, data in self._about(label)
            if u in every and v in every
        }
        return {"nodes": [self._node(label) for label in fresh], "edges": self._told(edges.values())}

    def _about(self, label: str) -> list[tuple[str, str, int, dict[str, Any]]]:
        whole = self._graph.networkx
        return [*whole.out_edges(label, keys=True, data=True), *whole.in_edges(label, keys=True, data=True)]

    def _node(self, label: str) -> Part:
        whole = self._graph.networkx
        return {
            "id": label,
            "kind": whole.nodes[label]["kind"],
            "degree": len({*whole.succ[label], *whole.pred[label]}),
        }

    def _told(self, edges: Collection[tuple[str, str, int, dict[str, Any]]]) -> list[Part]:
        """Edges as JSON, stated facts first, then those of most chunks."""
        ordered = sorted(edges, key=lambda e: (e[3]["relation"] == RELATED, -len(e[3]["chunks"]), e[0], e[1], e[2]))
        return [_edge(u, v, number, data["relation"]) for u, v, number, data in ordered]


def _edge(subject: str, object_: str, number: int, relation: str) -> Part:
    return {"id": number, "from": subject, "to": object_, "relation": relation}


def embedded(graph: KnowledgeGraph, labels: Collection[str], start: str | None) -> Part:
    """A part of a graph that a page explores without asking anybody.

    Returns:
        A part with every edge's statements, the areas it has members of, and the `start`, what is drawn first.
    """
    part = Explorer(graph).part(list(labels))
    neighbours = {label: set[str]() for label in labels}
    for edge in part["edges"]:
        u, v = edge["from"], edge["to"]
        neighbours[u].add(v)
        neighbours[v].add(u)
        edge["statements"] = [asdict(told) for told in graph.statements(u, edge["relation"], v)]
    for node in part["nodes"]:
        node["degree"] = len(neighbours[node["id"]])
    part["nodes"].sort(key=lambda node: (-node["degree"], node["id"]))
    members = [[label for label in area.members if label in neighbours] for area in graph.communities]
    areas = [
        {"name": area.name, "members": held} for area, held in zip(graph.communities, members, strict=True) if held
    ]
    return {**part, "areas": areas, "core": CORE, "start": start}
