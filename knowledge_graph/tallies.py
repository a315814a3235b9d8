"""Sums of the evidence of all chunks, in SQLite: what chunks tell is added when they come, taken back when they go."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from knowledge_graph.evidence import Evidence, Role, Row

SCHEMA = """
CREATE TABLE capitals (
    token TEXT PRIMARY KEY, upper INTEGER NOT NULL, lower INTEGER NOT NULL, proper INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE evidence (
    key TEXT NOT NULL, role TEXT NOT NULL, label TEXT NOT NULL, other TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (key, role, label, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX evidence_of_gate ON evidence (other) WHERE role IN ('proper', 'common');
CREATE TABLE touched (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
"""
"""`capitals`: words by how they are written, `proper` as of the last decision. `touched`: keys with new sums since."""


class Sum(NamedTuple):
    """How many chunks, or for names occurrences, tell the same of a key."""

    role: Role
    label: str
    other: str
    total: int


class Tallies:
    """The sums of a corpus."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._proper: dict[str, bool] = {}

    def change(self, evidence: Iterable[Evidence], sign: int) -> None:
        """Add the evidence of some chunks (sign 1) or take it back (sign -1)."""
        rows: Counter[Row] = Counter()
        upper: Counter[str] = Counter()
        lower: Counter[str] = Counter()
        for each in evidence:
            rows.update(each.rows)
            upper.update(each.upper)
            lower.update(each.lower)
        execute = self._connection.executemany
        execute(
            """INSERT INTO capitals (token, upper, lower) VALUES (?, ?, ?) ON CONFLICT DO UPDATE
            SET upper = upper + excluded.upper, lower = lower + excluded.lower""",
            [(token, sign * upper[token], sign * lower[token]) for token in sorted(upper.keys() | lower.keys())],
        )
        ordered = sorted(rows)
        execute(
            "INSERT INTO evidence VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(*row, sign * rows[row]) for row in ordered],
        )
        if sign < 0:
            execute(
                "DELETE FROM evidence WHERE key = ? AND role = ? AND label = ? AND other = ? AND count = 0", ordered
            )
        self._proper.clear()
        if self._connection.execute("SELECT EXISTS (SELECT 1 FROM entries)").fetchone()[0]:
            self.touch(key for key, _ in groupby(ordered, itemgetter(0)))

    def touch(self, keys: Iterable[str]) -> None:
        """Have keys decided anew."""
        self._connection.executemany("INSERT OR IGNORE INTO touched VALUES (?)", ((key,) for key in keys))

    def complete(self, least: int) -> None:
        """Touch what else is to be decided: what depends on touched keys, or on words that have become or ceased to
        be names. Before the first decision that is all keys that occur `least` times, or once as more than a word.
        """
        execute = self._connection.execute
        if not execute("SELECT EXISTS (SELECT 1 FROM entries)").fetchone()[0]:
            execute(
                """INSERT OR IGNORE INTO touched SELECT key FROM evidence GROUP BY key
                HAVING sum(count) >= ? OR sum(role NOT IN ('free', 'held', 'noun')) > 0""",
                (least,),
            )
        execute(
            """INSERT OR IGNORE INTO touched SELECT e.key FROM capitals c JOIN evidence e ON e.other = c.token
            WHERE c.proper != (c.upper > c.lower) AND e.role IN ('proper', 'common')"""
        )
        execute("UPDATE capitals SET proper = upper > lower WHERE proper != (upper > lower)")
        execute("DELETE FROM capitals WHERE upper = 0 AND lower = 0")
        execute(
            """INSERT OR IGNORE INTO touched SELECT e.key FROM touched t JOIN evidence e
            ON e.key = substr(t.key, instr(t.key, ' ') + 1) AND e.role = 'common'
            AND e.other = substr(t.key, 1, instr(t.key, ' ') - 1) WHERE instr(t.key, ' ')"""
        )
        execute(
            """INSERT OR IGNORE INTO touched SELECT e.other FROM touched t JOIN evidence e ON e.key = t.key
            WHERE e.role = 'joined'"""
        )

    def touched(self) -> Iterator[tuple[str, list[Sum]]]:
        """The touched keys in their order, each with its sums."""
        rows = self._connection.execute(
            """SELECT t.key, e.role, e.label, e.other, e.count FROM touched t LEFT JOIN evidence e ON e.key = t.key
            ORDER BY t.key"""
        )
        for key, group in groupby(rows, itemgetter(0)):
            yield key, [Sum(*row[1:]) for row in group if row[1]]

    def of(self, key: str) -> list[Sum]:
        """The sums of a key."""
        rows = self._connection.execute("SELECT role, label, other, count FROM evidence WHERE key = ?", (key,))
        return [Sum(*row) for row in rows]

    def within(self, key: str) -> bool:
        """Whether a key is a name somewhere within a sentence."""
        sql = "SELECT EXISTS (SELECT 1 FROM evidence WHERE key = ? AND role = 'name')"
        return bool(self._connection.execute(sql, (key,)).fetchone()[0])

    def proper(self, token: str) -> bool:
        """Whether a word is a name wherever it stands, not only a word that starts a sentence."""
        if token not in self._proper:
            row = self._connection.execute("SELECT proper FROM capitals WHERE token = ?", (token,)).fetchone()
            self._proper[token] = bool(row and row[0])
        return self._proper[token]
