"""A PDF page as lines in reading order: words to lines, columns one after the other, tables in their place."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from retrieval.loaders.clean import clean, one_line
from retrieval.loaders.pdf_columns import reading_order
from retrieval.loaders.pdf_tables import ruled_tables

_BOLD = re.compile(r"bold|black|heavy|demi|cmbx|-medi\b|medi$|[,-]b$", re.IGNORECASE)
_CELL_GAP = 1.2  # in font sizes: a wider gap between words separates cells, not words
_UNMAPPED = re.compile(r"\(cid:\d+\)")
_MIN_UPRIGHT = 0.8


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, or a table, with its place on the page in points from the top left.

    Args:
        left: The left margin of the column it stands in; `right` likewise.
        cells: (x0, x1, text) of the parts that wide gaps separate; a single one for prose.
        table: Whether `text` is a finished pipe table.
        position: The line's middle as a share of the page's height.
    """

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    bold: bool
    left: float
    right: float
    position: float
    cells: tuple[tuple[float, float, str], ...] = ()
    table: bool = False


def page_lines(page: Any) -> list[Line]:
    """The page's lines in reading order, each ruled table as one entry."""
    page = _readable(page)
    tables = ruled_tables(page)
    words = [
        word
        for word in page.extract_words(return_chars=True, x_tolerance_ratio=0.15, y_tolerance=3)
        if not any(_inside(word, box) for box, _ in tables)
    ]
    lines = []
    for rows, left, right in reading_order(words, float(page.width)):
        lines += [_line(row, left, right, float(page.height)) for row in rows]
    lines = [line for line in lines if line.text]
    for (x0, top, x1, bottom), text in tables:
        table = Line(text, x0, x1, top, bottom, 0.0, False, x0, x1, 0.5, table=True)
        lines.insert(_place(table, lines), table)
    return lines


def _readable(page: Any) -> Any:
    """The page without sideways text (margin notes, watermarks) and without letters printed twice for boldness."""
    chars = page.chars
    upright = [char for char in chars if char["upright"]]
    if _MIN_UPRIGHT * len(chars) <= len(upright) < len(chars):
        page = page.filter(lambda item: item.get("upright", True))
    places = Counter((char["text"], round(char["x0"]), round(char["top"])) for char in upright if char["text"] != " ")
    if sum(places.values()) - len(places) > 0.05 * len(chars):
        page = page.dedupe_chars(tolerance=1)
    return page


def _inside(word: dict[str, Any], box: tuple[float, float, float, float]) -> bool:
    x, y = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
    return bool(box[0] - 1 <= x <= box[2] + 1 and box[1] - 1 <= y <= box[3] + 1)


def _line(row: list[dict[str, Any]], left: float, right: float, height: float) -> Line:
    chars = [char for word in row for char in word["chars"]]
    sizes = Counter(round(char["size"] * 2) / 2 for char in chars if not char["text"].isspace())
    size = sizes.most_common(1)[0][0] if sizes else 10.0
    bold = sum(bool(_BOLD.search(str(char["fontname"]))) for char in chars) > 0.8 * len(chars)
    cells: list[list[dict[str, Any]]] = [[row[0]]]
    for before, word in itertools.pairwise(row):
        if word["x0"] - before["x1"] > _CELL_GAP * max(size, 6.0):
            cells.append([])
        cells[-1].append(word)
    parts = [(cell[0]["x0"], cell[-1]["x1"], _join(cell)) for cell in cells]
    filled = tuple(part for part in parts if part[2])
    top, bottom = min(word["top"] for word in row), max(word["bottom"] for word in row)
    return Line(
        text=" ".join(part[2] for part in filled),
        x0=row[0]["x0"],
        x1=row[-1]["x1"],
        top=top,
        bottom=bottom,
        size=size,
        bold=bold,
        left=left,
        right=right,
        position=(top + bottom) / 2 / max(height, 1.0),
        cells=filled,
    )


def _join(words: list[dict[str, Any]]) -> str:
    text = " ".join(str(word["text"]) for word in words)
    # clean() removes soft hyphens; at a line's end they mark a hyphenated word.
    ends_soft = text.endswith("\u00ad")
    return one_line(clean(_UNMAPPED.sub(" ", text))) + ("\u00ad" if ends_soft else "")


def _place(table: Line, lines: list[Line]) -> int:
    """Where in the reading order a table belongs: after the last line above it that it stands under."""
    above = [
        index
        for index, line in enumerate(lines)
        if line.bottom <= table.top + 3 and line.left < table.x1 and line.right > table.x0
    ]
    if above:
        return above[-1] + 1
    return next((index for index, line in enumerate(lines) if line.top >= table.top), len(lines))
