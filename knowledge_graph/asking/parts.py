"""A question's words, dealt out among the paths that they ask for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from knowledge_graph.asking.linking import Link, Question
from knowledge_graph.asking.nesting import Nesting, X
from knowledge_graph.asking.roles import Floats, Roles

Division = tuple[Nesting, ...]
"""The words for each path."""
_AND = frozenset(["and", "or", "&"])
_OTHER = "W"


class Parts:
    """The words of one question.

    Args:
        silent: Numbers of words that ask for no step.
    """

    def __init__(self, question: Question, silent: Collection[int], roles: Roles) -> None:
        self._question, self._silent, self._roles = question, silent, roles
        self._known: dict[str, Floats] = {}

    def divisions(self, starts: Sequence[Link], paths: int) -> list[Division]:
        """The likeliest ways to deal the words out among so many paths, each from a link or all from the same."""
        words = self._words(starts)
        if paths == 1:
            return [(self._nesting(words),)]
        dealt = _dealt(words) if len(starts) > 1 else _coordinated(words)
        return [
            tuple(self._nesting([X if word == _OTHER else word for word in part]) for part in parts) for parts in dealt
        ]

    def _nesting(self, words: Sequence[str]) -> Nesting:
        return Nesting(words, self._compare, self._roles.columns)

    def _compare(self, parts: Sequence[str]) -> Floats:
        new = [part for part in dict.fromkeys(parts) if part not in self._known]
        self._known |= dict(zip(new, self._roles.compare(new), strict=True))
        return np.array([self._known[part] for part in parts]).reshape(len(parts), len(self._roles.columns))

    def _words(self, starts: Sequence[Link]) -> list[str]:
        """The question's words, the first start as X and another as W."""
        names = {start.first: name for start, name in zip(starts, (X, _OTHER), strict=False)}
        inside = {at for start in starts for at in start.words}
        return [
            names.get(at) or word.lower.removesuffix("'s")
            for at, word in enumerate(self._question.words)
            if at in names or (at not in inside and at not in self._silent)
        ]


def _dealt(words: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Words before and after each place between two entities, those of the first one first."""
    first, last = sorted((words.index(X), words.index(_OTHER)))
    for at in range(first + 1, last + 1):
        parts = words[:at], words[at:]
        yield parts if words[first] == X else parts[::-1]


def _coordinated(words: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Words without one side of an "and", and without the other: "which films did X write and direct"."""
    for at, word in enumerate(words):
        if word in _AND and 0 < at < len(words) - 1 and X not in (words[at - 1], words[at + 1]):
            sides = words[:at] + words[at + 2 :], words[: at - 1] + words[at + 1 :]
            yield sides
            yield sides[::-1]
