"""Finding the entities of a lexicon in texts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from knowledge_graph.facts import Mention
from knowledge_graph.lazy import Lazy
from knowledge_graph.names import fold, token_pattern
from retrieval.text import is_cjk

LONGEST_CHINESE = 14
"""Most characters of a name that is looked for in Chinese text."""
_BEYOND = "\U0010ffff"


BREAK = "|"
"""Between the words of two sentences."""


@dataclass(slots=True)
class Seen:
    """What texts were searched by, in order: words as in keys, in Chinese every two characters; and which words do not
    begin with a small letter."""

    words: list[str] = field(default_factory=list)
    capitals: list[str] = field(default_factory=list)


Meant = tuple[str, bool]
"""The key of the entity that a key means, and whether it needs a capital."""


class _Group(NamedTuple):
    """The keys with one beginning.

    Args:
        longest: By what follows the beginning, the number of words or characters of the longest key.
        single: What the beginning means alone.
    """

    keys: dict[str, Meant]
    longest: dict[str, int]
    single: Meant | None


class Lexicon:
    """Matches texts with the keys of a lexicon in SQLite; reads those that begin with a word when it first meets it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._by_token = Lazy(self._of_token)
        self._by_character = Lazy(self._of_character)
        self.named = lru_cache(maxsize=1024)(self._named)

    def resolve(self, key: str) -> str:
        """The key of the entity that a key means; empty if it means none."""
        row = self._connection.execute("SELECT target FROM lexicon WHERE key = ?", (key,)).fetchone()
        return row[0] if row else ""

    def mentions(self, text: str, seen: Seen | None = None) -> list[Mention]:
        """Where a sentence names entities; a shorter entity inside a longer one is found too.

        Args:
            seen: Takes what the text was searched by.
        """
        if is_cjk(text):
            return self._chinese_mentions(text, seen)
        matches = list(token_pattern(text).finditer(text))
        written = [match[0] for match in matches]
        tokens = list(map(fold, written))
        if seen is not None:
            seen.words += tokens
            seen.words.append(BREAK)
            seen.capitals += [token for token, word in zip(tokens, written, strict=True) if not word[0].islower()]
        groups = list(map(self._by_token.__getitem__, tokens))
        if not any(groups):
            return []
        found: list[Mention] = []
        tokens.append(BREAK)
        for first, group in enumerate(groups):
            if group is None:
                continue
            keys, longest, single = group
            size = longest.get(tokens[first + 1], 1)
            if size == 1 and single is None:
                continue
            key = tokens[first]
            small = text[matches[first].start()].islower()
            for last in range(first, min(first + size, len(matches))):
                if last > first:
                    key = f"{key} {tokens[last]}"
                meant = keys.get(key)
                if meant and not (small and meant[1]):
                    found.append(Mention(meant[0], matches[first].start(), matches[last].end()))
        return found

    def _named(self, heading: str) -> tuple[frozenset[str], Seen]:
        """The entities that a heading names, and what it was searched by."""
        seen = Seen()
        return frozenset(mention.key for mention in self.mentions(heading, seen)), seen

    def _chinese_mentions(self, text: str, seen: Seen | None) -> list[Mention]:
        found: list[Mention] = []
        folded = text.lower()
        if seen is not None:
            seen.words += character_pairs(folded)
            seen.words.append(BREAK)
        for start, group in enumerate(map(self._by_character.__getitem__, folded)):
            if group is None:
                continue
            longest = group.longest.get(folded[start + 1 : start + 2], 0)
            for size in range(2, min(longest, len(folded) - start) + 1):
                if meant := group.keys.get(folded[start : start + size]):
                    found.append(Mention(meant[0], start, start + size))
        return found

    def _of_token(self, token: str) -> _Group | None:
        keys = self._range(token, token + "!")  # the first character after a space
        longest: dict[str, int] = {}
        for key in keys:
            words = key.split(" ")
            if len(words) > 1:
                longest[words[1]] = max(longest.get(words[1], 1), len(words))
        return _Group(keys, longest, keys.get(token)) if keys else None

    def _of_character(self, character: str) -> _Group | None:
        keys = self._range(character, character + _BEYOND)
        longest: dict[str, int] = {}
        for key in keys:
            longest[key[1:2]] = max(longest.get(key[1:2], 0), min(len(key), LONGEST_CHINESE))
        return _Group(keys, longest, None) if keys else None

    def _range(self, low: str, high: str) -> dict[str, Meant]:
        sql = "SELECT key, target, cased FROM lexicon WHERE key >= ? AND key < ?"
        return {key: (target, bool(cased)) for key, target, cased in self._connection.execute(sql, (low, high))}


def character_pairs(text: str) -> list[str]:
    """Every two characters that stand side by side, in order."""
    return [text[at : at + 2] for at in range(len(text) - 1)]


def outermost(mentions: Iterable[Mention]) -> list[Mention]:
    """Mentions that lie in no other, in reading order."""
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda m: (m.start, -m.end)):
        if not kept or mention.start >= kept[-1].end:
            kept.append(mention)
    return kept
