"""Fusing the dense and the lexical ranking of one question.

Convex combination of min-max normalised scores (Bruch, Gai and Ingber 2022, arXiv 2210.11934). Scores, unlike ranks,
say how much better the first is than the second; and a ranker that does not know the corpus gets a small weight at
indexing (`retrieval.aptitude`), so that it cannot drag the other down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DENSE_WEIGHT = 0.7
"""Weight of the cosine where the encoder knows the corpus; tuned on the train split of MedQuAD."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Chunks found for a question by either ranker, with both scores, arrays of one length."""

    positions: NDArray[np.int64]
    dense: NDArray[np.float32]
    lexical: NDArray[np.float32]


def fuse(candidates: Candidates, dense_weight: float = DENSE_WEIGHT) -> NDArray[np.float32]:
    """Fused scores in [0, 1], one per candidate."""
    return np.asarray(
        dense_weight * _scaled(candidates.dense) + (1 - dense_weight) * _scaled(candidates.lexical), dtype=np.float32
    )


def _scaled(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    if not len(scores):
        return scores
    low, high = float(scores.min()), float(scores.max())
    if high - low < 1e-9:  # a lone candidate, or equal ones: found all the same
        return np.full_like(scores, 1.0 if high > 0 else 0.0)
    return (scores - low) / (high - low)
