"""A graph's state of health: what it holds, what it covers, and what its owner should look at."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from knowledge_graph import holders
from knowledge_graph.facts import RELATED
from knowledge_graph.forms import spelling
from knowledge_graph.merges import Merged, merges
from knowledge_graph.names import key_of
from retrieval.store import Store

EVERYWHERE, LEAST = 0.1, 3
"""An entity that this share of the chunks names tells little of any, unless these are so few."""


@dataclass(frozen=True, slots=True)
class Health:
    """What a look at a graph finds; lists are complete, the most telling first.

    Args:
        nodes: How many there are of each kind.
        edges: And of each relation.
        parts: Into how many parts that no edge joins the graph falls.
        largest: Share of the nodes in the largest part.
        isolated: Labels of nodes without an edge.
        everywhere: Labels of nodes that more than `EVERYWHERE` of the chunks name, with that share.
        ambiguous: Abbreviations with several long forms, each with the number of chunks that explain it so.
        uncertain: Merges that only likeness speaks for, those first that one chunk names both of, then the least alike.
        doubles: Labels of nodes that may be one: their words have the same stems.
        documents: How many there are.
        chunks: How many there are.
        silent: Ids of documents that name no entity but in their title and headings.
        stating: Share of the documents that state a typed fact.
    """

    nodes: dict[str, int]
    edges: dict[str, int]
    parts: int
    largest: float
    isolated: list[str]
    everywhere: dict[str, float]
    ambiguous: dict[str, dict[str, int]]
    uncertain: list[Merged]
    doubles: list[list[str]]
    documents: int
    chunks: int
    silent: list[str]
    stating: float


def health(store: Store) -> Health:
    """Examine the graph of a built bot."""
    chunks = store.count()
    documents = int(store.rows("SELECT count(*) FROM documents")[0][0])
    parts, largest = _parts(store)
    stating = store.rows(
        f"""SELECT count(DISTINCT c.document_id) FROM edges e JOIN edge_chunks ec ON ec.edge = e.id
        JOIN chunks c ON c.position = ec.chunk WHERE e.relation != '{RELATED}'"""
    )[0][0]
    often = store.rows(
        """SELECT n.label, count(*) AS named FROM mentions m JOIN nodes n ON n.id = m.node WHERE m.count
        GROUP BY n.id HAVING named > ? ORDER BY named DESC, n.label""",
        [max(EVERYWHERE * chunks, LEAST)],
    )
    return Health(
        nodes=dict(store.rows("SELECT kind, count(*) AS n FROM nodes GROUP BY kind ORDER BY n DESC, kind")),
        edges=dict(store.rows("SELECT relation, count(*) AS n FROM edges GROUP BY relation ORDER BY n DESC, relation")),
        parts=parts,
        largest=largest,
        isolated=_column(
            store,
            """SELECT n.label FROM nodes n LEFT JOIN mentions m ON m.node = n.id
            WHERE NOT EXISTS (SELECT 1 FROM edges WHERE subject = n.id)
            AND NOT EXISTS (SELECT 1 FROM edges WHERE object = n.id)
            GROUP BY n.id ORDER BY count(m.chunk) DESC, n.label""",
        ),
        everywhere={label: named / chunks for label, named in often},
        ambiguous=_ambiguous(store),
        uncertain=_uncertain(store),
        doubles=_doubles(store),
        documents=documents,
        chunks=chunks,
        silent=_column(
            store,
            """SELECT id FROM documents WHERE id NOT IN (
            SELECT c.document_id FROM mentions m JOIN chunks c ON c.position = m.chunk WHERE m.count) ORDER BY id""",
        ),
        stating=stating / documents if documents else 0.0,
    )


def _column(store: Store, sql: str) -> list[str]:
    return [row[0] for row in store.rows(sql)]


def _parts(store: Store) -> tuple[int, float]:
    """How many parts there are, and the share of the nodes in the largest."""
    numbers = store.numbers("SELECT id FROM nodes ORDER BY id")
    if not len(numbers):
        return 0, 0.0
    subjects, objects = (store.numbers(f"SELECT {end} FROM edges ORDER BY id") for end in ("subject", "object"))
    ends = np.searchsorted(numbers, subjects), np.searchsorted(numbers, objects)
    graph = coo_array((np.ones(len(subjects), np.int8), ends), shape=(len(numbers), len(numbers)))
    count, of = connected_components(graph, directed=False)
    return int(count), float(np.bincount(of).max() / len(numbers))


def _ambiguous(store: Store) -> dict[str, dict[str, int]]:
    """Abbreviations by their alias, the most often explained first; spellings of one long form count together."""
    meanings: defaultdict[str, dict[str, tuple[str, int]]] = defaultdict(dict)
    sql = "SELECT key, other, count FROM evidence WHERE role = 'short' ORDER BY key, count DESC, other"
    for short, long, count in store.rows(sql):
        spelled, before = meanings[short].get(spelling(long), (long, 0))
        meanings[short][spelling(long)] = spelled, before + count
    several = {
        short: dict(sorted(found.values(), key=lambda told: (-told[1], told[0])))
        for short, found in meanings.items()
        if len(found) > 1
    }
    return dict(sorted(several.items(), key=lambda item: (-sum(item[1].values()), item[0])))


def _uncertain(store: Store) -> list[Merged]:
    """Merges to look at: who names two things in one place may mean two."""
    alike = [merge for merge in merges(store) if merge.rule == "inflection"]

    def beside(merge: Merged) -> bool:
        with store.lock:
            name, other = (
                holders.holders(store.connection, [(key_of(name), False)]) for name in (merge.name, merge.through)
            )
        return bool(name & other)

    return sorted(alike, key=lambda merge: (not beside(merge), merge.evidence, merge.name))


def _doubles(store: Store) -> list[list[str]]:
    """Groups of nodes that may be one, those that most chunks name first."""
    groups: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    sql = """SELECT e.stem, n.label, count(m.chunk) FROM nodes n JOIN entries e ON e.key = n.key
        LEFT JOIN mentions m ON m.node = n.id GROUP BY n.id"""
    for stem, label, named in store.rows(sql):
        groups[stem].append((-named, label))
    several = sorted((sorted(group) for group in groups.values() if len(group) > 1), key=_told)
    return [[label for _, label in group] for group in several]


def _told(group: list[tuple[int, str]]) -> tuple[int, list[tuple[int, str]]]:
    return sum(named for named, _ in group), group
