"""Readings of chunks in SQLite: nodes, mentions, edges with the chunks that state them, and pairs.

What a changed reading concerns is noted as stale, for `knowledge_graph.upkeep` to put right once at the end.
"""

from __future__ import annotations

import sqlite3
from array import array

from knowledge_graph.facts import RELATED, VALUE, Triple
from knowledge_graph.reading import Reading

SCHEMA = """
CREATE TABLE nodes (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, label TEXT NOT NULL, kind TEXT NOT NULL,
    magnitude INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE mentions (
    chunk INTEGER NOT NULL REFERENCES chunks ON DELETE CASCADE, node INTEGER NOT NULL REFERENCES nodes,
    count INTEGER NOT NULL, topic INTEGER NOT NULL, PRIMARY KEY (chunk, node)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_of_node ON mentions (node);
CREATE TABLE edges (
    id INTEGER PRIMARY KEY, subject INTEGER NOT NULL REFERENCES nodes, relation TEXT NOT NULL,
    object INTEGER NOT NULL REFERENCES nodes, given INTEGER NOT NULL DEFAULT 0, UNIQUE (subject, relation, object)
) STRICT;
CREATE INDEX edges_of_object ON edges (object);
CREATE TABLE edge_chunks (
    edge INTEGER NOT NULL REFERENCES edges ON DELETE CASCADE,
    chunk INTEGER NOT NULL REFERENCES chunks ON DELETE CASCADE, PRIMARY KEY (edge, chunk)
) STRICT, WITHOUT ROWID;
CREATE INDEX edges_of_chunk ON edge_chunks (chunk);
CREATE TABLE readings (chunk INTEGER PRIMARY KEY, pairs BLOB NOT NULL) STRICT;
CREATE TABLE pairs (
    node INTEGER NOT NULL, other INTEGER NOT NULL, chunk INTEGER NOT NULL, PRIMARY KEY (node, other, chunk)
) STRICT, WITHOUT ROWID;
CREATE TABLE stale (node INTEGER PRIMARY KEY) STRICT;
"""
"""`mentions.count`: how often the chunk's text names the node; 0 where only its title or a heading does (`topic`).
`edges.given`: brought by the user. `readings`: the chunks that were read, with the pairs of nodes in their sentences;
`pairs`: the same by node, both ways round. `stale`: nodes of which pairs, edges or mentions have changed."""

_ENTRY = "SELECT label, kind FROM lexicon WHERE key = ?"
BATCH = 500
"""Chunks whose rows are written together."""


Pair = tuple[int, int]


class Readings:
    """Replaces readings of chunks, each once; what `flush` has not written yet is in memory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._nodes: dict[str, int] = {}
        self._edges: dict[Triple, int] = {}
        self._chunks = 0
        self._readings: list[tuple[int, bytes]] = []
        self._mentions: list[tuple[int, int, int, int]] = []
        self._pairs: list[tuple[int, int, int]] = []
        self._stated: list[Pair] = []
        self._stale: set[int] = set()

    def replace(self, chunk: int, reading: Reading | None) -> None:
        """Put a reading of a chunk in the place of the one there is, if any; None takes that away."""
        row = self._connection.execute("SELECT pairs FROM readings WHERE chunk = ?", (chunk,)).fetchone()
        reading_ = reading or Reading()
        mentions = {self.node(key): (count, int(key in reading_.topics)) for key, count in reading_.mentions.items()}
        for key in sorted(reading_.topics - reading_.mentions.keys()):
            mentions[self.node(key)] = (0, 1)
        pairs = {(self.node(first), self.node(second)) for first, second in reading_.pairs}
        self._replace_pairs(chunk, _unpacked(row[0]) if row else set(), pairs)
        self._replace_mentions(chunk, self._old_mentions(chunk) if row else {}, mentions)
        edges = {self.edge(triple) for triple in sorted(reading_.facts)}
        self._replace_edges(chunk, self._old_edges(chunk, pairs) if row else set(), edges)
        if reading is None:
            self._connection.execute("DELETE FROM readings WHERE chunk = ?", (chunk,))
        else:
            self._readings.append((chunk, array("q", [end for pair in pairs for end in pair]).tobytes()))
        self._chunks += 1
        if self._chunks % BATCH == 0:
            self.flush()

    def node(self, key: str) -> int:
        """The number of the node with a key of the lexicon or of a value; it is made where there is none."""
        if key not in self._nodes:
            execute = self._connection.execute
            found = execute("SELECT id FROM nodes WHERE key = ?", (key,)).fetchone()
            if found is None:
                value = key.startswith(VALUE)
                row = (key[1:], "value") if value else execute(_ENTRY, (key,)).fetchone()
                sql = "INSERT INTO nodes (key, label, kind) VALUES (?, ?, ?) RETURNING id"
                found = execute(sql, (key, *row)).fetchone()
            self._nodes[key] = found[0]
        return self._nodes[key]

    def edge(self, triple: Triple) -> int:
        """The number of the edge that is a fact; it is made where there is none."""
        if triple not in self._edges:
            execute = self._connection.execute
            row = (self.node(triple.subject), triple.relation, self.node(triple.object))
            found = execute("SELECT id FROM edges WHERE subject = ? AND relation = ? AND object = ?", row).fetchone()
            if found is None:
                sql = "INSERT INTO edges (subject, relation, object) VALUES (?, ?, ?) RETURNING id"
                found = execute(sql, row).fetchone()
                self._stale.update((row[0], row[2]))
            self._edges[triple] = found[0]
        return self._edges[triple]

    def flush(self) -> None:
        """Write what is in memory."""
        execute = self._connection.executemany
        execute("INSERT OR REPLACE INTO readings VALUES (?, ?)", self._readings)
        execute("INSERT OR REPLACE INTO mentions VALUES (?, ?, ?, ?)", sorted(self._mentions))
        execute("INSERT INTO pairs VALUES (?, ?, ?)", sorted(self._pairs))
        execute("INSERT OR IGNORE INTO edge_chunks VALUES (?, ?)", sorted(self._stated))
        execute("INSERT OR IGNORE INTO stale VALUES (?)", [(node,) for node in sorted(self._stale)])
        for written in (self._readings, self._mentions, self._pairs, self._stated, self._stale):
            written.clear()

    def _replace_pairs(self, chunk: int, old: set[Pair], new: set[Pair]) -> None:
        if gone := old - new:
            rows = [(*ends, chunk) for pair in gone for ends in (pair, pair[::-1])]
            self._connection.executemany("DELETE FROM pairs WHERE node = ? AND other = ? AND chunk = ?", rows)
        for first, second in new - old:
            self._pairs += ((first, second, chunk), (second, first, chunk))
        for pair in old ^ new:
            self._stale.update(pair)

    def _old_mentions(self, chunk: int) -> dict[int, tuple[int, int]]:
        rows = self._connection.execute("SELECT node, count, topic FROM mentions WHERE chunk = ?", (chunk,))
        return {node: (count, topic) for node, count, topic in rows}

    def _replace_mentions(self, chunk: int, old: dict[int, tuple[int, int]], new: dict[int, tuple[int, int]]) -> None:
        if gone := old.keys() - new.keys():
            rows = [(chunk, node) for node in gone]
            self._connection.executemany("DELETE FROM mentions WHERE chunk = ? AND node = ?", rows)
        self._mentions += [(chunk, node, *found) for node, found in new.items() if old.get(node) != found]
        self._stale |= old.keys() ^ new.keys()

    def _old_edges(self, chunk: int, pairs: set[Pair]) -> set[int]:
        """Edges that a chunk stated, but for the pairs that it still holds."""
        sql = """SELECT e.id, e.relation, e.subject, e.object FROM edge_chunks c JOIN edges e ON e.id = c.edge
            WHERE c.chunk = ?"""
        rows = self._connection.execute(sql, (chunk,))
        return {edge for edge, relation, *ends in rows if relation != RELATED or tuple(ends) not in pairs}

    def _replace_edges(self, chunk: int, old: set[int], new: set[int]) -> None:
        for edge in old - new:
            self._connection.execute("DELETE FROM edge_chunks WHERE edge = ? AND chunk = ?", (edge, chunk))
            self._stale.update(
                self._connection.execute("SELECT subject, object FROM edges WHERE id = ?", (edge,)).fetchone()
            )
        self._stated += [(edge, chunk) for edge in new - old]


def _unpacked(packed: bytes) -> set[Pair]:
    ends = array("q")
    ends.frombytes(packed)
    return set(zip(ends[::2], ends[1::2], strict=True))
