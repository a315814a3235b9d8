"""Which of a PDF's lines are headings: larger or bolder than the body's font."""

from __future__ import annotations

import re
from collections import Counter

from retrieval.loaders.pdf_lines import Line

_LARGER = 1.12
_MAX_CHARS = 150
_MAX_BOLD_CHARS = 90
_MAX_LEVELS = 3
_MAX_SHARE = 0.4  # of the lines: where more are large or bold, that says nothing
_LETTERS = re.compile(r"[^\W\d_]{2,}|[\u4e00-\u9fff]")
_ENDS_AS_PROSE = (".", ",", ";", "。", "，", "；")


def heading_levels(lines: list[Line]) -> dict[int, int]:
    """The level (1 the highest) of each heading line, by the line's `id()`."""
    prose = [line for line in lines if not line.table]
    if not prose:
        return {}
    sizes: Counter[float] = Counter()
    bold: Counter[bool] = Counter()
    for line in prose:
        sizes[line.size] += len(line.text)
        bold[line.bold] += len(line.text)
    body = sizes.most_common(1)[0][0]
    larger = [line for line in prose if line.size >= _LARGER * body and _could_be(line, _MAX_CHARS)]
    if len(larger) > _MAX_SHARE * len(prose):
        larger = [line for line in larger if line.size >= 1.5 * body]
    steps = sorted({line.size for line in larger}, reverse=True)
    levels = {id(line): min(steps.index(line.size) + 1, _MAX_LEVELS) for line in larger}
    bolder = [
        line
        for before, line, after in zip([None, *prose], prose, [*prose[1:], None], strict=False)
        if line.bold and line.size >= body - 0.5 and id(line) not in levels and _stands_alone(before, line, after)
    ]
    if bold[True] < 0.5 * bold.total() and len(bolder) <= _MAX_SHARE * len(prose):
        levels.update((id(line), min(len(steps) + 1, _MAX_LEVELS + 1)) for line in bolder)
    return levels


def _could_be(line: Line, longest: int) -> bool:
    text = line.text
    return len(text) <= longest and len(line.cells) == 1 and bool(_LETTERS.search(text))


def _stands_alone(before: Line | None, line: Line, after: Line | None) -> bool:
    """Whether a bold line is a heading and no emphasis or label: short, unended, and followed by text."""
    if not _could_be(line, _MAX_BOLD_CHARS) or line.text.endswith(_ENDS_AS_PROSE) or after is None:
        return False
    runs_into = before is not None and not before.bold and not before.text.endswith((".", "!", "?", ":", "。"))
    close = before is not None and 0 <= line.top - before.bottom < 0.3 * (line.bottom - line.top)
    return not (
        runs_into and close and before is not None and before.x1 > before.left + 0.8 * (before.right - before.left)
    )
