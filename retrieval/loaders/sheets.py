"""Workbooks (.xlsx)."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from retrieval.errors import UnreadableFile
from retrieval.loaders.archive import open_archive
from retrieval.loaders.clean import one_line
from retrieval.loaders.delimited import table_or_faq
from retrieval.loaders.faq import faq_columns
from retrieval.loaders.ooxml import core_title
from retrieval.loaders.parsed import Parsed
from retrieval.loaders.tables import render_rows
from retrieval.loaders.titles import readable_name

MAX_CELLS = 30_000_000
"""Cells of a sheet, the empty ones before others in their row counted."""


def parse(data: bytes, path: Path) -> Parsed:
    """One section per sheet, its values as last calculated; a single sheet of questions and answers is a FAQ."""
    archive = open_archive(data, ".xlsx")
    title = core_title(archive) or readable_name(path)
    sheets = [(name, rows) for name, rows in _sheets(data, archive) if rows]
    if len(sheets) == 1 and faq_columns(sheets[0][1][0]) is not None:
        return table_or_faq(sheets[0][1], title)
    sections = [f"## {one_line(name)}\n\n{_section(rows)}" for name, rows in sheets]
    return Parsed("\n\n".join([f"# {title}", *sections]) if sections else "", title=title)


def _sheets(data: bytes, archive: ZipFile) -> list[tuple[str, list[list[str]]]]:
    import openpyxl

    if "xl/workbook.xml" not in archive.namelist():
        raise UnreadableFile("damaged: it has no workbook")
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        sheets = []
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible":
                sheet.reset_dimensions()  # the size stated in the file is often wrong
                sheets.append((sheet.title, _rows(sheet)))
        return sheets
    finally:
        book.close()


def _rows(sheet: Any) -> list[list[str]]:
    """The rows that hold something, each up to its last cell that does."""
    rows, seen = [], 0
    for row in sheet.iter_rows():
        seen += len(row)
        if seen > MAX_CELLS:
            raise UnreadableFile(f"the sheet {one_line(sheet.title)!r} has more than {MAX_CELLS:,} cells")
        cells = [_cell(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            rows.append(cells)
    return rows


def _section(rows: list[list[str]]) -> str:
    """A sheet's rows as a table; lone cells above the table are its caption."""
    filled = [sum(map(bool, row)) for row in rows]
    start = next((index for index, count in enumerate(filled) if count > 1), None)
    if start is None:
        return "\n\n".join(next(cell for cell in row if cell) for row in rows)
    caption = [next(cell for cell in row if cell) for row in rows[:start]]
    return "\n\n".join([*caption, render_rows(rows[start:])])


def _cell(cell: Any) -> str:
    value = cell.value
    if value is None or (isinstance(value, str) and value.startswith("#") and value in _ERRORS):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "minutes")
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format))
    return one_line(value)


_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})


def _number(value: int | float, number_format: str) -> str:
    """The number without binary noise (0.1 + 0.2 is 0.3), as a percentage where it is shown as one."""
    if "%" in number_format:
        return f"{value * 100:.10g}%"
    return str(value) if isinstance(value, int) else f"{value:.15g}"
