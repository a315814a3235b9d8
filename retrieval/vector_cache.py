"""Vectors by the text they encode, kept for all bots: what was encoded once is not encoded again.

A SQLite file for each encoder, in half precision, which changes a cosine by less than 0.0001. It is only a cache:
whatever goes wrong with it is cured by encoding again.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.private import keep_private

KEPT_DAYS = 90
"""Vectors that no index has used for so long are forgotten."""
_TOUCHED_DAYS = 7
_AT_ONCE = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    digest BLOB PRIMARY KEY, vector BLOB NOT NULL, used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS vectors_by_use ON vectors (used);
"""


def digest(text: str) -> bytes:
    """What a text is known by: 128 bits of BLAKE2b."""
    return hashlib.blake2b(text.encode("utf8", "replace"), digest_size=16).digest()


class VectorCache:
    """One encoder's vectors; safe to use from several processes.

    Args:
        path: Of the file; None, or one that cannot be written, keeps them in memory.
        dimension: Length of a vector.
    """

    def __init__(self, path: Path | None, dimension: int) -> None:
        self.dimension = dimension
        self._day = int(time.time() // 86_400)
        self.path = path
        self._connection = _opened(path)

    def known(self, digests: Sequence[bytes]) -> set[bytes]:
        """Those of some texts whose vectors are here."""
        return {row[0] for row in self._rows("digest", digests)}

    def get(self, digests: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """The vectors of some texts, those left out that are not here or were damaged."""
        rows = list(self._rows("digest, vector, used", digests))
        if old := [(self._day, key) for key, _, used in rows if used < self._day - _TOUCHED_DAYS]:
            with contextlib.suppress(sqlite3.DatabaseError), self._connection:  # what is read only still serves
                self._connection.executemany("UPDATE vectors SET used = ? WHERE digest = ?", old)
        size = 2 * self.dimension
        sound = {key: data[:size] for key, data, _ in rows if len(data) == size + 4 and data == _sealed(data[:size])}
        vectors = np.frombuffer(b"".join(sound.values()), dtype="<f2").astype(np.float32)
        return dict(zip(sound, vectors.reshape(-1, self.dimension), strict=True))

    def add(self, digests: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Keep vectors, shape (len(digests), dimension); where the disk is full, from now on in memory."""
        halves = vectors.astype("<f2")
        rows = [(key, _sealed(row.tobytes()), self._day) for key, row in zip(digests, halves, strict=True)]
        try:
            self._insert(rows)
        except sqlite3.OperationalError:
            self._connection.close()
            self.path, self._connection = None, _opened(None)
            self._insert(rows)
        except sqlite3.DatabaseError as error:
            self._begin_anew(error)
            self._insert(rows)

    def _insert(self, rows: Sequence[tuple[bytes, bytes, int]]) -> None:
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def fill(
        self, texts: dict[bytes, str], encode: Callable[[list[str]], NDArray[np.float32]]
    ) -> dict[bytes, NDArray[np.float32]]:
        """Encode texts that are not here, keep their vectors, and return them as `get` does."""
        vectors = encode(list(texts.values()))
        self.add(list(texts), vectors)
        return dict(zip(texts, vectors.astype("<f2").astype(np.float32), strict=True))

    def questions(
        self, texts: Sequence[str], encode: Callable[[list[str]], NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """Vectors of questions, shape (len(texts), dimension); those that are not here are encoded and kept."""
        keys = {digest(f"question: {text}"): text for text in texts}
        found = self.get(list(keys))
        if lacking := {key: text for key, text in keys.items() if key not in found}:
            found |= self.fill(lacking, encode)
        vectors = [found[digest(f"question: {text}")] for text in texts]
        return np.stack(vectors) if vectors else np.empty((0, self.dimension), np.float32)

    def close(self) -> None:
        """Forget what was not used for long, and close the file."""
        with contextlib.suppress(sqlite3.DatabaseError), self._connection:  # damage waits until it is read
            self._connection.execute("DELETE FROM vectors WHERE used < ?", [self._day - KEPT_DAYS])
        self._connection.close()

    def _rows(self, columns: str, digests: Sequence[bytes]) -> Iterator[tuple]:  # type: ignore[type-arg]
        for part in batches(len(digests), _AT_ONCE):
            wanted = digests[part]
            sql = f"SELECT {columns} FROM vectors WHERE digest IN ({','.join('?' * len(wanted))})"
            try:
                yield from self._connection.execute(sql, wanted).fetchall()
            except sqlite3.DatabaseError as error:
                self._begin_anew(error)

    def _begin_anew(self, error: sqlite3.DatabaseError) -> None:
        """Put an empty file in the place of a damaged one; raises an error that is of another kind."""
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT or not self.path:
            raise error
        self._connection.close()
        self.path.unlink(missing_ok=True)
        self._connection = _opened(self.path)


def batches(total: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover `total` things."""
    return (slice(begin, min(begin + size, total)) for begin in range(0, total, size))


def _sealed(body: bytes) -> bytes:
    return body + zlib.crc32(body).to_bytes(4, "little")


def _opened(path: Path | None) -> sqlite3.Connection:
    """The file, made anew where it is damaged; memory where it cannot be written."""
    if path:
        for _ in range(2):
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                keep_private(path)
                connection = sqlite3.connect(path, timeout=60)
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.executescript(_SCHEMA)
                return connection
            except sqlite3.OperationalError:
                break
            except sqlite3.DatabaseError:
                path.unlink()
            except OSError:
                break
    connection = sqlite3.connect(":memory:")
    connection.executescript(_SCHEMA)
    return connection
