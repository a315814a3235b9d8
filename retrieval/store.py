"""The source of truth of a built bot: documents, chunks and FAQ entries in SQLite. `retrieval.ingest` writes it."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.document import Chunk, Document
from retrieval.errors import GraftError

DATABASE = "knowledge.db"
TOLD = "told"
"""The key of a document's metadata under which a program's own are, whatever it calls them."""
IDS_AT_ONCE = 500
"""What the store is called in a bot's build."""
SCHEMA = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, source TEXT NOT NULL, text TEXT NOT NULL, metadata TEXT NOT NULL,
    date TEXT NOT NULL, language TEXT NOT NULL, size INTEGER NOT NULL, changed INTEGER NOT NULL, digest TEXT NOT NULL
) STRICT;
CREATE TABLE chunks (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, section TEXT NOT NULL, header TEXT NOT NULL, digest BLOB NOT NULL
) STRICT;
CREATE INDEX chunks_of_document ON chunks (document_id);
CREATE TABLE bags (position INTEGER PRIMARY KEY REFERENCES chunks ON DELETE CASCADE, terms BLOB NOT NULL) STRICT;
CREATE TABLE faq (
    id INTEGER PRIMARY KEY, question TEXT NOT NULL,
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, start INTEGER NOT NULL, end INTEGER NOT NULL
) STRICT;
CREATE INDEX faq_of_document ON faq (document_id);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
"""`date` (ISO), `size`, `changed` (ns) and `digest` (SHA-256) are those of a document's file,
`language` as `retrieval.language` tells it; a chunk's digest is that of what is
encoded for it, and its bag what `retrieval.bags` counts. Positions number the chunks and may have holes."""

CHUNK = "SELECT c.id, c.document_id, substr(d.text, c.start + 1, c.end - c.start), c.start, c.end, c.section, c.header"


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

    def __init__(self, path: Path) -> None:
        self._path = path
        self.connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        self.lock = threading.Lock()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def rows(self, sql: str, arguments: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
        """Run a query under the lock.

        Raises:
            DamagedStore: The database is not what was written.
            GraftError: It cannot be read now: another program has locked it, or the disk fails.
        """
        with self._reading():
            return self.connection.execute(sql, arguments).fetchall()

    def numbers(self, sql: str, arguments: Sequence[object] = ()) -> NDArray[np.int64]:
        """The only column of a query, where it holds integers; errors as of `rows`."""
        with self._reading():
            return np.fromiter((row[0] for row in self.connection.execute(sql, arguments)), dtype=np.int64)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with self.lock:
                yield
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise DamagedStore(f"{self._path} is damaged ({error}); run: graft index BOT") from error
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR):
                raise GraftError(f"{self._path} cannot be read: {error}") from error
            raise

    def blocks(self, sql: str, size: int) -> Iterator[list[tuple]]:  # type: ignore[type-arg]
        """The rows of a query, so many at a time, for those who alone use the store."""
        cursor = self.connection.execute(sql)
        while rows := cursor.fetchmany(size):
            yield rows

    def chunks(self, positions: Sequence[int]) -> list[Chunk]:
        """Chunks at the given positions, in that order."""
        sql = f"{CHUNK}, c.position FROM chunks c JOIN documents d ON d.id = c.document_id WHERE c.position IN (%s)"
        found: dict[int, Chunk] = {}
        for begin in range(0, len(positions), IDS_AT_ONCE):
            part = [int(position) for position in positions[begin : begin + IDS_AT_ONCE]]
            found |= {row[7]: Chunk(*row[:7]) for row in self.rows(sql % ",".join("?" * len(part)), part)}
        return [found[int(position)] for position in positions]

    def positions_of(self, chunk_ids: Sequence[str]) -> list[int]:
        """The positions of some chunks, in that order."""
        marks = ",".join("?" * len(chunk_ids))
        found = dict(self.rows(f"SELECT id, position FROM chunks WHERE id IN ({marks})", chunk_ids))
        return [found[chunk_id] for chunk_id in chunk_ids]

    def positions(self) -> NDArray[np.int64]:
        """The position of every chunk, in order."""
        return self.numbers("SELECT position FROM chunks ORDER BY position")

    def sample(self, size: int) -> list[int]:
        """Positions of some chunks, the same whatever the order in which documents came."""
        return [row[0] for row in self.rows("SELECT position FROM chunks ORDER BY digest, id LIMIT ?", [size])]

    def count(self) -> int:
        """How many chunks there are."""
        return int(self.rows("SELECT count(*) FROM chunks")[0][0])

    def size(self) -> int:
        """More than the highest position."""
        return int(self.rows("SELECT coalesce(max(position), -1) + 1 FROM chunks")[0][0])

    def all_chunks(self) -> list[Chunk]:
        """Every chunk, by position."""
        rows = self.rows(f"{CHUNK} FROM chunks c JOIN documents d ON d.id = c.document_id ORDER BY c.position")
        return [Chunk(*row) for row in rows]

    def chunk(self, chunk_id: str) -> Chunk | None:
        """A chunk by its id."""
        rows = self.rows(f"{CHUNK} FROM chunks c JOIN documents d ON d.id = c.document_id WHERE c.id = ?", [chunk_id])
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

    def metadata_of(self, document_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Metadata of those of some documents that are there, by id.

        They hold the `title`, the `source` and, where there is one, the `date` (ISO); what a program told of its
        document is as it told it.
        """
        ids = list(document_ids)
        found: dict[str, dict[str, Any]] = {}
        for begin in range(0, len(ids), IDS_AT_ONCE):
            part = ids[begin : begin + IDS_AT_ONCE]
            marks = ",".join("?" * len(part))
            sql = f"SELECT id, title, source, date, metadata FROM documents WHERE id IN ({marks})"
            for id_, title, source, date, metadata in self.rows(sql, part):
                own = json.loads(metadata)
                told = own.pop(TOLD, {})
                own.pop("pages", None)  # where each begins, thousands of them
                found[id_] = {"title": title, "source": source} | ({"date": date} if date else {}) | own | told
        return found

    def faq(self) -> list[FaqEntry]:
        """Every FAQ entry, in the order of the documents."""
        sql = "SELECT question, document_id, start, end FROM faq ORDER BY document_id, start, question"
        return [FaqEntry(*row) for row in self.rows(sql)]
