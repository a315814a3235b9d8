"""How sure it is that the best reading of a question is the right one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_graph.asking.paths import Reading
from knowledge_graph.asking.weighing import Weighed

SAID, SUPPORT, EXPLAINED, MARGIN, NONE = 0.5, 3.0, 2.2, 1.8, -4.0
"""A logistic regression: of the log-probability of a step, how well words speak of the steps, how much of the question
is explained, and how far the next other answer is behind. Fitted on the development sets of `benchmarks.asking`."""
FAR = 3.0
"""A margin in score that is as good as any larger one."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The best reading of a question.

    Args:
        probability: That it is right.
    """

    reading: Reading
    probability: float


def judge(found: Sequence[Weighed]) -> Judged:
    """Say of the first of some readings how likely it is right."""
    odds = NONE + sum(
        weight * signal for weight, signal in zip((SAID, SUPPORT, EXPLAINED, MARGIN), signals(found), strict=True)
    )
    return Judged(found[0].reading, 1 / (1 + math.exp(-odds)))


def signals(found: Sequence[Weighed]) -> tuple[float, float, float, float]:
    """What tells how sure it is, of readings by score."""
    best = found[0]
    said, length, support, covered, named = best.features[:5]
    behind = next((other.score for other in found if other.reading.ends != best.reading.ends), -math.inf)
    return said / length, support, covered + named, min((best.score - behind) / FAR, 1.0)
