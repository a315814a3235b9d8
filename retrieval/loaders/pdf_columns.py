"""The reading order of a page's words: rows from top to bottom, text columns one after the other."""

from __future__ import annotations

import itertools
from collections import Counter
from statistics import median
from typing import Any

Word = dict[str, Any]
Block = tuple[list[list[Word]], float, float]  # rows, left margin, right margin

_MIN_ROWS = 6  # of two-column prose on a page
_MIN_WORDS = 4  # in a row of a column, on the median: fewer are a table's or a form's
_PROSE_SHARE = 0.6


def reading_order(words: list[Word], width: float) -> list[Block]:
    """Blocks of rows in reading order; a block is a column, or the full width between two column parts."""
    rows = _rows(words)
    if not rows:
        return []
    gutter = _gutter(rows, width)
    if gutter is None:
        return [_block(rows)]
    blocks: list[Block] = []
    run: list[list[Word]] = []
    for row in [*rows, None]:
        if row is not None and not _crosses(row, gutter):
            run.append(row)
            continue
        for side in (False, True):
            column = [word for part in run for word in part if (word["x0"] >= gutter) is side]
            if column:
                blocks.append(_block(_rows(column)))
        run = []
        if row is not None and blocks and blocks[-1][2] > gutter > blocks[-1][1]:
            blocks[-1] = _block([*blocks[-1][0], row])
        elif row is not None:
            blocks.append(_block([row]))
    return blocks


def _rows(words: list[Word]) -> list[list[Word]]:
    """Words on one line together, from left to right; a word belongs to a line when it overlaps half of its height."""
    rows: list[list[Word]] = []
    top = bottom = 0.0
    for word in sorted(words, key=lambda w: ((w["top"] + w["bottom"]) / 2, w["x0"])):
        overlap = min(bottom, word["bottom"]) - max(top, word["top"])
        if rows and overlap > 0.5 * min(bottom - top, word["bottom"] - word["top"]):
            rows[-1].append(word)
        else:
            rows.append([word])
            top, bottom = word["top"], word["bottom"]
    return [sorted(row, key=lambda w: w["x0"]) for row in rows]


def _block(rows: list[list[Word]]) -> Block:
    ends = sorted(row[-1]["x1"] for row in rows)
    starts = sorted(row[0]["x0"] for row in rows)
    # The margins that lines keep to; a few stick out.
    return rows, starts[len(starts) // 10], ends[-1 - len(ends) // 20]


def _crosses(row: list[Word], x: float) -> bool:
    """Whether the row runs over x: a word on it, or words so close on both sides that they belong together."""
    left = [word["x1"] for word in row if word["x0"] < x]
    right = [word["x0"] for word in row if word["x0"] >= x]
    if left and max(left) > x:
        return True
    size = max(word["bottom"] - word["top"] for word in row)
    return bool(left and right) and min(right) - max(left) < 0.8 * size


def _gutter(rows: list[list[Word]], width: float) -> float | None:
    """The x between two columns of prose, or None where the page has one column."""
    best: tuple[int, float] | None = None
    for step in range(35, 66):
        x = width * step / 100
        two_sided = [row for row in rows if row[0]["x0"] < x <= row[-1]["x0"] and not _crosses(row, x)]
        crossing = sum(_crosses(row, x) for row in rows)
        if len(two_sided) < _MIN_ROWS or crossing > 0.5 * len(two_sided):
            continue
        left = median(sum(word["x0"] < x for word in row) for row in two_sided)
        right = median(sum(word["x0"] >= x for word in row) for row in two_sided)
        if (
            min(left, right) >= _MIN_WORDS
            and _is_prose(two_sided, x, width)
            and (best is None or len(two_sided) - crossing > best[0])
        ):
            best = (len(two_sided) - crossing, x)
    return None if best is None else best[1]


def _is_prose(rows: list[list[Word]], x: float, width: float) -> bool:
    """Whether most rows fill the left column up to x, start the right one at the same place, and have no gaps."""
    ends = [max(word["x1"] for word in row if word["x0"] < x) for row in rows]
    starts = Counter(round(min(word["x0"] for word in row if word["x0"] >= x) / 4) for row in rows)
    full = sum(end > x - 0.1 * width for end in ends)
    whole = sum(not _has_wide_gap(row, x) for row in rows)
    return min(full, whole) >= _PROSE_SHARE * len(rows) and starts.most_common(1)[0][1] >= 0.5 * len(rows)


def _has_wide_gap(row: list[Word], x: float) -> bool:
    pairs = itertools.pairwise(row)
    return any(b["x0"] - a["x1"] > 1.2 * (a["bottom"] - a["top"]) and not a["x0"] < x <= b["x0"] for a, b in pairs)
