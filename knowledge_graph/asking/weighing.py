"""How well a reading explains a question, all in all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

from knowledge_graph.asking.alignment import Alignment
from knowledge_graph.asking.linking import Question
from knowledge_graph.asking.paths import Reading
from knowledge_graph.asking.steps import Steps

LOOKED_AT = 20
"""Ends of a path whose facts tell what kind of thing they are."""
UNSAID = 0.2
"""What a step is worth that no words speak of, while runs of words are given to steps."""
WEIGHTS = (1.0, 0.6, 6.0, 8.8, 8.8, 0.8, 0.16, -5.4, 0.12, 0.8, -0.6)
"""Of the features; see `weigh`."""
RETURNS = frozenset(
    """
    other others else same share shares sharing common together also fellow another alongside with
    """.split()
)
"""Words that ask for what is reached by the same relation, there and back: "others with the same director"."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A reading with what is weighed, in the order of `WEIGHTS`, and its score."""

    reading: Reading
    features: tuple[float, ...]

    @property
    def score(self) -> float:
        """How well the reading explains the question; the best is taken."""
        return sum(weight * feature for weight, feature in zip(WEIGHTS, self.features, strict=True))


def weigh(reading: Reading, question: Question, alignment: Alignment, steps: Steps) -> Weighed:
    """Weigh: the log-probability that the question's parts ask for the steps; the number of steps; how well
    words speak of the steps; the shares of the question that the steps explain, and that only name the kind of thing
    asked for; steps that no words speak of, as the only step from a second entity ("comedies by ...") and else;
    entities that nothing begins at; two paths from one entity; and a way back by the same relation, where the words
    ask for one and where not.

    Args:
        alignment: The words against the relations, by the links that the reading begins at.
    """
    paths = reading.paths
    taken = [step for path in paths for step in path.steps]
    kinds = {step.back for step in steps.from_all(sorted(reading.ends)[:LOOKED_AT])}
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
    found = (
        reading.said,
        float(len(taken)),
        sum(fit.support) / len(taken),
        fit.covered,
        fit.named,
        float(qualifiers),
        float(unsaid - qualifiers),
        float(len(question.links) - starts),
        float(len(paths) > starts),
        float(back and returns),
        float(back and not returns),
    )
    return Weighed(reading, found)
