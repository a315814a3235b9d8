"""The graph as people use it: search an entity, look at its neighbours, find a path, hand out networkx."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING

from knowledge_graph import store as tables
from knowledge_graph.communities import Community, find
from knowledge_graph.facts import RELATED, Fact, Triple
from knowledge_graph.names import TOKEN, fold, key_of
from knowledge_graph.similar import Alike, Similarity
from knowledge_graph.statements import Statement, Statements
from retrieval.errors import GraftError
from retrieval.loaders.clean import valid
from retrieval.store import Store
from retrieval.text import is_cjk

if TYPE_CHECKING:
    from networkx import Graph, MultiDiGraph

RELATED_COST = 3.0
"""A path prefers this many typed facts to one co-occurrence."""
LONGEST_NAME = 200
"""Characters of a name that are looked for."""


class UnknownEntity(GraftError):
    """A name that the graph does not hold."""


class KnowledgeGraph:
    """Read-only view of a built bot's graph; loads networkx when first asked for it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._statements = Statements(store)

    @cached_property
    def networkx(self) -> MultiDiGraph:
        """The graph: nodes are labels with `kind` and `chunks`; edges have `relation` and `chunks` (who states it)."""
        import networkx

        graph = networkx.MultiDiGraph()
        labels: dict[int, str] = {}
        for number, node in tables.nodes(self._store):
            label = node.label if node.label not in graph else f"{node.label} ({node.kind})"
            labels[number] = label
            graph.add_node(
                label, name=label, kind=node.kind, key=node.key, chunks=[], __labels__={node.kind.capitalize()}
            )
        rows = "SELECT m.node, c.id FROM mentions m JOIN chunks c ON c.position = m.chunk WHERE m.count ORDER BY c.id"
        for number, chunk in self._store.rows(rows):
            graph.nodes[labels[number]]["chunks"].append(chunk)
        rows = """SELECT e.id, e.subject, e.relation, e.object, group_concat(c.id, char(31)) FROM edges e
            JOIN nodes s ON s.id = e.subject JOIN nodes o ON o.id = e.object
            LEFT JOIN edge_chunks ec ON ec.edge = e.id LEFT JOIN chunks c ON c.position = ec.chunk
            GROUP BY e.id ORDER BY s.key, e.relation, o.key"""
        for number, subject, relation, object_, chunks in self._store.rows(rows):
            graph.add_edge(
                labels[subject],
                labels[object_],
                key=number,
                relation=relation,
                chunks=sorted(chunks.split("\x1f")) if chunks else [],
                __labels__={edge_type(relation)},
            )
        return graph

    @cached_property
    def joined(self) -> Graph:
        """What joins two entities in either direction, with the `cost` of the best of it."""
        import networkx

        joined = networkx.Graph()
        joined.add_nodes_from(self.networkx)
        for u, v, relation in self.networkx.edges(data="relation"):
            cost = RELATED_COST if relation == RELATED else 1.0
            joined.add_edge(u, v, cost=min(cost, joined.get_edge_data(u, v, {"cost": cost})["cost"]))
        return joined

    @cached_property
    def communities(self) -> list[Community]:
        """The groups that the entities fall into, as `knowledge_graph.communities.find` tells."""
        return find(self.networkx)

    def counts(self) -> dict[str, int]:
        """How many nodes and edges there are."""
        sql = "SELECT (SELECT count(*) FROM nodes), (SELECT count(*) FROM edges)"
        nodes, edges = self._store.rows(sql)[0]
        return {"nodes": nodes, "edges": edges}

    def search(self, text: str, limit: int = 10) -> list[str]:
        """Labels that match a text, the best connected first."""
        text = valid(text)[:LONGEST_NAME]
        wanted = f"%{text.strip().replace('%', '').replace('_', ' ')}%"
        sql = """SELECT n.label FROM nodes n
            WHERE n.kind != 'value' AND (n.label LIKE ? OR n.id IN (SELECT node FROM aliases WHERE key LIKE ?))
            ORDER BY (lower(n.label) = lower(?)) DESC, (SELECT count(*) FROM edges WHERE subject = n.id) +
            (SELECT count(*) FROM edges WHERE object = n.id) DESC, n.label
            LIMIT ?"""
        return [row[0] for row in self._store.rows(sql, (wanted, wanted, text.strip(), limit))]

    def resolve(self, name: str) -> str:
        """The label of the entity a name means.

        Raises:
            UnknownEntity: No entity has the name; the message suggests the nearest.
        """
        if name in self.networkx:
            return name
        found = tables.find_nodes(self._store, [key_of(valid(name)), valid(name).strip().lower()])
        if found:
            number = next(iter(found.values()))
            return str(self._store.rows("SELECT label FROM nodes WHERE id = ?", [number])[0][0])
        near = self.search(name, 3) or difflib.get_close_matches(name, list(self.networkx), 3, 0.6)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise UnknownEntity(f"no entity named {name!r} in the graph{hint}")

    def neighbourhood(self, name: str, hops: int = 1, limit: int = 40) -> MultiDiGraph:
        """The entities within some hops of one, at most `limit`, typed facts before co-occurrences.

        Raises:
            UnknownEntity: No entity has the name.
        """
        graph = self.networkx
        centre = self.resolve(name)
        kept = {centre: 0}
        frontier = [centre]
        for hop in range(1, hops + 1):
            edges = [
                (data["relation"] == RELATED, -len(data["chunks"]), v if u == node else u)
                for node in frontier
                for u, v, data in [*graph.out_edges(node, data=True), *graph.in_edges(node, data=True)]
            ]
            frontier = []
            for *_, other in sorted(edges):
                if other not in kept and len(kept) < limit:
                    kept[other] = hop
                    frontier.append(other)
        return graph.subgraph(kept).copy()

    def similar(self, name: str, limit: int = 10) -> list[Alike]:
        """The entities most like one: those of which the graph states the same.

        Raises:
            UnknownEntity: No entity has the name.
        """
        key = self.networkx.nodes[self.resolve(name)]["key"]
        return self._similarity.of(tables.find_nodes(self._store, [key])[key], limit)

    @cached_property
    def _similarity(self) -> Similarity:
        return Similarity(self._store)

    def facts_about(self, name: str, limit: int = 40) -> list[Fact]:
        """What the graph states of an entity, at most `limit` facts, typed ones first.

        Raises:
            UnknownEntity: No entity has the name.
        """
        centre = self.resolve(name)
        edges = self.neighbourhood(name, limit=limit).edges(data=True)
        facts = [Fact(u, data["relation"], v, tuple(data["chunks"])) for u, v, data in edges if centre in (u, v)]
        return sorted(facts, key=lambda fact: fact.relation == RELATED)[:limit]

    def neighbours(self, name: str) -> list[str]:
        """The entities and values joined with one, those of typed facts first, then those that most chunks join.

        Raises:
            UnknownEntity: No entity has the name.
        """
        centre = self.resolve(name)
        out, in_ = (edges(centre, data=True) for edges in (self.networkx.out_edges, self.networkx.in_edges))
        joined = [(v if u == centre else u, data) for u, v, data in (*out, *in_)]
        best = sorted((data["relation"] == RELATED, -len(data["chunks"]), other) for other, data in joined)
        return list(dict.fromkeys(other for *_, other in best if other != centre))

    def statements(self, subject: str, relation: str, object_: str) -> list[Statement]:
        """The sentences that state a fact; none if the graph does not have it, or a user brought it and no document.

        Raises:
            UnknownEntity: One of the names is not in the graph.
        """
        u, v = self.resolve(subject), self.resolve(object_)
        edges = (self.networkx.get_edge_data(u, v) or {}).values()
        chunks = [chunk for data in edges if data["relation"] == relation for chunk in data["chunks"]]
        keys = self.networkx.nodes
        return self._statements.of(Triple(keys[u]["key"], relation, keys[v]["key"]), chunks)

    def path(self, start: str, end: str) -> list[Fact]:
        """The shortest chain of facts between two entities, in either direction of each fact; empty if there is none.

        Raises:
            UnknownEntity: One of the names is not in the graph.
        """
        return self.path_to_any([start], [end])

    def path_to_any(self, starts: Collection[str], ends: Collection[str]) -> list[Fact]:
        """The shortest chain of facts from one of some entities to one of others, the first of these where several are
        as near; empty if there is none.

        Raises:
            UnknownEntity: One of the names is not in the graph.
        """
        import networkx

        first, last = ([self.resolve(name) for name in names] for names in (starts, ends))
        shut = {node for node, kind in self.networkx.nodes(data="kind") if kind == "value"}.difference(first, last)

        def cost(u: str, v: str, edge: dict[str, float]) -> float | None:
            return None if v in shut else edge["cost"]

        lengths, paths = networkx.multi_source_dijkstra(self.joined, first, weight=cost)
        reached = [name for name in last if name in lengths]
        stations = paths[min(reached, key=lengths.__getitem__)] if reached else []
        return [self._best_fact(u, v) for u, v in itertools.pairwise(stations)]

    def labels(self, nodes: Collection[int]) -> dict[int, str]:
        """Labels of nodes, by number, and of entities that are only ties between chunks."""
        marks = ", ".join("?" * len(nodes))
        return dict(self._store.rows(f"SELECT id, label FROM entities WHERE id IN ({marks})", list(nodes)))

    def named_in(self, chunk_id: str, text: str) -> list[str]:
        """The entities of a chunk that a text names, the longest names first."""
        folded = f" {key_of_text(text)} "
        nodes = self.networkx.nodes(data="chunks")
        named = [label for label, chunks in nodes if chunk_id in chunks and _named(label, text, folded)]
        return sorted(named, key=len, reverse=True)

    def _best_fact(self, u: str, v: str) -> Fact:
        edges = [
            (data["relation"] == RELATED, a, data["relation"], b, data["chunks"])
            for a, b in ((u, v), (v, u))
            for data in (self.networkx.get_edge_data(a, b) or {}).values()
        ]
        _, subject, relation, object_, chunks = min(edges, key=lambda edge: edge[0])
        return Fact(subject, relation, object_, tuple(chunks))

    def facts(self, chunk_ids: list[str], about: str, ends: int = 1, limit: int = 6) -> list[Fact]:
        """Typed facts that some chunks state, of which a text names one end or both; those with both first.

        Args:
            ends: How many ends the text must name at least.
        """
        text = f" {key_of_text(about)} "
        scored: list[tuple[int, int, Fact]] = []
        for fact, subject_kind, _ in tables.facts_of_chunks(self._store, chunk_ids):
            if fact.relation == RELATED or subject_kind == "value":
                continue
            named = sum(_named(end, about, text) for end in (fact.subject, fact.object))
            if named >= ends:
                scored.append((-named, len(scored), fact))
        return [fact for *_, fact in sorted(scored)[:limit]]


def _named(label: str, about: str, folded: str) -> bool:
    if is_cjk(label):
        return label.lower() in about.lower()
    return f" {key_of_text(label)} " in folded


def edge_type(relation: str) -> str:
    """What a relation is called in openCypher: in capitals, words joined by underscores."""
    return re.sub(r"\W+", "_", relation).strip("_").upper()


def key_of_text(text: str) -> str:
    """A whole text folded like keys are, so that names can be looked for in it."""
    return " ".join(fold(match.group()) for match in TOKEN.finditer(text))
