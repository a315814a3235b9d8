"""What an update did to a bot's documents."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_TOLD = ("title", "source", "text", "metadata", "date")
_CHANGED = f"""new.digest != old.digest OR new.digest = ''
    AND ({", ".join(f"new.{name}" for name in _TOLD)}) != ({", ".join(f"old.{name}" for name in _TOLD)})"""
_COUNTS = {
    "added": "SELECT count(*) FROM documents WHERE id NOT IN (SELECT id FROM base.documents)",
    "changed": f"SELECT count(*) FROM documents new JOIN base.documents old USING (id) WHERE {_CHANGED}",
    "moved": """SELECT ifnull(sum(min(came, went)), 0)
        FROM (SELECT digest, count(*) came FROM documents
              WHERE digest != '' AND id NOT IN (SELECT id FROM base.documents) GROUP BY digest)
        JOIN (SELECT digest, count(*) went FROM base.documents
              WHERE id NOT IN (SELECT id FROM documents) GROUP BY digest) USING (digest)""",
    "removed": "SELECT count(*) FROM base.documents WHERE id NOT IN (SELECT id FROM documents)",
}


def changes(database: Path, base: Path | None) -> dict[str, int]:
    """How many documents were `added`, `changed`, `moved` (the same content under another name) and `removed`.

    Args:
        database: The store as it is now.
        base: The store as it was; all are new where there is none, or one of another format.
    """
    with closing(sqlite3.connect(database)) as connection:
        if base and _alike(base):
            connection.execute("ATTACH ? AS base", [str(base)])
            counts = {name: int(connection.execute(sql).fetchone()[0]) for name, sql in _COUNTS.items()}
            counts["added"] -= counts["moved"]
            counts["removed"] -= counts["moved"]
            return counts
        documents = int(connection.execute("SELECT count(*) FROM documents").fetchone()[0])
    return dict.fromkeys(_COUNTS, 0) | {"added": documents}


def _alike(base: Path) -> bool:
    """Whether a store tells of its documents as those of this format do."""
    with closing(sqlite3.connect(base)) as connection:
        found = {row[1] for row in connection.execute("PRAGMA table_info(documents)")}
    return found >= {"id", "digest", *_TOLD}
