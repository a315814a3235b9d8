"""Writing a store: documents are cut, counted and put into it, and encoded while the next ones are read."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from retrieval.bags import bag
from retrieval.document import Chunk, Document
from retrieval.encoder import Encoder
from retrieval.language import language_of
from retrieval.store import CHUNK, SCHEMA
from retrieval.vector_cache import VectorCache, digest

DOCUMENTS_PER_COMMIT = 200
SECONDS_PER_COMMIT = 3.0
"""How often vectors are written: what a kill costs at most."""
TELLING = 2_000
"""Characters that tell a document's language."""
ASKED = 10_000
"""Texts on their way to the encoder, after which those that have arrived are forgotten."""
FREE = """
DROP TABLE IF EXISTS temp.free;
CREATE TEMP TABLE free (position INTEGER PRIMARY KEY);
WITH RECURSIVE holes (position, stop) AS (
    SELECT begin, stop FROM (
        SELECT lag(position, 1, -1) OVER (ORDER BY position) + 1 AS begin, position AS stop FROM chunks
    ) WHERE begin < stop
    UNION ALL SELECT position + 1, stop FROM holes WHERE position + 1 < stop
) INSERT INTO free SELECT position FROM holes;
"""
"""Collects the positions between those of chunks."""

Numbered = Sequence[tuple[int, Chunk, str]]
"""Chunks, each with its position and the title of its document."""

Encoded = Callable[[int, int], None]
"""Called with how many texts were encoded, and how many have come that are to be."""


class Observer(Protocol):
    """Who keeps something of its own about chunks in the same database."""

    def forget(self, chunks: Numbered) -> None:
        """Chunks are about to go."""
        ...

    def learn(self, chunks: Numbered) -> None:
        """Chunks have come."""
        ...


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells whether a document's file has changed.

    Args:
        date: Of its last change, ISO.
        size: In bytes.
        changed: Time of its last change, ns; 0 where it may change again without its showing.
        digest: SHA-256.
    """

    date: str = ""
    size: int = 0
    changed: int = 0
    digest: str = ""


def indexed_text(title: str, chunk: Chunk) -> str:
    """What is encoded for a chunk: its text after its document's title and section, which it often assumes."""
    heading = f"{title} › {chunk.section}" if chunk.section else title
    return f"{heading}\n{chunk.whole}"


def connect(path: Path, schema: str = "") -> sqlite3.Connection:
    """Open a database for writing, made with the store's tables and those of `schema` where there is none.

    Written through a log (WAL), so that a kill loses what was not committed and no more; what is deleted is
    overwritten.
    """
    connection = sqlite3.connect(path)
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'documents'").fetchone():
        connection.executescript(f"BEGIN; {SCHEMA} {schema} COMMIT;")
    return connection


def seal(connection: sqlite3.Connection) -> None:
    """Commit, bring the log into the file, and close: one file, readable from a medium that cannot be written."""
    connection.commit()
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()


class Ingest:
    """Changes the documents of a store; what is committed survives a kill.

    Args:
        connection: As `connect` opens it.
    """

    def __init__(self, connection: sqlite3.Connection, observer: Observer | None = None) -> None:
        self.connection = connection
        self._observer = observer
        connection.executescript(FREE)
        self._next = int(connection.execute("SELECT coalesce(max(position), -1) + 1 FROM chunks").fetchone()[0])

    def stamps(self) -> dict[str, Stamp]:
        """The stamp of every document, by id."""
        sql = "SELECT id, date, size, changed, digest FROM documents"
        return {row[0]: Stamp(*row[1:]) for row in self.connection.execute(sql)}

    def restamp(self, document_id: str, stamp: Stamp) -> None:
        """Note that a document's file looks different though its content is the same."""
        sql = "UPDATE documents SET date = ?, size = ?, changed = ?, digest = ? WHERE id = ?"
        self.connection.execute(sql, (*astuple(stamp), document_id))

    def remove(self, document_id: str) -> None:
        """Take a document out, if it is there, with all that was known of it."""
        sql = f"{CHUNK}, c.position, d.title FROM chunks c JOIN documents d ON d.id = c.document_id WHERE d.id = ?"
        gone = [(row[7], Chunk(*row[:7]), row[8]) for row in self.connection.execute(sql, [document_id])]
        if self._observer and gone:
            self._observer.forget(gone)
        self.connection.execute("DELETE FROM documents WHERE id = ?", [document_id])
        self.connection.executemany("INSERT INTO free VALUES (?)", [(position,) for position, *_ in gone])

    def put(self, document: Document, chunks: Sequence[Chunk], stamp: Stamp = Stamp()) -> list[tuple[bytes, str]]:
        """Put a document in, in place of one with its id; returns what is to be encoded for it, with the digests."""
        self.remove(document.id)
        metadata = {key: value for key, value in document.metadata.items() if key not in {"faq", "date"}}
        stamp = replace(stamp, date=document.metadata.get("date", stamp.date))
        told = (document.id, document.title, document.source, document.text, json.dumps(metadata))
        row = (*told, stamp.date, language_of(document.text[:TELLING]), stamp.size, stamp.changed, stamp.digest)
        self.connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        self.connection.executemany(
            "INSERT INTO faq (question, document_id, start, end) VALUES (?, ?, ?, ?)",
            [(e["question"], document.id, e["start"], e["end"]) for e in document.metadata.get("faq", [])],
        )
        texts = [indexed_text(document.title, chunk) for chunk in chunks]
        encoded = [(digest(text), text) for text in texts]
        positions = [self._position() for _ in chunks]
        self.connection.executemany(
            "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (position, c.id, c.document_id, c.start, c.end, c.section, c.header, key)
                for position, c, (key, _) in zip(positions, chunks, encoded, strict=True)
            ),
        )
        self.connection.executemany(
            "INSERT INTO bags VALUES (?, ?)",
            ((position, bag(text).tobytes()) for position, text in zip(positions, texts, strict=True)),
        )
        if self._observer:
            self._observer.learn([(p, chunk, document.title) for p, chunk in zip(positions, chunks, strict=True)])
        return encoded

    def add(
        self,
        arriving: Iterable[tuple[Document, Sequence[Chunk], Stamp]],
        encoder: Encoder,
        cache: VectorCache,
        progress: Encoded = lambda done, come: None,
    ) -> None:
        """Put documents in as they come with their chunks, and the vectors of these into the cache.

        The encoder works while the next documents are read, cut and counted; what the cache holds is not encoded again.

        Args:
            progress: Told how far this is.
        """
        come = 0

        def texts() -> Iterator[tuple[bytes, str]]:
            nonlocal come
            asked: set[bytes] = set()  # and not known to have arrived
            for number, (document, chunks, stamp) in enumerate(arriving, 1):
                encoded = dict(self.put(document, chunks, stamp))
                new = encoded.keys() - asked
                asked |= new
                new -= cache.known(list(new))
                come += len(new)
                yield from ((key, text) for key, text in encoded.items() if key in new)
                if len(asked) > ASKED:
                    asked -= cache.known(list(asked))
                if number % DOCUMENTS_PER_COMMIT == 0:
                    self.connection.commit()

        encode(texts(), encoder, cache, lambda done: progress(done, come))
        self.connection.commit()

    def _position(self) -> int:
        sql = "DELETE FROM free WHERE position = (SELECT min(position) FROM free) RETURNING position"
        if free := self.connection.execute(sql).fetchall():
            return int(free[0][0])
        self._next += 1
        return self._next - 1


def encode(
    texts: Iterable[tuple[bytes, str]], encoder: Encoder, cache: VectorCache, told: Callable[[int], None]
) -> None:
    """Put the vectors of texts, which come with their digests, into a cache.

    Args:
        told: Called with how many are done.
    """
    keys: list[bytes] = []
    vectors = []
    done, written = 0, time.monotonic()
    for some, found in encoder.stream(texts):
        keys += some
        vectors.append(found)
        done += len(some)
        told(done)
        if time.monotonic() > written + SECONDS_PER_COMMIT:
            cache.add(keys, np.concatenate(vectors))
            keys, vectors, written = [], [], time.monotonic()
    if keys:
        cache.add(keys, np.concatenate(vectors))
