"""How sure it is that the best reading of a question is the right one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_graph.asking.paths import Reading

SUPPORT, EXPLAINED, MARGIN, NONE = 3.0, 2.2, 1.8, -4.4
"""A logistic regression: of how well words speak of the steps, how much of the question is explained, and how far the
next other answer is behind. Fitted on the development sets of `benchmarks.asking`."""
FAR = 5.0
"""A margin in score that is as good as any larger one."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The best reading of a question.

    Args:
        probability: That it is right.
    """

    reading: Reading
    probability: float


def judge(found: Sequence[Reading]) -> Judged:
    """Take the best reading of some, and say how likely it is right."""
    best = max(found, key=lambda reading: reading.score)
    others = [reading.score for reading in found if reading.ends != best.ends]
    margin = min((best.score - max(others, default=-math.inf)) / FAR, 1.0)
    support = sum(best.fit.support) / len(best.fit.support)
    odds = NONE + SUPPORT * support + EXPLAINED * (best.fit.covered + best.fit.named) + MARGIN * margin
    return Judged(best, 1 / (1 + math.exp(-odds)))
