"""The paths that begin at entities of a question, and how likely the question asks for each: a beam search."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from knowledge_graph.asking.linking import Link
from knowledge_graph.asking.parts import Division
from knowledge_graph.asking.steps import Step, Steps

HOPS = 3
BEAM, WIDE = 40, 5_000
"""Paths of one length that are taken further, and the most nodes that are gone on from."""
SIDES = 1.0
"""What two paths from one entity add to a score, which both sides of an "and" ask for."""
IGNORED = -5.0
"""What an entity of the question adds to the score of a reading that has nothing to do with it."""


@dataclass(frozen=True, slots=True)
class Path:
    """Steps from an entity, and the nodes they lead to."""

    start: Link
    steps: tuple[Step, ...]
    ends: frozenset[int]


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the question: paths that must all lead to what is asked for.

    Args:
        said: The log-probability that the question's words ask for the paths.
        ignored: How many of the question's entities it has nothing to do with.
    """

    paths: tuple[Path, ...]
    ends: frozenset[int]
    said: float
    ignored: int

    @property
    def score(self) -> float:
        """How well it explains the question."""
        sides = len({path.start for path in self.paths}) < len(self.paths)
        return self.said + IGNORED * self.ignored + SIDES * sides


def readings(
    links: Sequence[Link], steps: Steps, divisions: Callable[[Sequence[Link], int], list[Division]]
) -> Iterator[Reading]:
    """Readings that the words may ask for, which begin at one entity or at two.

    Args:
        links: Where paths may begin.
        divisions: The ways to deal out a question's words among so many paths from some entities.
    """
    for start in links:
        whole = divisions([start], 1)
        found = paths_from(start, steps, _promise(whole, 0))
        for path in found:
            yield _read((path,), path.ends, whole, len(links) - 1)
        single = [path for path in found if len(path.steps) == 1]
        yield from _joined(combinations(single, 2), divisions([start], 2), len(links) - 1)
    for starts in combinations(links, 2):
        divided = divisions(starts, 2)
        of_first, of_second = (
            paths_from(start, steps, _promise(divided, at)) if divided else [] for at, start in enumerate(starts)
        )
        yield from _joined(product(of_first, of_second), divided, len(links) - 2)


def _promise(divided: Sequence[Division], at: int) -> Callable[[Step], float]:
    """What a step of one of the paths could be worth."""
    return lambda step: max(division[at].best(step) for division in divided)


def paths_from(start: Link, steps: Steps, promise: Callable[[Step], float]) -> list[Path]:
    """The most promising paths of up to `HOPS` steps, the best first.

    A path that goes back the way it came, "others with the same director", does not end where it began.
    """
    found: list[Path] = []
    beam = [Path(start, (), frozenset([start.node]))]
    for _ in range(HOPS):
        longer = []
        for path in beam:
            for step, ends in steps.from_all(path.ends).items() if len(path.ends) <= WIDE else ():
                if path.steps and step == path.steps[-1].back:
                    ends = ends - {start.node}
                if ends and promise(step) > -math.inf:
                    longer.append(Path(start, (*path.steps, step), frozenset(ends)))
        beam = heapq.nlargest(BEAM, longer, lambda path: sum(map(promise, path.steps)))
        found += beam
    return found


def _joined(pairs: Iterable[tuple[Path, Path]], divided: Sequence[Division], ignored: int) -> Iterator[Reading]:
    """Pairs of paths that lead to the same, if the words can be dealt out among them."""
    for first, second in pairs if divided else ():
        if len(first.steps) + len(second.steps) <= HOPS and not first.ends.isdisjoint(second.ends):
            yield _read((first, second), first.ends & second.ends, divided, ignored)


def _read(paths: tuple[Path, ...], ends: frozenset[int], divided: Sequence[Division], ignored: int) -> Reading:
    said = max(sum(part.worth(path.steps) for part, path in zip(division, paths, strict=True)) for division in divided)
    return Reading(paths, ends, said, ignored)
