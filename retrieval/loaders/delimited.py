"""CSV and TSV: a list of questions and answers, facts, or a data table."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from retrieval.errors import UnreadableFile
from retrieval.loaders.clean import one_line
from retrieval.loaders.encoding import decode
from retrieval.loaders.faq import faq, faq_columns
from retrieval.loaders.parsed import Parsed
from retrieval.loaders.tables import render_rows
from retrieval.loaders.titles import readable_name

FACTS = ["subject", "relation", "object"]
"""The header of a table of facts."""
_DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 50
_MAX_FIELD = 2**27


def parse(data: bytes, path: Path) -> Parsed:
    """Rows as a FAQ where the header names a question and an answer, else as a table under the file's name."""
    text = decode(data)
    rows = _read(text, _delimiter(text, path.suffix.lower()))
    return table_or_faq(rows, readable_name(path))


def table_or_faq(rows: list[list[str]], title: str) -> Parsed:
    """A FAQ where the first row names a question and an answer column, facts by subject where it is that of `FACTS`,
    else the rendered rows."""
    columns = faq_columns(rows[0]) if rows else None
    if columns is None:
        facts = rows and [cell.strip().casefold() for cell in rows[0]] == FACTS
        body = _told(rows[1:]) if facts else render_rows(rows)
        return Parsed(f"# {title}\n\n{body}" if body else "", title=title, metadata={"facts": True} if facts else {})
    question, answer = columns
    full = (row for row in rows[1:] if len(row) > max(columns))
    parsed = faq(title, ((row[question], row[answer]) for row in full))
    if not parsed.text:
        raise UnreadableFile("no row has both a question and an answer")
    return parsed


def _told(rows: list[list[str]]) -> str:
    """Facts in words, under a heading for each subject."""
    of: dict[str, list[str]] = {}
    for row in rows:
        subject, relation, *objects = map(one_line, row)
        of.setdefault(subject, []).append(f"- {subject} {relation.replace('_', ' ')}: {', '.join(objects)}")
    return "\n\n".join("\n".join((f"## {subject}\n", *lines)) for subject, lines in of.items())


def _read(text: str, delimiter: str, limit: int | None = None) -> list[list[str]]:
    before = csv.field_size_limit(_MAX_FIELD)
    try:
        rows: list[list[str]] = []
        # The NULs are gone by now, and quotes that never close are taken as they come.
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True):
            if any(cell.strip() for cell in row):
                rows.append(row)
            if limit is not None and len(rows) >= limit:
                break
        return rows
    finally:
        csv.field_size_limit(before)


def _delimiter(text: str, suffix: str) -> str:
    """The delimiter that cuts most rows into the same number of cells; the header decides between equals."""
    if suffix == ".tsv" and "\t" in text[:100_000]:
        return "\t"

    def fit(delimiter: str) -> tuple[float, int]:
        rows = _read(text, delimiter, _SAMPLE_ROWS)
        width = len(rows[0]) if rows else 0
        same = sum(len(row) == width for row in rows)
        return (same / len(rows) if width > 1 else 0.0, width)

    return max(_DELIMITERS, key=fit)
