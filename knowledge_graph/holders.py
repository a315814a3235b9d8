"""Which chunks may name a key: a full-text index of the words by which names were looked for in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from zlib import crc32

from knowledge_graph.lexicon import character_pairs
from retrieval.text import STOPWORDS

SCHEMA = """
CREATE VIRTUAL TABLE words USING fts5(hashes, columnsize=0, detail=none, tokenize='ascii');
"""
"""`words`: by chunk, the hashes of its words, folded as keys are; in Chinese text of every two characters."""


def add(connection: sqlite3.Connection, words: Iterable[tuple[int, set[str]]]) -> None:
    """Enter chunks by position, with the words that `Lexicon.mentions` saw in them."""
    rows = ((chunk, " ".join(map(_hash, seen - STOPWORDS))) for chunk, seen in words)
    connection.executemany("INSERT INTO words (rowid, hashes) VALUES (?, ?)", rows)


def remove(connection: sqlite3.Connection, chunks: Iterable[int]) -> None:
    """Take chunks out."""
    connection.executemany("DELETE FROM words WHERE rowid = ?", ((chunk,) for chunk in chunks))


def holders(connection: sqlite3.Connection, keys: Iterable[str]) -> set[int]:
    """Every chunk in which one of the keys can be found, and perhaps some more: hashes tell no order of words."""
    found: set[int] = set()
    for key in keys:
        ways = (words - STOPWORDS for words in (set(key.split()), character_pairs(key)))
        query = " OR ".join(f"({' AND '.join(sorted(map(_hash, words)))})" for words in ways if words)
        found.update(row[0] for row in connection.execute("SELECT rowid FROM words WHERE words MATCH ?", (query,)))
    return found


@lru_cache(maxsize=1 << 16)
def _hash(word: str) -> str:
    return f"h{crc32(word.encode()):08x}"
