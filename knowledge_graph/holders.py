"""Which chunks may name a key: a full-text index of the words of chunks, folded as keys are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from zlib import crc32

from knowledge_graph import english
from knowledge_graph.evidence import headings, table_cells
from knowledge_graph.names import TOKEN, fold, key_of
from retrieval.document import Chunk
from retrieval.text import STOPWORDS, has_cjk

SCHEMA = """
CREATE VIRTUAL TABLE words USING fts5(hashes, content='', columnsize=0, detail=none, tokenize='ascii');
"""
"""`words`: by chunk, the hashes of its words; in Chinese text of every two characters. It holds no text itself."""


def add(connection: sqlite3.Connection, chunks: Iterable[tuple[int, Chunk, str]]) -> None:
    """Enter chunks, given with position and document title."""
    rows = ((position, hashes(chunk, title)) for position, chunk, title in chunks)
    connection.executemany("INSERT INTO words (rowid, hashes) VALUES (?, ?)", rows)


def remove(connection: sqlite3.Connection, chunks: Iterable[tuple[int, Chunk, str]]) -> None:
    """Take out chunks that were entered, given as they were then."""
    rows = ((position, hashes(chunk, title)) for position, chunk, title in chunks)
    connection.executemany("INSERT INTO words (words, rowid, hashes) VALUES ('delete', ?, ?)", rows)


def holders(connection: sqlite3.Connection, keys: Iterable[str]) -> set[int]:
    """Every chunk in which one of the keys can be found, and perhaps some more: hashes tell no order of words."""
    found: set[int] = set()
    for key in keys:
        whole = " AND ".join(f'"{_hash(word)}"' for word in key.split() if word not in STOPWORDS)
        pairs = " AND ".join(f'"{_hash(pair)}"' for pair in sorted(_pairs(key)))
        rows = connection.execute("SELECT rowid FROM words WHERE words MATCH ?", (f"({whole}) OR ({pairs})",))
        found.update(row[0] for row in rows)
    return found


def hashes(chunk: Chunk, title: str) -> str:
    """What is entered for a chunk."""
    words: set[str] = set()
    pairs: set[str] = set()
    for text in (english.prose(chunk.text), *headings(title, chunk.section)):
        words.update(map(fold, set(TOKEN.findall(text))))
        if has_cjk(text):
            pairs |= _pairs(text.lower())
    for row, _, cell in table_cells(chunk):
        words.update(key_of(row).split(), key_of(cell).split())
    return " ".join(sorted(map(_hash, (words - STOPWORDS) | pairs)))


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)}


@lru_cache(maxsize=1 << 16)
def _hash(word: str) -> str:
    return f"{crc32(word.encode()):08x}"
