"""Asking only a part of the documents: by source, section, date and language, settled before anything is searched."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import GraftError
from retrieval.store import Store


class NothingInScope(GraftError):
    """No chunk is in a scope."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a question is asked of; everything, where nothing is said.

    Args:
        source: Glob of the documents' sources or of their ends, such as `cards*` or `2026/*.md`, or with a slash before
            it of the whole: `/cards.md`; `*` also matches `/`. A to Z match a to z.
        section: Part of the headings above a chunk, in any case.
        since: Date of the oldest documents.
        until: And of the newest. A document's date is its file's, unless its metadata holds a `date`; one without any
            is in no span of days.
        language: `en` or `zh`.
    """

    source: str = ""
    section: str = ""
    since: datetime.date | None = None
    until: datetime.date | None = None
    language: str = ""

    def positions(self, store: Store) -> NDArray[np.int64]:
        """The chunks in scope, ascending.

        Raises:
            NothingInScope: There are none.
        """
        clauses = {
            "'/' || lower(d.source) GLOB lower(?)": self.source and _anchored(self.source),
            "c.section LIKE ? ESCAPE '\\'": self.section and f"%{_literally(self.section)}%",
            "d.date >= ?": self.since and self.since.isoformat(),
            "d.date != '' AND d.date <= ?": self.until and self.until.isoformat(),
            "d.language = ?": self.language,
        }
        used = {clause: value for clause, value in clauses.items() if value}
        sql = f"""SELECT c.position FROM chunks c JOIN documents d ON d.id = c.document_id
            WHERE {" AND ".join(used) or "1"} ORDER BY c.position"""
        found = store.numbers(sql, list(used.values()))
        if not len(found):
            raise NothingInScope(f"no document matches {self}{self._examples(store)}")
        return found

    def _examples(self, store: Store) -> str:
        if not self.source:
            return ""
        names = [name for (name,) in store.rows("SELECT source FROM documents ORDER BY source LIMIT 3")]
        return f"; sources are {', '.join(names)} …"

    def __str__(self) -> str:
        said = {"source": self.source, "section": self.section, "since": self.since, "until": self.until}
        said["language"] = self.language
        return ", ".join(f"{name} {value}" for name, value in said.items() if value)


EVERYTHING = Scope()


def _anchored(source: str) -> str:
    return source if source.startswith("/") else f"*/{source}"


def _literally(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
