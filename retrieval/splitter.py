"""Documents to chunks: whole sentences packed up to a length, never across a heading."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from retrieval.document import Chunk, Document
from retrieval.text import length, sentences

PATH_SEPARATOR = " › "
LONGEST_WORD = 40
"""Text counts as at least a word for every so many characters, so that a chunk of unbroken text stays short."""
_HEADING = re.compile(r"^(#{1,6})\s+(\S.*)")
_TABLE = re.compile(r"^(\|.{1,400})\n\|[-|: \t]{1,400}\r?\n(?:\|.*(?:\n|\Z))+", re.MULTILINE)
_CLOSING_HASHES = re.compile(r"(?<!\S)#+$")


def split(document: Document, words: int = 180, overlap: int = 30) -> list[Chunk]:
    """Cut a document into chunks.

    Args:
        words: Most words in a chunk (two Chinese characters count as one word).
        overlap: About how many words of whole sentences a chunk repeats from the one before it in its section.

    Raises:
        ValueError: `words` is not positive, or `overlap` not between 0 and `words`.
    """
    if words < 1 or not 0 <= overlap < words:
        raise ValueError(f"chunk: words must be positive and overlap between 0 and words, got {words} and {overlap}")
    chunks: list[Chunk] = []
    tables = [(match.start(), match.end(), _ruled(match[1])) for match in _TABLE.finditer(document.text)]
    for path, start, end in _sections(document.text):
        for first, last in _pack(document.text, start, end, words, overlap):
            chunk_id = f"{document.id}#{len(chunks)}"
            section = PATH_SEPARATOR.join(path[1:] if path and path[0] == document.title else path)
            header = _header(tables, first)
            chunks.append(Chunk(chunk_id, document.id, document.text[first:last], first, last, section, header))
    return chunks


def _ruled(row: str) -> str:
    """A header row with the shortest ruler under it."""
    row = row.rstrip()
    return f"{row}\n|{' --- |' * (row.strip('|').count('|') + 1)}"


def _header(tables: list[tuple[int, int, str]], offset: int) -> str:
    """The header of the table that began before an offset and goes on there; empty where none does."""
    before = bisect_left(tables, (offset,)) - 1
    return tables[before][2] if before >= 0 and offset < tables[before][1] else ""


def _sections(text: str) -> Iterator[tuple[list[str], int, int]]:
    """Each heading's path and the span of the text under it, the heading line itself left out."""
    path: list[tuple[int, str]] = []
    start = offset = 0
    fenced = False
    for line in text.splitlines(keepends=True):
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        match = None if fenced else _HEADING.match(line)
        if match:
            yield [title for _, title in path], start, offset
            level = len(match[1])
            heading = _CLOSING_HASHES.sub("", match[2].rstrip()).rstrip() or match[2]
            path = [(depth, title) for depth, title in path if depth < level] + [(level, heading)]
            start = offset + len(line)
        offset += len(line)
    yield [title for _, title in path], start, offset


def _pack(text: str, start: int, end: int, limit: int, overlap: int) -> Iterator[tuple[int, int]]:
    units = [piece for span in sentences(text[start:end]) for piece in _bounded(text[start:end], span, limit)]
    first = 0
    while first < len(units):
        last, size = first, 0
        while last < len(units) and (last == first or size + units[last][2] <= limit):
            size += units[last][2]
            last += 1
        yield start + _line_start(text[start:end], units[first][0]), start + units[last - 1][1]
        if last == len(units):
            return
        shared, repeated = last, 0
        while shared > first + 1 and repeated + units[shared - 1][2] <= overlap:
            shared -= 1
            repeated += units[shared][2]
        first = shared


def _line_start(text: str, offset: int) -> int:
    """Take in the list marker that `sentences` left out, so that a chunk of a list still reads as one."""
    begin = text.rfind("\n", 0, offset) + 1
    return begin if re.fullmatch(r"\s*(?:[-*+•>]|\d{1,3}[.)])\s+", text[begin:offset]) else offset


def _bounded(text: str, span: tuple[int, int], limit: int) -> Iterator[tuple[int, int, int]]:
    """A sentence with its length in words; one longer than a chunk is cut between words, and loses what holds none."""
    start, end = span
    while (cut := _prefix(text, start, end, limit)) < end:
        if length(text[start:cut]):
            yield start, cut, limit
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if length(text[start:end]):
        yield start, end, _size(text[start:end])


def _size(text: str) -> int:
    return max(length(text), -(-len(text) // LONGEST_WORD))


def _prefix(text: str, start: int, end: int, limit: int) -> int:
    """Largest cut after `start` that keeps at most `limit` words, at a word's end where there is one."""
    high = start + 8 * limit
    while high < end and _size(text[start:high]) <= limit:
        high += high - start
    if high >= end and _size(text[start:end]) <= limit:
        return end
    low, high = start + 1, min(high, end)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _size(text[start:middle]) <= limit else (low, middle - 1)
    space = max(text.rfind(" ", start + 1, low + 1), text.rfind("\n", start + 1, low + 1))
    return space if space > start else low
