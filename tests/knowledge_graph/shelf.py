"""Documents that come and go in one database, and the graph that is kept of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from knowledge_graph.aliases import Alias
from knowledge_graph.names import key_of
from knowledge_graph.resolution import Encode
from knowledge_graph.store import SCHEMA
from knowledge_graph.update import GraphUpdate, Placed, Said
from retrieval.document import Chunk, Document
from retrieval.splitter import split
from retrieval.store import SCHEMA as DOCUMENTS

Picture = dict[str, list[tuple[Any, ...]]]


@dataclass
class Shelf:
    """A database in memory; positions of chunks that went are used again, the last first."""

    language: str = "en"
    encode: Encode | None = None
    words: int = 30
    chunks: dict[str, list[Placed]] = field(default_factory=dict)
    free: list[int] = field(default_factory=list)
    last: int = 0

    def __post_init__(self) -> None:
        self.connection = sqlite3.connect(":memory:")
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.connection.executescript(DOCUMENTS + SCHEMA)

    @property
    def update(self) -> GraphUpdate:
        """A new one each time, as in another process."""
        return GraphUpdate(self.connection, self.language, self.encode)

    def add(self, *documents: Document) -> None:
        for document in documents:
            chunks = split(document, self.words, self.words // 4) or [Chunk(f"{document.id}#0", document.id, "", 0, 0)]
            placed = [(self._position(), chunk, document.title) for chunk in chunks]
            row = (document.id, document.title, document.source, document.text, json.dumps(document.metadata))
            self.connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, '', '', 0, 0, '')", row)
            self.connection.executemany(
                "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, x'')",
                [(at, c.id, c.document_id, c.start, c.end, c.section, c.header) for at, c, _ in placed],
            )
            self.update.learn(placed)
            self.chunks[document.id] = placed

    def remove(self, document_id: str) -> None:
        placed = self.chunks.pop(document_id)
        self.update.forget(placed)
        self.connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))
        self.free += [position for position, *_ in placed]

    def settle(self, triples: Sequence[Said] = (), aliases: Sequence[Alias] = ()) -> None:
        self.update.settle(triples, aliases=aliases)

    def means(self, name: str) -> str:
        """The label of the entity that a name means; empty if it means none."""
        rows = self._rows(
            f"SELECT t.label FROM lexicon l JOIN lexicon t ON t.key = l.target WHERE l.key = {key_of(name)!r}"
        )
        return rows[0][0] if rows else ""

    def shown(self) -> set[str]:
        """The labels of the nodes."""
        return {label for (label,) in self._rows("SELECT label FROM nodes")}

    def picture(self) -> Picture:
        """The graph by what it says, whatever the numbers of its nodes, edges and chunks."""

        return {
            "nodes": self._rows("SELECT key, label, kind, magnitude, shown FROM entities"),
            "aliases": self._rows("SELECT a.key, n.key FROM aliases a JOIN nodes n ON n.id = a.node"),
            "mentions": self._rows(
                """SELECT c.id, n.key, m.count, m.topic FROM mentions m
                JOIN entities n ON n.id = m.node JOIN chunks c ON c.position = m.chunk"""
            ),
            "edges": self.edges(),
            "provenance": self._rows(
                """SELECT s.key, e.relation, o.key, c.id FROM edges e JOIN edge_chunks x ON x.edge = e.id
                JOIN chunks c ON c.position = x.chunk
                JOIN nodes s ON s.id = e.subject JOIN nodes o ON o.id = e.object"""
            ),
            "lexicon": self._rows("SELECT * FROM lexicon"),
            "merges": self._rows("SELECT * FROM merges"),
            "entries": self._rows("SELECT * FROM entries") + self._rows("SELECT * FROM links"),
            "sums": self._rows("SELECT * FROM evidence") + self._rows("SELECT * FROM capitals"),
        }

    def edges(self) -> list[tuple[Any, ...]]:
        """Subject, relation and object of the edges, and whether the user brought them."""
        return self._rows(
            """SELECT s.key, e.relation, o.key, e.given FROM edges e
            JOIN nodes s ON s.id = e.subject JOIN nodes o ON o.id = e.object"""
        )

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return sorted(self.connection.execute(sql))

    def _position(self) -> int:
        if self.free:
            return self.free.pop()
        self.last += 1
        return self.last - 1
