"""HTML tables as pipe tables, with spanning cells repeated; tables that only lay out a page are dissolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.loaders.clean import one_line
from retrieval.loaders.tables import MAX_COLUMNS, pipe_table

if TYPE_CHECKING:
    from bs4 import Tag

_LAYOUT = ["table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "ol", "ul"]
_MAX_SPAN = 200


def replace_tables(node: Tag) -> None:
    """Replaces each table below the element by a paragraph whose lines are a pipe table."""
    from bs4 import BeautifulSoup

    maker = BeautifulSoup("", "lxml")
    for table in reversed(node.find_all("table")):
        rows = _grid(table)
        width = max((len(row) for row in rows), default=0)
        if width < 2 or table.get("role") == "presentation" or _is_layout(table):
            for part in [*table.find_all(["caption", "thead", "tbody", "tfoot", "tr", "td", "th"]), table]:
                part.name = "div"
            continue
        caption = table.find("caption")
        block = maker.new_tag("div")
        if caption is not None and (words := one_line(caption.get_text(" "))):
            paragraph = maker.new_tag("p")
            paragraph.string = words
            block.append(paragraph)
        # One paragraph with line breaks: conversion keeps the lines of the table, and nothing else touches them.
        lines = maker.new_tag("p")
        for line in pipe_table(rows).split("\n"):
            lines.append(maker.new_string(line))
            lines.append(maker.new_tag("br"))
        block.append(lines)
        table.replace_with(block)


def _is_layout(table: Tag) -> bool:
    """Whether cells hold whole page parts: another table, headings, or several lists."""
    inner = table.find_all(_LAYOUT)
    cells = len(table.find_all(["td", "th"]))
    return any(tag.name in ("table", "pre") or tag.name[0] == "h" for tag in inner) or len(inner) * 2 > cells


def _grid(table: Tag) -> list[list[str]]:
    """The cells' texts; a cell that spans rows or columns appears in each of them."""
    grid: list[list[str]] = []
    pending: dict[int, tuple[int, str]] = {}  # column -> rows still to fill, text
    for row in table.find_all("tr"):
        cells: list[str] = []
        for cell in row.find_all(["td", "th"], recursive=False):
            _fill(cells, pending)
            text = one_line(cell.get_text(" "))
            rows, columns = _span(cell, "rowspan"), _span(cell, "colspan")
            for _ in range(columns):
                if rows > 1:
                    pending[len(cells)] = (rows - 1, text)
                cells.append(text)
        _fill(cells, pending)
        if any(cells):
            grid.append(cells[:MAX_COLUMNS])
    return grid


def _fill(cells: list[str], pending: dict[int, tuple[int, str]]) -> None:
    while len(cells) in pending:
        column = len(cells)
        rows, text = pending.pop(column)
        cells.append(text)
        if rows > 1:
            pending[column] = (rows - 1, text)


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name, "1"))
    return min(max(int(value), 1), _MAX_SPAN) if value.isdecimal() and len(value) < 6 else 1
