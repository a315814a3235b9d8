"""The paths that begin at entities of a question, and how well each explains the question: a beam search."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, pairwise, product

from knowledge_graph.asking.alignment import Alignment, Fit
from knowledge_graph.asking.linking import Link, Question
from knowledge_graph.asking.steps import Step, Steps

HOPS = 3
LOOKED_AT = 20
"""Ends of a path whose facts tell what kind of thing they are."""
BEAM, WIDE = 40, 5_000
"""Paths of one length that are taken further, and the most nodes that are gone on from."""
JOINED = 60
"""Pairs of paths that are read together."""
UNSAID = 0.2
"""What a step is worth that no words speak of, while runs of words are given to steps."""
WEIGHTS = (15.0, 22.0, 22.0, -0.1, 2.0, 0.4, -6.0, 0.3, 2.0, -1.5)
"""Of the features of a reading; see `read`."""
RETURNS = frozenset(
    """
    other others else same share shares sharing common together also fellow another alongside with
    """.split()
)
"""Words that ask for what is reached by the same relation, there and back: "others with the same director"."""


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
        score: How well it explains the question.
    """

    paths: tuple[Path, ...]
    ends: frozenset[int]
    fit: Fit
    score: float


def readings(
    question: Question, links: Sequence[Link], steps: Steps, align: Callable[[Sequence[Link]], Alignment]
) -> Iterator[Reading]:
    """Readings that begin at one entity or at two.

    Args:
        links: Where paths may begin.
        align: The words against the relations, by the links that paths begin at.
    """
    for start in links:
        alignment = align([start])
        found = paths_from(start, steps, alignment)
        for path in found:
            yield read((path,), path.ends, alignment, question, steps)
        yield from _joined(
            combinations([path for path in found if len(path.steps) == 1], 2), alignment, question, steps
        )
    for starts in combinations(links, 2):
        alignment = align(starts)
        of_first, of_second = (paths_from(start, steps, alignment) for start in starts)
        yield from _joined(product(of_first, of_second), alignment, question, steps)


def _joined(
    pairs: Iterable[tuple[Path, Path]], alignment: Alignment, question: Question, steps: Steps
) -> Iterator[Reading]:
    """The most promising pairs of paths that lead to the same."""

    def promise(pair: tuple[Path, Path]) -> float:
        worth = [_promise(path, alignment) for path in pair]
        return sum(worth) / sum(len(path.steps) for path in pair)

    met = [
        (first, second)
        for first, second in pairs
        if len(first.steps) + len(second.steps) <= HOPS and not first.ends.isdisjoint(second.ends)
    ]
    for pair in heapq.nlargest(JOINED, met, promise):
        yield read(pair, pair[0].ends & pair[1].ends, alignment, question, steps)


def paths_from(start: Link, steps: Steps, alignment: Alignment) -> list[Path]:
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
                if ends:
                    longer.append(Path(start, (*path.steps, step), frozenset(ends)))
        beam = heapq.nlargest(BEAM, longer, lambda path: _promise(path, alignment))
        found += beam
    return found


def _promise(path: Path, alignment: Alignment) -> float:
    """What the relations of a path could be worth, whatever the others take."""
    if not alignment.runs:
        return UNSAID * len(path.steps)
    return sum(max(alignment.best(step)[0][0], UNSAID) for step in path.steps)


def read(
    paths: tuple[Path, ...], ends: frozenset[int], alignment: Alignment, question: Question, steps: Steps
) -> Reading:
    """How well some paths explain the question together.

    Its score is a weighted sum of: how well words speak of the steps; the shares of the question that the steps
    explain, and that only name the kind of thing asked for; the number of further steps; those that no words speak of,
    as the only step from a second entity ("comedies by ...") and else; entities that nothing begins at; two paths from
    one entity; and a way back by the same relation, where the words ask for one and where not.
    """
    taken = [step for path in paths for step in path.steps]
    kinds = {step.back for step in steps.from_all(sorted(ends)[:LOOKED_AT])}
    fit = alignment.fit(taken, kinds, UNSAID)
    starts = len({path.start for path in paths})
    single = len(paths) == starts > 1
    places = [0, *accumulate(len(path.steps) for path in paths)]
    qualifiers = sum(
        single and len(path.steps) == 1 and fit.runs[at] is None for path, at in zip(paths, places, strict=False)
    )
    unsaid = sum(run is None for run in fit.runs)
    back = any(step == before.back for path in paths for before, step in pairwise(path.steps))
    returns = not RETURNS.isdisjoint(word.lower for word in question.words)
    features = (
        sum(fit.support) / len(taken),
        fit.covered,
        fit.named,
        float(len(taken) - 1),
        float(qualifiers),
        float(unsaid - qualifiers),
        float(len(question.links) - starts),
        float(len(paths) > starts),
        float(back and returns),
        float(back and not returns),
    )
    score = sum(weight * feature for weight, feature in zip(WEIGHTS, features, strict=True))
    return Reading(paths, ends, fit, score)
