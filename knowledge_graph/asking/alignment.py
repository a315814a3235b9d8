"""Which words of a question speak of which relation: every run of words compared with every step over the graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from knowledge_graph.asking.linking import Link, Question
from knowledge_graph.asking.phrases import kin, phrase
from knowledge_graph.asking.roles import Roles
from knowledge_graph.asking.steps import Step
from retrieval.text import STOPWORDS

LONGEST = 6
"""Most words of a run; an entity that a path begins at is one word."""
BEST, OF_WORD = 10, 2
"""Runs that are considered for one step, and of these with the same word."""
KIND = 0.5
"""What words are worth that name the kind of thing asked for, beside those that ask for a relation."""
_ASKING = frozenset(
    """
    name list give tell show find know which what who whom whose where when how many much number count total please
    all any every each one ones thing things people person someone called named can could you me also same other else
    another both either exactly altogether kind sort type
    """.split()
)
ASKS, SAYS = 0.15, 1.0
"""Weights of words that only ask, and of others; function words have none."""


@dataclass(frozen=True, slots=True)
class Run:
    """Words `first` to `last`, exclusive; `bits` has one set for each word with a weight in it."""

    first: int
    last: int
    bits: int
    text: str


@dataclass(frozen=True, slots=True)
class Fit:
    """How well some steps explain a question.

    Args:
        support: For each step, how well its run of words speaks of it; 0 where it has none.
        runs: The run of each step; None for one that no words speak of.
        covered: Share of the question's words, by weight, that the runs and the links explain.
        named: The same for the words that only name the kind of thing asked for.
    """

    support: tuple[float, ...]
    runs: tuple[Run | None, ...]
    covered: float
    named: float


class Alignment:
    """A question's runs of words against steps.

    Args:
        taken: The links that paths begin at; they stand in runs as `X`.
        silent: Numbers of words that speak of no relation.
    """

    def __init__(
        self,
        question: Question,
        taken: Sequence[Link],
        silent: Collection[int],
        roles: Roles,
    ) -> None:
        inside = {at for link in taken for at in link.words}
        lower = [word.lower for word in question.words]
        self.weights = [0.0 if at in inside or at in silent else _weight(word) for at, word in enumerate(lower)]
        self.links = len(taken) * SAYS
        self._starts = {link.first: link.last for link in taken}
        self.runs = list(self._all_runs(lower))
        self._lower = lower
        self._column = roles.columns
        self._near = self._compare(roles)
        self._best: dict[Step, list[tuple[float, Run]]] = {}

    def best(self, step: Step) -> list[tuple[float, Run]]:
        """The runs that speak of a step most, each with how well: of those with each word the best two."""
        if step not in self._best:
            near = self._near[:, self._column[step]]
            order = [int(row) for row in np.argsort(-near, kind="stable")]
            seen: Counter[int] = Counter()
            kept = []
            for row in order:
                words = [at for at in range(len(self.weights)) if self.runs[row].bits >> at & 1]
                if any(seen[at] < OF_WORD for at in words):
                    kept.append((float(near[row]), self.runs[row]))
                    seen.update(words)
            self._best[step] = kept[:BEST]
        return self._best[step]

    def fit(self, steps: Sequence[Step], ends: Collection[Step], unsaid: float) -> Fit:
        """The best way to give each step a run of its own.

        Args:
            ends: Steps that could also lead to what is asked for, as whose kind it may be named: "which films".
            unsaid: What a step is worth that no words speak of.
        """
        total = sum(self.weights) + self.links
        kind = self._kind(ends)
        head, of_head = (self._head.bits, self._worth(self._head)) if self._head else (0, 0.0)
        choices = [[*self.best(step), (0.0, None)] for step in steps]
        chosen, most = Fit((), (), 0.0, 0.0), -1.0

        def choose(at: int, bits: int, near: tuple[float, ...], runs: tuple[Run | None, ...], worth: float) -> None:
            nonlocal chosen, most
            if at == len(steps):
                named = 0.0 if bits & head else KIND * kind * of_head / total
                covered = (worth + self.links) / total
                value = sum(n if run else unsaid for n, run in zip(near, runs, strict=True)) / at + covered + named
                if value > most:
                    chosen, most = Fit(near, runs, covered, named), value
                return
            for how, run in choices[at]:
                if run is None:
                    choose(at + 1, bits, (*near, 0.0), (*runs, None), worth)
                elif not bits & run.bits:
                    choose(at + 1, bits | run.bits, (*near, how), (*runs, run), worth + how * self._worth(run))

        choose(0, 0, (), (), 0.0)
        return chosen

    def _kind(self, ends: Collection[Step]) -> float:
        """How well the words that name the kind of thing asked for fit what is reached."""
        columns = [self._column[step] for step in ends if step in self._column]
        if self._head is None or not columns:
            return 0.0
        return float(self._near[self.runs.index(self._head), columns].max())

    @cached_property
    def _head(self) -> Run | None:
        """The words that name the kind of thing asked for, "which films": up to the first that is no asking word."""
        first = next((at for at, weight in enumerate(self.weights) if weight == SAYS), None)
        return next((run for run in self.runs if first is not None and run.last == first + 1), None)

    def _worth(self, run: Run) -> float:
        return sum(self.weights[run.first : run.last])

    def _compare(self, roles: Roles) -> NDArray[np.float32]:
        """How well each run speaks of each step, shape (runs, steps), at most 1."""
        if not self.runs:
            return np.zeros((0, len(roles.columns)), np.float32)
        cosines = roles.cosines([run.text for run in self.runs])
        back = cosines[:, [self._column[step.back] for step in roles.columns]]
        alike = np.array([[self._alike(run, step) for step in roles.columns] for run in self.runs], np.float32)
        return np.asarray(np.maximum(cosines, alike) + np.minimum(0, cosines - back), dtype=np.float32)

    def _alike(self, run: Run, step: Step) -> float:
        """Share of content words that a run and a relation have in common, in whatever form."""
        words = [self._lower[at] for at in range(run.first, run.last) if self.weights[at]]
        content = phrase(step.relation).content
        return sum(max(kin(word, other) for other in words) for word in content) / max(len(content), len(words))

    def _all_runs(self, lower: Sequence[str]) -> list[Run]:
        units: list[tuple[int, int, str]] = []
        at = 0
        while at < len(lower):
            last = self._starts.get(at, at + 1)
            units.append((at, last, "X" if at in self._starts else lower[at].removesuffix("'s")))
            at = last
        least = min(SAYS, max(self.weights, default=0.0)) or SAYS  # "Where is X?" has no other word
        runs = []
        for begin in range(len(units)):
            for end in range(begin + 1, min(begin + LONGEST, len(units)) + 1):
                first, last = units[begin][0], units[end - 1][1]
                if max(self.weights[first:last]) >= least:
                    bits = sum(1 << at for at in range(first, last) if self.weights[at] > 0)
                    runs.append(Run(first, last, bits, " ".join(text for *_, text in units[begin:end])))
        return runs


def _weight(word: str) -> float:
    if word in ("where", "when"):
        return 0.3
    if word in STOPWORDS:
        return 0.0
    return ASKS if word in _ASKING else SAYS
