"""The source of truth of a built bot: documents, chunks and FAQ entries in SQLite."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.document import Chunk, Document
from retrieval.errors import GraftError

SCHEMA = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, source TEXT NOT NULL, text TEXT NOT NULL, metadata TEXT NOT NULL
) STRICT;
CREATE TABLE chunks (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, section TEXT NOT NULL, header TEXT NOT NULL
) STRICT;
CREATE INDEX chunks_of_document ON chunks (document_id);
CREATE TABLE faq (
    position INTEGER PRIMARY KEY, question TEXT NOT NULL,
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, start INTEGER NOT NULL, end INTEGER NOT NULL
) STRICT;
"""
_CHUNK = "SELECT c.id, c.document_id, substr(d.text, c.start + 1, c.end - c.start), c.start, c.end, c.section, c.header"


@dataclass(frozen=True, slots=True)
class FaqEntry:
    """A question the documents answer word for word; `document.text[start:end]` is the answer."""

    question: str
    document_id: str
    start: int
    end: int


class DamagedStore(GraftError, sqlite3.DatabaseError):
    """A database that cannot be read."""


class Store:
    """One connection shared by threads, guarded by a lock."""

    def __init__(self, path: Path, read_only: bool = True) -> None:
        self._path = path
        uri = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}"
        self.connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.lock = threading.Lock()

    @classmethod
    def create(cls, path: Path, documents: Iterable[Document], chunks: Iterable[Chunk]) -> Store:
        """Write a new database; chunk positions count from 0 in the order given."""
        store = cls(path, read_only=False)
        connection = store.connection
        connection.executescript(SCHEMA)
        with connection:
            for document in documents:
                metadata = {key: value for key, value in document.metadata.items() if key != "faq"}
                connection.execute(
                    "INSERT INTO documents VALUES (?, ?, ?, ?, ?)",
                    (document.id, document.title, document.source, document.text, json.dumps(metadata)),
                )
                connection.executemany(
                    "INSERT INTO faq (question, document_id, start, end) VALUES (?, ?, ?, ?)",
                    [(e["question"], document.id, e["start"], e["end"]) for e in document.metadata.get("faq", [])],
                )
            connection.executemany(
                "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?)",
                ((i, c.id, c.document_id, c.start, c.end, c.section, c.header) for i, c in enumerate(chunks)),
            )
        return store

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def rows(self, sql: str, arguments: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
        """Run a query under the lock.

        Raises:
            DamagedStore: The database is not what was written.
        """
        try:
            with self.lock:
                return self.connection.execute(sql, arguments).fetchall()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise
            raise DamagedStore(f"{self._path} is damaged ({error}); run: graft index BOT") from error

    def chunks(self, positions: Sequence[int]) -> list[Chunk]:
        """Chunks at the given positions, in that order."""
        sql = f"{_CHUNK}, c.position FROM chunks c JOIN documents d ON d.id = c.document_id WHERE c.position IN (%s)"
        found: dict[int, Chunk] = {}
        for begin in range(0, len(positions), 500):
            part = [int(position) for position in positions[begin : begin + 500]]
            found |= {row[7]: Chunk(*row[:7]) for row in self.rows(sql % ",".join("?" * len(part)), part)}
        return [found[int(position)] for position in positions]

    def count(self) -> int:
        """How many chunks there are."""
        return int(self.rows("SELECT count(*) FROM chunks")[0][0])

    def all_chunks(self) -> list[Chunk]:
        """Every chunk, by position."""
        rows = self.rows(f"{_CHUNK} FROM chunks c JOIN documents d ON d.id = c.document_id ORDER BY c.position")
        return [Chunk(*row) for row in rows]

    def chunk(self, chunk_id: str) -> Chunk | None:
        """A chunk by its id."""
        rows = self.rows(f"{_CHUNK} FROM chunks c JOIN documents d ON d.id = c.document_id WHERE c.id = ?", [chunk_id])
        return Chunk(*rows[0]) if rows else None

    def document(self, document_id: str) -> Document | None:
        """A document by its id."""
        rows = self.rows("SELECT id, title, text, source, metadata FROM documents WHERE id = ?", [document_id])
        if not rows:
            return None
        id_, title, text, source, metadata = rows[0]
        return Document(id_, title, text, source, json.loads(metadata))

    def titles_of(self, document_ids: Iterable[str]) -> dict[str, str]:
        """Titles of some documents, by id."""
        ids = list(document_ids)
        return dict(self.rows(f"SELECT id, title FROM documents WHERE id IN ({','.join('?' * len(ids))})", ids))

    def faq(self) -> list[FaqEntry]:
        """Every FAQ entry, by position."""
        return [
            FaqEntry(*row) for row in self.rows("SELECT question, document_id, start, end FROM faq ORDER BY position")
        ]
