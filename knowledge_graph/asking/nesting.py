"""What a question's words ask for, step by step: each part within another, as noun phrases are.

"Who directed [the films that star [the actors in X]]" asks for three relations, each of the words that are left when
what is within them is taken for a name: "the actors in X", "the films that star X", "who directed X". So every run of
words around the entity may be the part that one step explains, and what is around that run the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np

from knowledge_graph.asking.roles import Floats
from knowledge_graph.asking.steps import Step
from retrieval.text import STOPWORDS

X = "X"
"""Stands for an entity, or for words that have been explained."""
WIDEST = 12
"""Most words of a part that is within another."""
PAIRS, ENDS = 64, 10
"""Pairs of runs, one within the other, that are tried for three steps, and of how many runs each."""
Compare = Callable[[Sequence[str]], Floats]
"""Log-probabilities that parts ask for each step, shape (parts, steps)."""
UNSAID = -3.0
"""What a step is taken for that is asked for by an entity alone, without a word: "comedies by ..."."""


class Nesting:
    """The parts of some words.

    Args:
        words: In lower case, the entity among them as `X`.
        columns: The steps that `compare` compares with.
    """

    def __init__(self, words: Sequence[str], compare: Compare, columns: Mapping[Step, int]) -> None:
        self._words = list(words)
        self._compare = compare
        self._columns = columns
        at = self._words.index(X)
        self._spans = [
            (first, last)
            for first in range(at + 1)
            for last in range(at + 1, len(words) + 1)
            if 1 < last - first <= min(WIDEST, len(words) - 1) and self._words[last - 1] not in STOPWORDS
        ]

    def worth(self, steps: Sequence[Step]) -> float:
        """The log-probability that the words ask for steps, the first from the entity; of three at most."""
        if self._mute:
            return UNSAID * len(steps)
        first, last = self._columns[steps[0]], self._columns[steps[-1]]
        if len(steps) == 1:
            return float(self._whole[0, first])
        if len(steps) == 2:
            said = self._inner[:, first] + self._outer[:, last]
        else:
            within, around = self._pairs
            said = self._inner[within, first] + self._middle[:, self._columns[steps[1]]] + self._outer[around, last]
        return float(said.max(initial=-np.inf))

    def best(self, step: Step) -> float:
        """The highest log-probability of a step in any part."""
        return UNSAID if self._mute else float(self._best[self._columns[step]])

    @property
    def _mute(self) -> bool:
        """Whether no word asks for anything."""
        return all(word == X or word in STOPWORDS for word in self._words)

    @cached_property
    def _best(self) -> Floats:
        found: Floats = np.vstack([self._whole, self._inner, self._outer, self._middle]).max(axis=0)
        return found

    @cached_property
    def _whole(self) -> Floats:
        return self._compare([" ".join(self._words)])

    @cached_property
    def _inner(self) -> Floats:
        return self._compare([self._run(*span) for span in self._spans])

    @cached_property
    def _outer(self) -> Floats:
        return self._compare([self._run(0, len(self._words), *span) for span in self._spans])

    @cached_property
    def _pairs(self) -> tuple[list[int], list[int]]:
        """Numbers of runs, and of those that they are within."""
        said = [np.argsort(-part.max(axis=1, initial=-np.inf))[:ENDS] for part in (self._inner, self._outer)]
        found = [
            (int(within), int(around))
            for within in said[0]
            for around in said[1]
            if within != around
            and self._spans[around][0] <= self._spans[within][0]
            and self._spans[around][1] >= self._spans[within][1]
        ][:PAIRS]
        return [within for within, _ in found], [around for _, around in found]

    @cached_property
    def _middle(self) -> Floats:
        within, around = self._pairs
        return self._compare([self._run(*self._spans[b], *self._spans[a]) for a, b in zip(within, around, strict=True)])

    def _run(self, first: int, last: int, begin: int = 0, end: int = 0) -> str:
        """Words, those from `begin` to `end` among them taken for an entity."""
        words = self._words
        parts = [*words[first:begin], X, *words[end:last]] if end else words[first:last]
        return " ".join(parts)
