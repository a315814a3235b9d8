"""What a confidence is worth: calibration error, the risk at every coverage, and the threshold for a precision.

Everything takes two arrays of one entry a question: `confidence`, floats from 0 to 1, and `correct`, booleans, false
where an unanswerable question is answered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10
LEAST_COVERAGE = 0.2
"""A precision counts as reached only where at least this share of the questions is answered."""

Confidences = NDArray[np.float64]
Corrects = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of about one confidence: their mean confidence, the share that is correct, and how many there are."""

    confidence: float
    accuracy: float
    count: int


@dataclass(frozen=True, slots=True)
class Point:
    """What comes of answering from a confidence upwards.

    Args:
        coverage: Share of the questions that are answered.
        risk: Share of those answers that is wrong.
        confidence: The least among them.
    """

    coverage: float
    risk: float
    confidence: float


def reliability(confidence: Confidences, correct: Corrects, bins: int = BINS) -> list[Bin]:
    """The bars of a reliability diagram: equal-width bins, those that hold nothing left out."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        Bin(float(confidence[inside].mean()), float(correct[inside].mean()), int(inside.sum()))
        for inside in (place == number for number in range(bins))
        if inside.any()
    ]


def expected_calibration_error(bins: list[Bin]) -> float:
    """Mean distance of confidence and accuracy over the answers, 0 of none (Guo et al. 2017, equation 3)."""
    count = sum(b.count for b in bins)
    return sum(b.count * abs(b.accuracy - b.confidence) for b in bins) / max(1, count)


def risk_coverage(confidence: Confidences, correct: Corrects) -> list[Point]:
    """The risk-coverage curve (El-Yaniv & Wiener 2010), least coverage first; equal confidences make one step."""
    order = np.argsort(-confidence, kind="stable")
    sure, wrong = confidence[order], np.cumsum(~correct[order])
    last = np.flatnonzero(np.append(sure[1:] < sure[:-1], True)) if len(sure) else np.zeros(0, dtype=int)
    return [Point((i + 1) / len(sure), float(wrong[i]) / (i + 1), float(sure[i])) for i in last.tolist()]


def area(curve: list[Point]) -> float:
    """Area under the curve, the mean risk over all coverages (Geifman & El-Yaniv 2017); 0 of no questions."""
    before = [0.0, *(point.coverage for point in curve)]
    return sum((point.coverage - covered) * point.risk for covered, point in zip(before, curve, strict=False))


def best_precision(curve: list[Point]) -> float:
    """The highest precision at a coverage of at least `LEAST_COVERAGE`, 0 of no questions."""
    return max((1 - point.risk for point in curve if point.coverage >= LEAST_COVERAGE), default=0.0)


def threshold_for(precision: float, curve: list[Point]) -> float | None:
    """The least threshold at which a share `precision` of the answers given is correct; None if there is none.

    It lies midway to the next lower confidence, so that answers on either side stay there under rounding, and is never
    below the least confidence seen.
    """
    reached = [
        number
        for number, point in enumerate(curve)
        if point.coverage >= LEAST_COVERAGE and 1 - point.risk >= precision - 1e-9
    ]
    if not reached:
        return None
    own, lower = (curve[min(number, len(curve) - 1)].confidence for number in (reached[-1], reached[-1] + 1))
    return (own + lower) / 2


def cross_validated(
    precision: float, confidence: Confidences, correct: Corrects, folds: int = 5, rounds: int = 20
) -> tuple[float, float]:
    """Precision and coverage to expect of `threshold_for` on questions that it has not seen.

    The threshold is chosen on all folds but one and judged on that one (Stone 1974), over several shuffles; where none
    reaches the precision, nothing is answered. The precision of no answers is 0.
    """
    chance = np.random.default_rng(0)
    right = given = 0
    for _ in range(rounds):
        fold = chance.permutation(len(confidence)) % folds
        for number in range(folds):
            seen, rest = fold != number, fold == number
            below = threshold_for(precision, risk_coverage(confidence[seen], correct[seen]))
            answered = rest & (confidence >= (np.inf if below is None else below))
            right, given = right + int(correct[answered].sum()), given + int(answered.sum())
    return right / max(1, given), given / max(1, rounds * len(confidence))
