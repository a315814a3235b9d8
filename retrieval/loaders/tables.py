"""Rows of cells as readable text: a Markdown pipe table, or one self-contained line per row."""

from __future__ import annotations

import re
from collections.abc import Sequence

from retrieval.loaders.clean import one_line

MAX_COLUMNS = 256
_PIPE_COLUMNS = 6
_PIPE_ROWS = 12  # a longer table is cut by the splitter, and its later chunks would miss the header
_SHORT_CELL = 60
_NUMBER = re.compile(r"^[-+(]?[$€£¥]?\d[\d.,:/\-\s]*[%)]?$")


def pipe_table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown pipe table whose first row is the header; rows are padded to the same width."""
    width = max((len(row) for row in rows), default=0)
    lines = [_pipe_row(row, width) for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]]) if lines and width else ""


def _pipe_row(row: Sequence[str], width: int) -> str:
    cells = [one_line(cell).replace("|", "\\|") for cell in row] + [""] * (width - len(row))
    return "| " + " | ".join(cells) + " |"


def render_rows(rows: Sequence[Sequence[str]], named: bool = False) -> str:
    """A data table so that every row is understandable alone after it was cut into chunks.

    Few short rows become a pipe table, the others one `- column: value; column: value` line each. At most `MAX_COLUMNS`
    columns are kept.

    Args:
        named: Whether the first row surely names the columns; it is also taken to where it holds no number.
    """
    kept, left_out = _without_empty(rows)
    if not kept:
        return ""
    header, body = _header(kept, named)
    if not body:
        return "- " + "; ".join(cell for cell in kept[0] if cell)
    small = len(header) <= _PIPE_COLUMNS and len(body) <= _PIPE_ROWS
    if small and all(len(cell) <= _SHORT_CELL for row in kept for cell in row):
        return pipe_table([header, *body])
    lines = [
        "- " + "; ".join(f"{name}: {cell}" for name, cell in zip(header, row, strict=False) if cell) for row in body
    ]
    note = [f"({left_out:,} more columns left out)"] if left_out else []
    return "\n".join(lines + note)


def _without_empty(rows: Sequence[Sequence[str]]) -> tuple[list[list[str]], int]:
    """The rows and columns that hold something, as clean lines, and how many columns the cap left out."""
    width = max((len(row) for row in rows), default=0)
    filled = [False] * width
    for row in rows:
        for index, cell in enumerate(row):
            filled[index] = filled[index] or bool(cell and not cell.isspace())
    columns = [index for index in range(width) if filled[index]]
    keep = columns[:MAX_COLUMNS]
    cells = [[one_line(row[index]) if index < len(row) else "" for index in keep] for row in rows]
    return [row for row in cells if any(row)], len(columns) - len(keep)


def _header(rows: list[list[str]], named: bool) -> tuple[list[str], list[list[str]]]:
    if len(rows) > 1 and (named or not any(_NUMBER.match(cell) for cell in rows[0])):
        return [cell or f"column {index}" for index, cell in enumerate(rows[0], 1)], rows[1:]
    return [f"column {index}" for index in range(1, len(rows[0]) + 1)], rows if len(rows) > 1 else []
