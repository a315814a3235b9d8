"""A PDF's lines as Markdown-like text: headings by font, paragraphs joined again, the pages' offsets kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from retrieval.loaders.pdf_headings import heading_levels
from retrieval.loaders.pdf_lines import Line
from retrieval.loaders.pdf_tables import aligned_table

_BULLET = re.compile(r"^(?:[•▪●○◦■□➢➤‣∙·\uf0b7\uf0a7]\s*|[*–—-]\s+)(?=\S)")
_RULE = re.compile(r"^[\W_]{3,}$")
_ITEM = re.compile(r"^(-|\.\d{1,3}|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s")
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef]")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_SENTENCE_END = tuple(".!?:;。！？：；…”\"')")
_SHORT = 0.82  # a line that ends before this share of its column's width ends its paragraph


@dataclass(frozen=True, slots=True)
class PageText:
    """The whole text, and the offset at which each page starts; a page without text starts where the next does."""

    text: str
    starts: list[int]


def compose(pages: list[list[Line]]) -> PageText:
    """Joins the pages' lines; a paragraph that runs over a page break stays whole."""
    levels = heading_levels([line for page in pages for line in page])
    words = {word for page in pages for line in page for word in _WORD.findall(line.text.lower())}
    text, starts, last = "", [], ""
    for page in pages:
        for number, (kind, block) in enumerate(_blocks(page, levels, words)):
            runs_on = number == 0 and last == kind == "text" and _runs_on(text, block)
            if runs_on:
                text, block = _seam(text, block, words)
            elif text:
                text += "\n" if last == kind == "item" else "\n\n"
            if number == 0:
                starts.append(len(text))
            text += block
            last = kind
        if not page:
            starts.append(-1)
    following = len(text)
    for index in reversed(range(len(starts))):
        following = starts[index] = following if starts[index] < 0 else starts[index]
    return PageText(text.replace("\u00ad", "-"), starts)


def _blocks(page: list[Line], levels: dict[int, int], words: set[str]) -> Iterator[tuple[str, str]]:
    """(kind, text) of the page's headings, tables, list items and paragraphs."""
    for group in _groups(page, levels):
        first = group[0]
        if first.table:
            yield "table", first.text
        elif id(first) in levels:
            yield "heading", "#" * levels[id(first)] + " " + " ".join(line.text.rstrip("\u00ad") for line in group)
        elif len(first.cells) > 1 and (table := aligned_table([line.cells for line in group])):
            yield "table", table
        elif len(first.cells) > 1:
            yield "lines", "\n".join(line.text for line in group)
        else:
            text = _paragraph(group, words)
            yield ("item" if _ITEM.match(text) else "text"), text


def _groups(page: list[Line], levels: dict[int, int]) -> Iterator[list[Line]]:
    """Lines that belong together: a heading's, a paragraph's, or those of something in columns."""
    group: list[Line] = []
    page = [line for line in page if not _RULE.match(line.text)]
    spacing = _spacing(page)
    for line in page:
        if group and not _belongs(group, line, levels, spacing):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _spacing(page: list[Line]) -> float:
    """The usual gap between lines of one paragraph, in line heights."""
    gaps = [
        (line.top - before.bottom) / max(before.bottom - before.top, 1.0)
        for before, line in pairwise(page)
        if before.left == line.left and not before.table and not line.table and abs(line.size - before.size) <= 1
    ]
    close = sorted(gap for gap in gaps if -0.5 < gap < 1.5)
    return close[len(close) // 3] if close else 0.5


def _belongs(group: list[Line], line: Line, levels: dict[int, int], spacing: float) -> bool:
    before = group[-1]
    if line.table or before.table or levels.get(id(line)) != levels.get(id(before)):
        return False
    height = max(before.bottom - before.top, 1.0)
    gap = line.top - before.bottom
    if id(line) in levels:
        return -height < gap < 0.9 * height and line.left == before.left
    if (len(line.cells) > 1) != (len(before.cells) > 1):
        return False
    if len(line.cells) > 1:
        return -height < gap < 2.5 * height
    if (
        gap > min(spacing + 0.25, 0.9) * height
        or abs(line.size - before.size) > 1
        or _BULLET.match(line.text)
        or _ITEM.match(line.text)
    ):
        return False
    if line.left != before.left:
        return gap < 0 and not before.text.endswith(_SENTENCE_END)  # from the foot of a column to the next one's head
    if gap < -height:
        return False
    is_item = _BULLET.match(group[0].text) or _ITEM.match(group[0].text)
    indented = line.x0 > before.x0 + 0.8 * before.size and before.x0 < before.left + before.size
    return not (indented and not is_item and before.text.endswith(_SENTENCE_END))


def _paragraph(lines: list[Line], words: set[str]) -> str:
    """The lines as running text; a line that stops well before the margin (an address, a receipt) ends there."""
    text = _BULLET.sub("- ", lines[0].text)
    for before, line in pairwise(lines):
        if before.left == line.left and _ends_early(before):
            text += "\n" + line.text
        else:
            head, tail = _seam(text, line.text, words)
            text = head + tail
    return text


def _ends_early(line: Line) -> bool:
    """Whether the line stops well before the margin, or is centred."""
    width = max(line.right - line.left, 1.0)
    return line.x1 - line.left < _SHORT * width or line.x0 - line.left > (1 - _SHORT) * width


def _runs_on(text: str, block: str) -> bool:
    """Whether a page's first paragraph continues the last one of the page before."""
    return not text.endswith(_SENTENCE_END) and (block[0].islower() or bool(_CJK.match(block[0])))


def _seam(head: str, tail: str, words: set[str]) -> tuple[str, str]:
    """What to put before the tail to join two lines: nothing, a space, or the word's first half without its hyphen."""
    if head.endswith("\u00ad"):
        return head[:-1], tail
    if head.endswith("-") and len(head) > 1 and head[-2].isalpha() and tail[0].islower():
        first, second = _WORD.findall(head[:-1])[-1], _WORD.findall(tail)[0]
        whole, hyphenated = (first + second).lower(), f"{first}-{second}".lower()
        return (head if hyphenated in words and whole not in words else head[:-1]), tail
    if head.endswith(("-", "/")) and len(head) > 1 and not head[-2].isspace():
        return head, tail
    return head if _CJK.match(head[-1]) and _CJK.match(tail[0]) else head + " ", tail
