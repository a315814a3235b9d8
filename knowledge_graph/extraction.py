"""What an extractor finds in chunks beside what the corpus itself tells. It is kept with the chunks: what goes takes
exactly its own away, and nothing is asked for twice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

SCHEMA = """
CREATE TABLE extracted (
    chunk INTEGER PRIMARY KEY REFERENCES chunks (position) ON DELETE CASCADE, found TEXT NOT NULL
) STRICT;
"""
Said = tuple[str, str, str]
"""A fact as an extractor writes it: subject, relation, object."""


class Found(NamedTuple):
    """What one text names and states, as it writes it.

    Args:
        names: Of people, organisations, places and other things that have one.
        terms: Concepts.
        facts: Typed facts of these.
    """

    names: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    facts: tuple[Said, ...] = ()


class Extractor(Protocol):
    """Finds what texts name.

    Args:
        exhaustive: Whether it looks at every name and term, so that what it mostly passes over is none.
    """

    exhaustive: bool

    def extract(self, texts: Sequence[str]) -> Iterable[Found]:
        """What each text names and states."""
        ...


def keep(connection: sqlite3.Connection, positions: Sequence[int], found: Iterable[Found]) -> None:
    """Keep what was found in the chunks at some positions."""
    rows = ((position, json.dumps(each, ensure_ascii=False)) for position, each in zip(positions, found, strict=True))
    connection.executemany("INSERT OR REPLACE INTO extracted VALUES (?, ?)", rows)


def kept(connection: sqlite3.Connection, position: int) -> Found | None:
    """What was found in the chunk at a position; None where nobody looked."""
    row = connection.execute("SELECT found FROM extracted WHERE chunk = ?", (position,)).fetchone()
    if row is None:
        return None
    names, terms, facts = json.loads(row[0])
    return Found(tuple(names), tuple(terms), tuple(tuple(fact) for fact in facts))
