"""How sure it is that the best reading of a question is the right one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_graph.asking.paths import Reading

SAID, MARGIN, BIAS = 0.27, 1.89, 0.36
"""A logistic regression: of the log-probability of a step, and how far the next other answer is behind. Fitted on the
development sets of `benchmarks.asking`."""
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


def judge(found: Sequence[Reading]) -> Judged:
    """Say of the first of some readings how likely it is right."""
    said, margin = signals(found)
    return Judged(found[0], 1 / (1 + math.exp(-(BIAS + SAID * said + MARGIN * margin))))


def signals(found: Sequence[Reading]) -> tuple[float, float]:
    """What tells how sure the first of some readings is."""
    best = found[0]
    behind = next((other.score for other in found if other.ends != best.ends), -math.inf)
    length = sum(len(path.steps) for path in best.paths)
    return best.score / length, min((best.score - behind) / FAR, 1.0)
