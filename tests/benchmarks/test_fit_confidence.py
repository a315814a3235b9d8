"""The confidence's weights, and the figures that its threshold is chosen by."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.fit_confidence import UNANSWERABLE, balanced, calibration_error, fit_logistic, precision, probability

TRUTH, BIAS, COUNT = np.array([2.0, 0.5]), -1.0, 4_000


def drawn(truth: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Signals, and labels drawn with the probability that a logistic model of these weights gives."""
    chance = np.random.default_rng(seed)
    signals = chance.normal(size=(COUNT, len(truth)))
    return signals, chance.random(COUNT) < probability(signals @ truth + BIAS)


def test_the_weights_that_made_the_labels_are_recovered() -> None:
    model = fit_logistic(*drawn(TRUTH), np.ones(COUNT))
    assert model.weights == pytest.approx(TRUTH, abs=0.2) and model.weights[0] > model.weights[1] > 0
    assert model.bias == pytest.approx(BIAS, abs=0.2)


def test_a_signal_that_speaks_against_an_answer_gets_no_weight() -> None:
    model = fit_logistic(*drawn(np.array([2.0, -2.0])), np.ones(COUNT))
    assert model.weights[0] > 0.5 and model.weights[1] == 0


def test_a_label_counts_as_much_as_its_weight() -> None:
    signals, labels = drawn(TRUTH)
    doubted = fit_logistic(signals, labels, np.where(labels, 1.0, 4.0))
    assert doubted.bias < fit_logistic(signals, labels, np.ones(COUNT)).bias - 1


def test_the_unanswerable_have_their_share_of_the_weight() -> None:
    answerable, weights = np.array([True, True, False, True, False]), np.array([1.0, 0.3, 1.0, 0.1, 0.3])
    found = balanced(answerable, weights)
    assert found[~answerable].sum() / found.sum() == pytest.approx(UNANSWERABLE)
    assert found[answerable].tolist() == weights[answerable].tolist()
    assert found[2] / found[4] == pytest.approx(1.0 / 0.3)


def test_precision_is_the_share_of_abstentions_that_were_right() -> None:
    answerable, abstained = np.array([True, False, False, True]), np.array([True, True, False, False])
    assert precision(answerable, abstained, np.array([1.0, 3.0, 9.0, 9.0])) == pytest.approx(0.75)


def test_calibration_error_weighs_the_gap_of_each_bin() -> None:
    scores, correct = np.array([0.95, 0.95, 0.55, 0.55]), np.array([True, True, False, True])
    assert calibration_error(scores, correct, np.ones(4)) == pytest.approx((2 * 0.05 + 2 * 0.05) / 4)
    assert calibration_error(scores, correct, np.array([1.0, 1.0, 6.0, 0.0])) == pytest.approx((0.1 + 6 * 0.55) / 8)
