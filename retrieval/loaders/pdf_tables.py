"""Tables on PDF pages: those drawn with lines, and those that only line up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from retrieval.loaders.clean import one_line
from retrieval.loaders.tables import pipe_table

Box = tuple[float, float, float, float]
Cell = tuple[float, float, str]  # x0, x1, text

_MAX_EDGES = 4000  # more are a drawing, and take minutes
_MIN_FILLED = 0.3
_FRAME_WORDS = 30  # a cell with more words, and most of the table's, is a frame around text


def ruled_tables(page: Any) -> list[tuple[Box, str]]:
    """(bounding box, pipe table) of the tables with drawn cells on a pdfplumber page."""
    if not 4 <= len(page.edges) <= _MAX_EDGES:
        return []
    found: list[tuple[Box, str]] = []
    for table in page.find_tables():
        rows = [[one_line(cell or "") for cell in row] for row in table.extract()]
        columns = [index for index in range(len(rows[0]) if rows else 0) if any(row[index] for row in rows)]
        rows = [[row[index] for index in columns] for row in rows if any(row)]
        filled = sum(bool(cell) for row in rows for cell in row)
        x0, top, x1, bottom = table.bbox
        nested = any(x0 >= b[0] - 1 and top >= b[1] - 1 and x1 <= b[2] + 1 and bottom <= b[3] + 1 for b, _ in found)
        if (
            len(rows) >= 2
            and len(columns) >= 2
            and filled >= _MIN_FILLED * len(rows) * len(columns)
            and not (nested or _is_frame(rows))
        ):
            found.append(((x0, top, x1, bottom), pipe_table(rows)))
    return found


def aligned_table(lines: Sequence[tuple[Cell, ...]]) -> str:
    """A pipe table of successive lines whose parts line up in columns; empty where they do not.

    Args:
        lines: The parts of each line that wide gaps separate.
    """
    if len(lines) < 2 or max(len(line) for line in lines) < 3 or sum(len(line) > 2 for line in lines) * 2 < len(lines):
        return ""
    columns: list[tuple[float, float]] = []
    for x0, x1, _ in sorted(cell for line in lines for cell in line):
        if columns and x0 < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], x1))
        else:
            columns.append((x0, x1))
    if len(columns) < 3:
        return ""
    rows = []
    for line in lines:
        row = [""] * len(columns)
        for x0, _, text in line:
            index = max(i for i, (start, _) in enumerate(columns) if start <= x0)
            if row[index]:
                return ""
            row[index] = text
        rows.append(row)
    return pipe_table(rows)


def _is_frame(rows: list[list[str]]) -> bool:
    words = [len(cell.split()) for row in rows for cell in row]
    return max(words) > _FRAME_WORDS and max(words) > 0.3 * sum(words)
