"""Chinese words that mean the same: what people say beside what documents write.

`thesaurus_zh.txt`, written for Graft, holds a group of such words a line.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).parent / "thesaurus_zh.txt"
_MARK = "≈"
"""What a group's term begins with, so that no word of a text equals it."""


@lru_cache(maxsize=1)
def _groups() -> dict[str, list[str]]:
    """The terms of the groups that a word is in."""
    found: dict[str, list[str]] = {}
    for number, line in enumerate(_FILE.read_text(encoding="utf8").splitlines()):
        for word in line.split():
            found.setdefault(word, []).append(f"{_MARK}{number}")
    return found


@lru_cache(maxsize=1)
def _longest() -> int:
    return max(map(len, _groups()))


def meanings(run: str) -> list[str]:
    """A term for each group with a word in a run of Chinese characters; of words with one start the longest counts."""
    groups, longest = _groups(), _longest()
    found: list[str] = []
    for start in range(len(run)):
        for end in range(min(len(run), start + longest), start, -1):
            if terms := groups.get(run[start:end]):
                found += terms
                break
    return found
