"""The ranking's weights: which of a unit's features tell the answer."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.fit_answers import fit_ranking
from chatbot.support import FEATURES

UNITS, QUESTIONS = 6, 200


def synthetic(weights: list[float], seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Features of each question's units, and which one answers: chosen at random, the likelier the higher its score."""
    chance = np.random.default_rng(seed)
    rows = [chance.normal(size=(UNITS, len(weights))) for _ in range(QUESTIONS)]
    noise = chance.gumbel(size=(QUESTIONS, UNITS))
    picked = [int(np.argmax(row @ weights + some)) for row, some in zip(rows, noise, strict=True)]
    return rows, [np.arange(UNITS) == row for row in picked]


@pytest.mark.parametrize("telling", [0, 1])
def test_of_two_features_the_one_that_tells_the_answer_gets_the_weight(telling: int) -> None:
    rows, answers = synthetic([3.0, 0.0] if telling == 0 else [0.0, 3.0])
    fitted = fit_ranking(rows, answers, [1.0] * QUESTIONS)
    assert 2 < fitted[telling] < 4
    assert 0 <= fitted[1 - telling] < 0.3


def test_only_a_units_size_may_speak_against_it() -> None:
    truth = np.zeros(FEATURES.index("long") + 1)
    against = [FEATURES.index(name) for name in ("match", "short", "long")]
    truth[against] = -2.0
    fitted = fit_ranking(*synthetic(truth.tolist()), [1.0] * QUESTIONS)
    assert fitted[against[0]] == 0 and fitted[against[1:]].max() < -1
    assert np.delete(fitted, against[1:]).min() >= 0


def test_a_question_of_twice_the_weight_counts_as_two() -> None:
    (rows, answers), (more, right) = synthetic([3.0, 0.0]), synthetic([0.0, 3.0])
    weighed = fit_ranking(rows + more, answers + right, [2.0] * QUESTIONS + [1.0] * QUESTIONS)
    repeated = fit_ranking(rows + rows + more, answers + answers + right, [1.0] * 3 * QUESTIONS)
    assert weighed == pytest.approx(repeated, rel=1e-3) and weighed[0] > 1.5 * weighed[1]


def test_of_several_units_that_answer_it_is_enough_that_one_comes_first() -> None:
    rows = [np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])] * QUESTIONS
    fitted = fit_ranking(rows, [np.array([True, True, False])] * QUESTIONS, [1.0] * QUESTIONS)
    assert fitted[0] > 1 and fitted[1] == 0
