"""Conversations and feedback, kept in SQLite beside the index; rebuilding the index does not touch them."""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from retrieval.errors import GraftError
from retrieval.loaders.clean import valid
from retrieval.private import keep_private

SCHEMA = """
CREATE TABLE IF NOT EXISTS turns (
    id INTEGER PRIMARY KEY, session TEXT NOT NULL, created REAL NOT NULL, question TEXT NOT NULL,
    resolved TEXT NOT NULL, answer TEXT NOT NULL, confidence REAL NOT NULL, abstained INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS turns_of_session ON turns (session, id);
CREATE TABLE IF NOT EXISTS feedback (
    turn INTEGER PRIMARY KEY REFERENCES turns ON DELETE CASCADE, liked INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS escalations (
    turn INTEGER PRIMARY KEY REFERENCES turns ON DELETE CASCADE, intent TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question with its answer.

    Args:
        resolved: The question as it was searched for, a follow-up made whole.
        liked: The user's judgement; None where there is none.
    """

    id: int
    question: str
    resolved: str
    answer: str
    liked: bool | None = None


@dataclass(frozen=True, slots=True)
class Escalation:
    """A request that people are to see.

    Args:
        created: Seconds since 1970.
        intent: What it was told to be.
    """

    session: str
    created: float
    intent: str
    question: str
    answer: str


class Sessions:
    """All conversations of one bot; safe to share between threads.

    Raises:
        GraftError: The database cannot be opened; its methods raise it where it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            keep_private(path)
            self._connection = sqlite3.connect(path, check_same_thread=False, timeout=10)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.executescript(SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise _readable(path, error) from None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """The connection, for one thread at a time; kept where the block succeeds."""
        try:
            with self._lock, self._connection as connection:
                yield connection
        except sqlite3.Error as error:
            raise _readable(self._path, error) from None

    @staticmethod
    def new_id() -> str:
        """A fresh, unguessable session id."""
        return uuid.uuid4().hex

    def turns(self, session: str) -> list[Turn]:
        """A session's turns, oldest first."""
        sql = (
            "SELECT id, question, resolved, answer, liked FROM turns LEFT JOIN feedback ON turn = id"
            " WHERE session = ? ORDER BY id"
        )
        with self._transaction() as connection:
            rows = connection.execute(sql, [valid(session)]).fetchall()
        return [
            Turn(number, question, resolved, answer, None if liked is None else bool(liked))
            for number, question, resolved, answer, liked in rows
        ]

    def add(
        self,
        session: str,
        question: str,
        resolved: str,
        answer: str,
        confidence: float,
        abstained: bool,
        escalated: str | None = None,
    ) -> int:
        """Keep a turn; returns its id.

        Args:
            escalated: The intent for which people are to see it.
        """
        sql = (
            "INSERT INTO turns (session, created, question, resolved, answer, confidence, abstained)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        with self._transaction() as connection:
            texts = [valid(text) for text in (question, resolved, answer)]
            values = (valid(session), time.time(), *texts, confidence, int(abstained))
            turn = int(connection.execute(sql, values).lastrowid or 0)
            if escalated is not None:
                connection.execute("INSERT INTO escalations VALUES (?, ?)", (turn, escalated))
            return turn

    def forget_last(self, session: str) -> None:
        """Remove a session's last turn, to ask it again."""
        sql = "DELETE FROM turns WHERE id = (SELECT max(id) FROM turns WHERE session = ?)"
        with self._transaction() as connection:
            connection.execute(sql, [valid(session)])

    def rate(self, turn: int, liked: bool | None) -> None:
        """Keep a user's judgement of a turn; a later one replaces it, None takes it back."""
        with self._transaction() as connection:
            if liked is None:
                connection.execute("DELETE FROM feedback WHERE turn = ?", [turn])
            else:
                connection.execute("INSERT OR REPLACE INTO feedback VALUES (?, ?)", (turn, int(liked)))

    def ratings(self) -> list[tuple[str, str, bool]]:
        """Every judged turn: question, answer, liked."""
        sql = "SELECT t.question, t.answer, f.liked FROM feedback f JOIN turns t ON t.id = f.turn ORDER BY t.id"
        with self._transaction() as connection:
            return [(question, answer, bool(liked)) for question, answer, liked in connection.execute(sql)]

    def escalations(self) -> list[Escalation]:
        """Every request that people are to see, oldest first."""
        sql = (
            "SELECT session, created, intent, question, answer FROM escalations JOIN turns ON turns.id = turn"
            " ORDER BY turns.id"
        )
        with self._transaction() as connection:
            return [Escalation(*row) for row in connection.execute(sql)]

    def close(self) -> None:
        """Close the database."""
        self._connection.close()


def _readable(path: Path, error: Exception) -> GraftError:
    if type(error) is sqlite3.DatabaseError:
        return GraftError(f"{path} is damaged ({error}); delete it to begin without the old conversations")
    return GraftError(f"cannot keep conversations in {path}: {getattr(error, 'strerror', None) or error}")
