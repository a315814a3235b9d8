"""The user's word on names, in a table: which mean the same, and which do not, whatever they look like."""

from __future__ import annotations

import csv
import stat
from pathlib import Path
from typing import NamedTuple

from knowledge_graph.names import acceptable, key_of
from retrieval.errors import GraftError
from retrieval.loaders.clean import one_line

HEADER = ["alias", "name", "means"]
"""The header of a table of aliases; the last column may be missing."""
MEANINGS = {"": True, "same": True, "different": False}


class Alias(NamedTuple):
    """What the user says of two names: that the first is another name of the second, or that they are two things."""

    alias: str
    name: str
    same: bool = True


def read_aliases(path: Path) -> list[Alias]:
    """The rows of a CSV file: alias, name, and in a third column, which may be missing, `same` or `different`.

    A header `alias,name` or `alias,name,means` is left out.

    Raises:
        GraftError: The file cannot be read, or a row is not understood or contradicts another.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise GraftError(f"aliases file {path} cannot be read: not a file")
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [[one_line(cell) for cell in row] for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except OSError as error:
        raise GraftError(f"aliases file {path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise GraftError(f"aliases file {path} cannot be read: {error}") from None
    if rows and [cell.lower() for cell in rows[0]] in (HEADER, HEADER[:2]):
        rows = rows[1:]
    said: dict[frozenset[str], Alias] = {}
    for number, row in enumerate(rows, 1):
        found = _alias(row, f"{path}: row {number}")
        pair = frozenset(map(key_of, found[:2]))
        if said.setdefault(pair, found).same != found.same:
            raise GraftError(f"{path}: row {number} says the opposite of an earlier row: {','.join(row)!r}")
    return list(said.values())


def _alias(row: list[str], where: str) -> Alias:
    if len(row) not in (2, 3) or not all(row[:2]):
        raise GraftError(f"{where} must hold alias, name and perhaps same or different, got {','.join(row)!r}")
    meaning = row[2].lower() if len(row) == 3 else ""
    if meaning not in MEANINGS:
        raise GraftError(f"{where}: the third column must be same or different, got {row[2]!r}")
    for name in row[:2]:
        if not acceptable(key_of(name)):
            raise GraftError(f"{where}: {name!r} cannot be a name: it is too long, a number or a common word")
    if key_of(row[0]) == key_of(row[1]):
        raise GraftError(f"{where}: {row[0]!r} and {row[1]!r} are one name, whatever is said of them")
    return Alias(row[0], row[1], MEANINGS[meaning])
