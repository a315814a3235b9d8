"""The quotable units of a passage: sentences, list items, table rows, code; each with the words it leans on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from retrieval.document import Chunk
from retrieval.splitter import PATH_SEPARATOR
from retrieval.text import sentences


@dataclass(frozen=True, slots=True)
class Unit:
    """One quotable unit.

    Args:
        start, end: Offsets into the document's text.
        lead: What the unit needs to be understood: the sentence before a list, the table's header, the sentence before.
        kind: `sentence`, `item`, `row` or `code`.
    """

    chunk: Chunk
    text: str
    start: int
    end: int
    lead: str
    kind: str


def units(chunk: Chunk) -> list[Unit]:
    """Cut a chunk into units, in reading order; the header and ruler of a table are no units, one cut off leads."""
    found: list[Unit] = []
    opener = ""
    header = chunk.header.partition("\n")[0]
    in_table = bool(header)
    for start, end in sentences(chunk.text):
        text = chunk.text[start:end]
        kind = _kind(chunk.text, start, text)
        if kind == "row" and not in_table:
            in_table, header = True, text
            continue
        in_table = kind == "row" or (not found and in_table)  # the rest of a row that was cut is no row
        lead = header if kind == "row" else opener
        found.append(Unit(chunk, text, chunk.start + start, chunk.start + end, lead, kind))
        if kind != "item":
            opener = text
    return found


def distinct(chunks: Iterable[Chunk]) -> list[Unit]:
    """The units of several chunks; one that overlapping chunks share is that of the first."""
    found: dict[tuple[str, int], Unit] = {}
    for chunk in chunks:
        for unit in units(chunk):
            found.setdefault((chunk.document_id, unit.start), unit)
    return list(found.values())


def _kind(text: str, start: int, unit: str) -> str:
    if unit.startswith("|"):
        return "row"
    if unit.startswith(("```", "~~~")):
        return "code"
    line = text[text.rfind("\n", 0, start) + 1 : start].strip()
    return "item" if line and (line in "-*+•" or line.rstrip(".)").isdigit()) else "sentence"


def said(unit: Unit) -> str:
    """A unit in words: a table row with its column headings."""
    return row_as_text(unit) if unit.kind == "row" else unit.text


def heading(chunk: Chunk, titles: dict[str, str]) -> str:
    """A chunk's document title and section, outermost first.

    Args:
        titles: Of documents, by id.
    """
    return PATH_SEPARATOR.join(filter(None, (titles.get(chunk.document_id), chunk.section)))


def place(chunk: Chunk, titles: dict[str, str]) -> str:
    """What stands before a chunk when it is read: its heading, and the columns of a table that began before it."""
    return "\n".join(filter(None, (heading(chunk, titles), chunk.header.partition("\n")[0])))


def in_place(unit: Unit, titles: dict[str, str]) -> str:
    """A unit in words under its headings, a list's item after the sentence that introduces the list.

    Args:
        titles: Of documents, by id.
    """
    text = f"{unit.lead} {unit.text}".strip() if unit.kind == "item" else said(unit)
    return f"{heading(unit.chunk, titles)}: {text}"


def row_as_text(unit: Unit) -> str:
    """A table row in words: each cell after its column's heading."""
    names, cells = cells_of(unit.lead), cells_of(unit.text)
    if len(names) != len(cells):
        return " · ".join(cell for cell in cells if cell)
    first, *rest = [f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=True) if cell]
    return "; ".join([first, *rest])


def cells_of(row: str) -> list[str]:
    """The cells of a table's row or header, empty ones too."""
    return [cell.strip() for cell in row.strip().strip("|").split("|")]
