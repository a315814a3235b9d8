"""Finding the entities of a lexicon in texts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from knowledge_graph.facts import Mention
from knowledge_graph.names import MAX_TOKENS, TOKEN, fold
from retrieval.text import is_cjk

LONGEST_CHINESE = 14
"""Most characters of a name that is looked for in Chinese text."""
_BEYOND = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class _Group:
    """The keys with one beginning: what each means, whether it needs a capital, and the length of the longest."""

    longest: int
    keys: dict[str, tuple[str, bool]]


class Lexicon:
    """Matches texts with the keys of a lexicon in SQLite; reads those that begin with a word when it first meets it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._by_token: dict[str, _Group | None] = {}
        self._by_character: dict[str, _Group | None] = {}

    def resolve(self, key: str) -> str:
        """The key of the entity that a key means; empty if it means none."""
        row = self._connection.execute("SELECT target FROM lexicon WHERE key = ?", (key,)).fetchone()
        return row[0] if row else ""

    def mentions(self, text: str) -> list[Mention]:
        """Where a sentence names entities; a shorter entity inside a longer one is found too."""
        if is_cjk(text):
            return self._chinese_mentions(text)
        matches = list(TOKEN.finditer(text))
        tokens = [fold(match.group()) for match in matches]
        found: list[Mention] = []
        for first, token in enumerate(tokens):
            group = self._by_token[token] if token in self._by_token else self._load_token(token)
            if group is None:
                continue
            key = ""
            for last in range(first, min(first + group.longest, len(tokens))):
                key = f"{key} {tokens[last]}" if key else token
                if meant := group.keys.get(key):
                    start = matches[first].start()
                    if not meant[1] or text[start].isupper():
                        found.append(Mention(meant[0], start, matches[last].end()))
        return found

    def _chinese_mentions(self, text: str) -> list[Mention]:
        found: list[Mention] = []
        folded = text.lower()
        for start, character in enumerate(folded):
            known = character in self._by_character
            group = self._by_character[character] if known else self._load_character(character)
            if group is None:
                continue
            for size in range(2, min(group.longest, len(folded) - start) + 1):
                if meant := group.keys.get(folded[start : start + size]):
                    found.append(Mention(meant[0], start, start + size))
        return found

    def _load_token(self, token: str) -> _Group | None:
        keys = self._range(token, token + "!")  # the first character after a space
        longest = max((key.count(" ") + 1 for key in keys), default=0)
        self._by_token[token] = _Group(min(longest, MAX_TOKENS), keys) if keys else None
        return self._by_token[token]

    def _load_character(self, character: str) -> _Group | None:
        keys = {key: meant for key, meant in self._range(character, character + _BEYOND).items() if len(key) > 1}
        longest = min(max(map(len, keys), default=0), LONGEST_CHINESE)
        self._by_character[character] = _Group(longest, keys) if keys else None
        return self._by_character[character]

    def _range(self, low: str, high: str) -> dict[str, tuple[str, bool]]:
        sql = "SELECT key, target, cased FROM lexicon WHERE key >= ? AND key < ?"
        return {key: (target, bool(cased)) for key, target, cased in self._connection.execute(sql, (low, high))}


def outermost(mentions: Iterable[Mention]) -> list[Mention]:
    """Mentions that lie in no other, in reading order."""
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda m: (m.start, -m.end)):
        if not kept or mention.start >= kept[-1].end:
            kept.append(mention)
    return kept
