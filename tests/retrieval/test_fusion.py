"""Fused scores keep what the rankers agree on, and a ranker without weight has no say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.fusion import Candidates, fuse


def candidates(dense: list[float], lexical: list[float]) -> Candidates:
    def scores(values: list[float]) -> NDArray[np.float32]:
        return np.array(values, dtype=np.float32)

    return Candidates(np.arange(len(dense)), scores(dense), scores(lexical))


def order(fused: NDArray[np.float32]) -> list[int]:
    return np.argsort(-fused, kind="stable").tolist()


def test_scores_lie_between_zero_and_one_and_agreement_wins() -> None:
    fused = fuse(candidates([0.9, 0.5, -0.2], [3.0, 30.0, 0.0]), 0.5)
    assert ((fused >= 0) & (fused <= 1)).all()
    assert fuse(candidates([0.9, 0.5], [9.0, 1.0])).tolist() == pytest.approx([1.0, 0.0])
    assert order(fused)[-1] == 2


def test_the_weight_goes_from_words_to_meaning() -> None:
    both = candidates([0.1, 0.5, 0.9], [9.0, 5.0, 1.0])
    assert order(fuse(both, 0.0)) == [0, 1, 2]
    assert order(fuse(both, 1.0)) == [2, 1, 0]


def test_a_lone_candidate_or_equal_ones_are_found() -> None:
    assert fuse(candidates([0.8], [2.0])).tolist() == pytest.approx([1.0])
    assert (fuse(candidates([0.8, 0.8], [0.0, 0.0])) > 0).all()
    assert fuse(candidates([-0.1], [0.0])).tolist() == [0.0]
    assert fuse(candidates([], [])).tolist() == []
