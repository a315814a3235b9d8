"""What repeats on a PDF's pages and is no part of its text: running headers, footers, page numbers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from retrieval.loaders.pdf_lines import Line

_EDGE_LINES = 3  # at the top and at the bottom of a page
_MARGIN = 0.15  # of the page's height
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"^[\W_]*((page|seite|p\.|s\.|página|pagina|第)\s*)?(\d{1,4}|[ivxlc]{1,6})(\s*(of|/|von|de|sur|共)\s*\d{1,4})?\s*页?[\W_]*$",
    re.IGNORECASE,
)


def without_furniture(pages: list[list[Line]]) -> list[list[Line]]:
    """The pages' lines without page numbers, and without lines that stand on most pages at the same place.

    A running header is kept where it first occurs, for it may name the document.
    """
    repeated = _repeated(pages)
    seen: set[str] = set()
    kept_pages = []
    for page in pages:
        kept = []
        for line in page:
            if line.table or _MARGIN < line.position < 1 - _MARGIN:
                kept.append(line)
                continue
            key = _key(line)
            if _is_page_number(line) or (key in repeated and (key in seen or line.position > 0.5)):
                continue
            if key in repeated:
                seen.add(key)
            kept.append(line)
        kept_pages.append(kept)
    return kept_pages


def _key(line: Line) -> str:
    return f"{round(line.position * 50)} {_DIGITS.sub('#', line.text)}"


def _is_page_number(line: Line) -> bool:
    return (line.position < 0.08 or line.position > 0.9) and _PAGE_NUMBER.match(line.text) is not None


def _repeated(pages: list[list[Line]]) -> set[str]:
    """Keys of the lines at the edges of at least half of the pages, and of two at the least."""
    where: dict[str, set[int]] = defaultdict(set)
    for number, page in enumerate(pages):
        by_height = sorted((line for line in page if not line.table), key=lambda line: line.top)
        for line in [*by_height[:_EDGE_LINES], *by_height[-_EDGE_LINES:]]:
            if line.position < _MARGIN or line.position > 1 - _MARGIN:
                where[_key(line)].add(number)
    counts = Counter({key: len(numbers) for key, numbers in where.items()})
    return {key for key, count in counts.items() if count >= max(2, 0.5 * len(pages))}
