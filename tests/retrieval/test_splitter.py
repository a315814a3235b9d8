"""Chunks are exact stretches of their document and together hold every word of it."""

from __future__ import annotations

import itertools
import re
import time

import pytest

from retrieval.document import Chunk, Document
from retrieval.splitter import LONGEST_WORD, split
from retrieval.text import length, sentences, words
from tests.retrieval.test_text import HOSTILE

SENTENCE = "The branch number {} opens at nine and closes at five on every working day of the week. "
TEXTS = {
    "markdown": "# Title\n\nIntro here.\n\n## Fees\n\n"
    + "".join(SENTENCE.format(n) for n in range(60))
    + "\n\n## End\nBye.",
    "table": "| Branch | Opens |\n| --- | --- |\n" + "".join(f"| Branch {n} | at {n % 12} |\n" for n in range(300)),
    "list": "Bring:\n\n" + "".join(f"{n}. item number {n}\n   with a second line\n" for n in range(200)),
    "code": "Run it:\n\n```python\n# not a heading\nfor i in range(3):\n    print(i)\n```\n\nThen stop. "
    + "Wait. " * 300,
    "long code": "```\n" + "value = other + 1\n" * 400 + "```\nAfter.",
    "chinese": "# 挂失\n\n" + "请在第一时间拨打客服电话办理挂失手续！费用是多少？每张收取十元。" * 60,
    "unpunctuated": "so then we went on and on " * 400,
    "unbroken": "字" * 3_000 + " tail",
    "endless": "Before. " + "x" * 1_000_000 + " after.",
    "windows": "# One\r\n\r\nFirst line.\r\nSecond line.\r\n" * 50,
    "separators": "One.\x0cTwo.\u2028Three.\x85Four.\x1cFive. " * 80,
    "quotes": "> A quoted line that says a thing.\n> And another one.\n\n* star\n+ plus\n• dot\n" * 40,
} | HOSTILE


def cut(text: str, words: int = 180, overlap: int = 30, title: str = "Doc") -> list[Chunk]:
    return split(Document("d.md", title, text, "d.md"), words, overlap)


@pytest.mark.parametrize("limits", [(180, 30), (25, 8), (12, 0)])
@pytest.mark.parametrize("name", TEXTS)
def test_chunks_are_exact_and_lose_nothing(name: str, limits: tuple[int, int]) -> None:
    text = TEXTS[name]
    begun = time.perf_counter()
    chunks = cut(text, *limits)
    assert time.perf_counter() - begun < 3
    covered = bytearray(len(text))
    for chunk in chunks:
        assert text[chunk.start : chunk.end] == chunk.text
        numbers = len(re.findall(r"^\d+\. ", chunk.text, re.MULTILINE))  # a list's own are not counted
        assert 0 < length(chunk.text) - numbers <= limits[0]
        assert len(chunk.text) <= 2 * LONGEST_WORD * limits[0]
        covered[chunk.start : chunk.end] = b"\1" * len(chunk.text)
    body = without_headings(text)
    for start, end in sentences(body):
        assert all(covered[at] or not text[at].isalnum() for at in range(start, end)), text[start:end][:200]
    assert len({chunk.id for chunk in chunks}) == len(chunks)
    assert [chunk.start for chunk in chunks] == sorted(chunk.start for chunk in chunks)
    if words(body):
        assert chunks


def test_a_line_without_spaces_is_cut_after_so_many_characters() -> None:
    chunks = cut("x" * 1_000_000, 180, 30)
    assert {len(chunk.text) for chunk in chunks[:-1]} == {180 * LONGEST_WORD}
    assert sum(len(chunk.text) for chunk in chunks) == 1_000_000


def without_headings(text: str) -> str:
    """The text with its headings, which go into `section`, blanked out."""
    found, fenced = [], False
    for line in text.split("\n"):
        fenced ^= line.startswith("```")
        found.append(" " * len(line) if not fenced and line.startswith(("# ", "## ")) else line)
    return "\n".join(found)


def test_sections_are_paths_of_headings_without_the_title() -> None:
    text = "# Doc\n\nOne.\n\n## Fees ##\n\nTwo.\n\n### Learning C#\n\nThree.\n\n## Hours\n\nFour."
    assert [(c.section, c.text) for c in cut(text)] == [
        ("", "One."),
        ("Fees", "Two."),
        ("Fees › Learning C#", "Three."),
        ("Hours", "Four."),
    ]
    assert [c.section for c in cut(text, title="Other")][:2] == ["Doc", "Doc › Fees"]


def test_neighbours_share_whole_sentences_within_a_section_only() -> None:
    text = "## A\n\n" + "".join(SENTENCE.format(n) for n in range(30)) + "\n\n## B\n\n" + SENTENCE.format(99)
    *first, last = cut(text, 60, 20)
    assert len(first) > 3 and last.section == "B" and last.text == SENTENCE.format(99).strip()
    for before, after in itertools.pairwise(first):
        shared = text[after.start : before.end]
        assert shared.startswith("The branch number") and shared.endswith("week.")
        assert 0 < length(shared) <= 20


def test_a_list_keeps_its_markers() -> None:
    assert [chunk.text for chunk in cut("- one two\n- three four\n- five six", 4, 0)] == [
        "- one two\n- three four",
        "- five six",
    ]


@pytest.mark.parametrize(("words", "overlap"), [(0, 0), (-1, 0), (10, 10), (10, -1)])
def test_impossible_limits_are_refused(words: int, overlap: int) -> None:
    with pytest.raises(ValueError, match=f"got {words} and {overlap}"):
        cut("Text.", words, overlap)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_chunk_that_goes_on_with_a_table_knows_its_header(newline: str) -> None:
    first, second = TEXTS["table"], TEXTS["table"].replace("Opens", "Closes")
    chunks = cut(f"Before.\n\n{first}\nBetween the tables.\n\n{second}\nAfter.\n".replace("\n", newline), 40, 10)
    headers = [chunk.header.splitlines() for chunk in chunks]
    assert headers[0] == []
    assert [lines for lines, _ in itertools.groupby(headers) if lines] == [
        ["| Branch | Opens |", "| --- | --- |"],
        ["| Branch | Closes |", "| --- | --- |"],
    ]
    for chunk in chunks:
        assert chunk.text.startswith("| Branch") == bool(chunk.header)
        assert chunk.whole.endswith(chunk.text)


def test_a_table_without_a_ruler_or_with_an_endless_header_gives_none() -> None:
    rows = "".join(f"| Branch {n} | at {n % 12} |\n" for n in range(300))
    endless = f"| {'long ' * 200} | Opens |\n| --- | --- |\n"
    assert not any(chunk.header for text in (rows, endless + rows) for chunk in cut(text, 40, 10))
