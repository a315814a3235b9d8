"""Calibration error, risk-coverage curve and thresholds, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from chatbot.evaluation.calibration import (
    Bin,
    Point,
    area,
    best_precision,
    cross_validated,
    expected_calibration_error,
    reliability,
    risk_coverage,
    threshold_for,
)

SURE = np.array([0.7, 0.9, 0.6, 0.8])
RIGHT = np.array([True, True, False, False])
CURVE = [Point(0.25, 0.0, 0.9), Point(0.5, 0.5, 0.8), Point(0.75, 1 / 3, 0.7), Point(1.0, 0.5, 0.6)]
NONE = np.zeros(0), np.zeros(0, dtype=bool)


def test_bins_are_of_equal_width_and_the_error_weighs_them_by_their_answers() -> None:
    bins = reliability(np.array([1.0, 0.9, 0.81, 0.89, 0.1]), np.array([True, True, True, False, False]))
    assert bins == [
        Bin(pytest.approx(0.1), 0.0, 1),
        Bin(pytest.approx(0.85), 0.5, 2),
        Bin(pytest.approx(0.95), 1.0, 2),
    ]
    assert expected_calibration_error(bins) == pytest.approx((0.1 + 2 * 0.35 + 2 * 0.05) / 5)


def test_a_confidence_that_is_the_share_correct_has_no_error() -> None:
    confidence, correct = np.repeat([0.25, 0.75], 4), np.array([True, False, False, False, True, True, True, False])
    assert expected_calibration_error(reliability(confidence, correct)) == 0
    assert expected_calibration_error(reliability(confidence, ~correct)) == pytest.approx(0.5)


def test_the_curve_takes_the_surest_first() -> None:
    assert risk_coverage(SURE, RIGHT) == CURVE
    assert area(CURVE) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_questions_of_one_confidence_are_answered_together() -> None:
    curve = risk_coverage(np.array([0.5, 0.9, 0.5, 0.5]), np.array([False, True, True, False]))
    assert curve == [Point(0.25, 0.0, 0.9), Point(1.0, 0.5, 0.5)]
    assert area(curve) == pytest.approx(0.75 * 0.5)


def test_a_perfect_order_has_the_least_area() -> None:
    sure, right = np.linspace(0.1, 0.9, 9), np.arange(9) >= 3
    areas = [area(risk_coverage(np.array(order), right)) for order in (sure, sure[::-1], np.full(9, 0.5))]
    assert areas[0] == pytest.approx((1 / 7 + 2 / 8 + 3 / 9) / 9)
    assert areas[0] < areas[2] < areas[1]


@pytest.mark.parametrize(
    ("precision", "threshold"),
    [(1.0, 0.85), (0.67, 0.85), (2 / 3, 0.65), (0.5, 0.6), (0.0, 0.6)],
)
def test_the_least_threshold_reaches_the_precision(precision: float, threshold: float) -> None:
    assert threshold_for(precision, CURVE) == pytest.approx(threshold)


def test_a_precision_of_hardly_any_answers_is_not_reached() -> None:
    sure, right = np.linspace(0.95, 0.05, 10), np.arange(10) == 0
    assert threshold_for(0.9, risk_coverage(sure, right)) is None
    assert threshold_for(0.5, risk_coverage(sure, right)) == pytest.approx(0.8)
    assert best_precision(risk_coverage(sure, right)) == 0.5


def test_cross_validation_sees_through_luck() -> None:
    chance = np.random.default_rng(1)
    sure, right = chance.random(60), chance.random(60) < 0.5
    below = threshold_for(0.6, risk_coverage(sure, right))
    assert below is not None and right[sure >= below].mean() >= 0.6
    precision, coverage = cross_validated(0.6, sure, right)
    assert precision < 0.6 and 0 < coverage < 1


def test_cross_validation_confirms_what_is_real() -> None:
    sure = np.linspace(0, 1, 100)
    precision, coverage = cross_validated(0.95, sure, sure > 0.5)
    assert precision == pytest.approx(0.95, abs=0.03) and coverage == pytest.approx(0.52, abs=0.03)
    assert cross_validated(0.9, sure, np.zeros(100, dtype=bool)) == (0, 0)


def test_no_questions_are_no_error() -> None:
    assert reliability(*NONE) == risk_coverage(*NONE) == []
    assert expected_calibration_error([]) == area([]) == best_precision([]) == 0
    assert threshold_for(0.5, []) is None and cross_validated(0.5, *NONE) == (0, 0)
