"""Which chunks can name a key: a full-text index of what chunks were searched by when they were read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from zlib import crc32

from knowledge_graph.lexicon import Seen, character_pairs

SCHEMA = """
CREATE VIRTUAL TABLE words USING fts5(hashes, capitals, columnsize=0, tokenize='ascii');
"""
"""`words`: by chunk, hashes of its words in order, in Chinese of every two characters, and of those with a capital."""


def add(connection: sqlite3.Connection, chunk: int, seen: Seen) -> None:
    """Enter a chunk by position."""
    row = (chunk, " ".join(map(_hash, seen.words)), " ".join(map(_hash, seen.capitals)))
    connection.execute("INSERT INTO words (rowid, hashes, capitals) VALUES (?, ?, ?)", row)


def remove(connection: sqlite3.Connection, chunks: Iterable[int]) -> None:
    """Take chunks out."""
    connection.executemany("DELETE FROM words WHERE rowid = ?", ((chunk,) for chunk in chunks))


def compact(connection: sqlite3.Connection) -> None:
    """Merge the index: until then it holds the hashes of chunks that were taken out."""
    connection.execute("INSERT INTO words (words) VALUES ('optimize')")


def holders(connection: sqlite3.Connection, keys: Iterable[tuple[str, bool]]) -> set[int]:
    """Every chunk in which one of the keys can be found, and perhaps a few more whose words have the same hashes.

    Args:
        keys: Each with whether only text with a capital is meant.
    """
    found: set[int] = set()
    for key, cased in keys:
        words = key.split()
        query = f"hashes : {_phrase(words)}"
        if cased:
            query = f"({query} AND capitals : {_phrase(words[:1])})"
        if len(key) > 1:
            query += f" OR hashes : {_phrase(character_pairs(key))}"
        found.update(row[0] for row in connection.execute("SELECT rowid FROM words WHERE words MATCH ?", (query,)))
    return found


def _phrase(words: Iterable[str]) -> str:
    return f'"{" ".join(map(_hash, words))}"'


@lru_cache(maxsize=1 << 16)
def _hash(word: str) -> str:
    return f"{crc32(word.encode()) & 0xFFFFF:05x}"
