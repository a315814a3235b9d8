"""Readings of chunks in SQLite: nodes, mentions, edges with the chunks that state them, and pairs.

What a changed reading concerns is noted as stale, for `knowledge_graph.upkeep` to put right once at the end.
"""

from __future__ import annotations

import sqlite3
from array import array
from itertools import chain
from typing import NamedTuple

from knowledge_graph.facts import RELATED, VALUE, Triple
from knowledge_graph.lazy import Lazy
from knowledge_graph.reading import Reading

SCHEMA = """
CREATE TABLE entities (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, label TEXT NOT NULL, kind TEXT NOT NULL,
    magnitude INTEGER NOT NULL DEFAULT 0, shown INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE VIEW nodes AS SELECT id, key, label, kind FROM entities WHERE shown;
CREATE TABLE mentions (
    chunk INTEGER NOT NULL, node INTEGER NOT NULL, count INTEGER NOT NULL, topic INTEGER NOT NULL,
    PRIMARY KEY (chunk, node)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_of_node ON mentions (node);
CREATE TABLE edges (
    id INTEGER PRIMARY KEY, subject INTEGER NOT NULL REFERENCES entities, relation TEXT NOT NULL,
    object INTEGER NOT NULL REFERENCES entities, given INTEGER NOT NULL DEFAULT 0, UNIQUE (subject, relation, object)
) STRICT;
CREATE INDEX edges_of_object ON edges (object);
CREATE TABLE edge_chunks (
    edge INTEGER NOT NULL REFERENCES edges ON DELETE CASCADE, chunk INTEGER NOT NULL, PRIMARY KEY (edge, chunk)
) STRICT, WITHOUT ROWID;
CREATE INDEX edges_of_chunk ON edge_chunks (chunk);
CREATE TABLE readings (chunk INTEGER PRIMARY KEY, pairs BLOB NOT NULL) STRICT;
CREATE TABLE pairs (
    node INTEGER NOT NULL, other INTEGER NOT NULL, chunk INTEGER NOT NULL, PRIMARY KEY (node, other, chunk)
) STRICT, WITHOUT ROWID;
CREATE TABLE stale (node INTEGER PRIMARY KEY) STRICT;
"""
"""`nodes`: the entities that a heading is, that are named by themselves somewhere, or of which something is stated; the
others, as "Hanoi" where there are only "Towers of Hanoi", still tie chunks together. `mentions.count`: how often the
chunk's text names the entity by itself; 0 where only a longer name, the title or a heading does (`topic`).
`edges.given`: brought by the user. `readings`: the chunks that were read, with the pairs of nodes in their sentences;
`pairs`: the same by node, both ways round. `stale`: nodes of which pairs, edges or mentions have changed."""

_ENTRY = "SELECT label, kind FROM lexicon WHERE key = ?"
BATCH = 500
"""Chunks whose rows are written together."""


Pair = tuple[int, int]


class _Rows(NamedTuple):
    """A reading by numbers: count and topic of the nodes named, pairs, and edges."""

    mentions: dict[int, tuple[int, int]]
    pairs: set[Pair]
    edges: set[int]


class Readings:
    """Changes readings of chunks, each once; what `flush` has not written yet is in memory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.nodes = Lazy(self._node)
        """The number of the node with a key of the lexicon or of a value; it is made where there is none."""
        self._edges: dict[Triple, int] = {}
        self._chunks = 0
        self._readings: list[tuple[int, bytes]] = []
        self._mentions: list[tuple[int, int, int, int]] = []
        self._pairs: list[tuple[int, int, int]] = []
        self._stated: list[Pair] = []
        self._stale: set[int] = set()

    def replace(self, chunk: int, reading: Reading) -> None:
        """Put a reading of a chunk in the place of the one there is, if any."""
        old = self._old(chunk)
        new = self._new(reading)
        self._take(chunk, old, new)
        self._put(chunk, old, new)
        self._readings.append((chunk, array("q", chain.from_iterable(new.pairs)).tobytes()))
        self._chunks += 1
        if self._chunks % BATCH == 0:
            self.flush()

    def remove(self, chunk: int) -> None:
        """Take away the reading of a chunk, if there is one."""
        self._take(chunk, self._old(chunk), _Rows({}, set(), set()))
        self._connection.execute("DELETE FROM readings WHERE chunk = ?", (chunk,))

    def edge(self, fact: Triple) -> int:
        """The number of the edge that is a fact; it is made where there is none."""
        if fact not in self._edges:
            execute = self._connection.execute
            row = (self.nodes[fact.subject], fact.relation, self.nodes[fact.object])
            found = execute("SELECT id FROM edges WHERE subject = ? AND relation = ? AND object = ?", row).fetchone()
            if found is None:
                sql = "INSERT INTO edges (subject, relation, object) VALUES (?, ?, ?) RETURNING id"
                found = execute(sql, row).fetchone()
                self._stale.update(row[::2])
            self._edges[fact] = found[0]
        return self._edges[fact]

    def flush(self) -> None:
        """Write what is in memory."""
        execute = self._connection.executemany
        self._stale.update({row[1] for row in self._mentions}, {row[0] for row in self._pairs})
        execute("INSERT OR REPLACE INTO readings VALUES (?, ?)", self._readings)
        execute("INSERT INTO mentions VALUES (?, ?, ?, ?)", sorted(self._mentions))
        execute("INSERT INTO pairs VALUES (?, ?, ?)", sorted(self._pairs))
        execute("INSERT OR IGNORE INTO edge_chunks VALUES (?, ?)", sorted(self._stated))
        execute("INSERT OR IGNORE INTO stale VALUES (?)", [(node,) for node in sorted(self._stale)])
        for written in (self._readings, self._mentions, self._pairs, self._stated, self._stale):
            written.clear()

    def _node(self, key: str) -> int:
        execute = self._connection.execute
        found = execute("SELECT id FROM entities WHERE key = ?", (key,)).fetchone()
        if found is None:
            value = key.startswith(VALUE)
            row = (key[1:], "value") if value else execute(_ENTRY, (key,)).fetchone()
            sql = "INSERT INTO entities (key, label, kind) VALUES (?, ?, ?) RETURNING id"
            found = execute(sql, (key, *row)).fetchone()
        return int(found[0])

    def _new(self, reading: Reading) -> _Rows:
        nodes, topics = self.nodes, reading.topics
        mentions = {nodes[key]: (count, int(key in topics)) for key, count in reading.mentions.items()}
        for key in sorted(topics - reading.mentions.keys()):
            mentions[nodes[key]] = (0, 1)
        pairs = {(nodes[first], nodes[second]) for first, second in reading.pairs}
        return _Rows(mentions, pairs, {self.edge(fact) for fact in sorted(reading.facts)})

    def _old(self, chunk: int) -> _Rows:
        row = self._connection.execute("SELECT pairs FROM readings WHERE chunk = ?", (chunk,)).fetchone()
        if row is None:
            return _Rows({}, set(), set())
        ends = array("q", row[0])
        mentions = self._connection.execute("SELECT node, count, topic FROM mentions WHERE chunk = ?", (chunk,))
        edges = self._connection.execute("SELECT edge FROM edge_chunks WHERE chunk = ?", (chunk,))
        return _Rows(
            {node: (count, topic) for node, count, topic in mentions},
            set(zip(ends[::2], ends[1::2], strict=True)),
            {edge for (edge,) in edges},
        )

    def _take(self, chunk: int, old: _Rows, new: _Rows) -> None:
        """Delete what an old reading says and a new one does not."""
        execute = self._connection.executemany
        if gone := [(chunk, node) for node, found in old.mentions.items() if new.mentions.get(node) != found]:
            execute("DELETE FROM mentions WHERE chunk = ? AND node = ?", gone)
            self._stale |= old.mentions.keys() - new.mentions.keys()
        if pairs := old.pairs - new.pairs:
            rows = [(*ends, chunk) for pair in pairs for ends in (pair, pair[::-1])]
            execute("DELETE FROM pairs WHERE node = ? AND other = ? AND chunk = ?", rows)
            self._stale.update(chain.from_iterable(pairs))
        for edge in old.edges - new.edges:
            sql = "SELECT relation, subject, object FROM edges WHERE id = ?"
            relation, *ends = self._connection.execute(sql, (edge,)).fetchone()
            if relation != RELATED or tuple(ends) not in new.pairs:
                self._connection.execute("DELETE FROM edge_chunks WHERE edge = ? AND chunk = ?", (edge, chunk))
                self._stale.update(ends)

    def _put(self, chunk: int, old: _Rows, new: _Rows) -> None:
        """Note what a new reading says and the old one did not."""
        known = old.mentions
        self._mentions += [
            (chunk, node, *found) for node, found in new.mentions.items() if not known or known.get(node) != found
        ]
        for first, second in new.pairs - old.pairs:
            self._pairs += ((first, second, chunk), (second, first, chunk))
        self._stated += [(edge, chunk) for edge in new.edges - old.edges]
