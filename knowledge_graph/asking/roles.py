"""The steps of a graph in words, compared with those of questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge_graph.asking.steps import NOTHING, Step, role
from retrieval.encoder import Encoder

SHARPNESS = 20.0
"""What cosines are multiplied by before the softmax; the relation matcher was trained with the same."""
LEAST = -3.0
"""The log-probability below which a part of a question does not ask for a step, if for any."""
Floats = NDArray[np.float64]


class Roles:
    """All steps there are, in words, compared with parts of questions."""

    def __init__(self, steps: Sequence[Step], encoder: Encoder) -> None:
        self.columns: Mapping[Step, int] = {step: column for column, step in enumerate(steps)}
        self._encoder = encoder
        self._vectors = encoder.sentences([*map(role, steps), NOTHING]).T

    def compare(self, parts: Sequence[str]) -> Floats:
        """Log-probabilities that parts of questions ask for each step, of those below `LEAST` minus infinity; shape
        (parts, steps)."""
        logits = SHARPNESS * self._with_nothing(parts)
        likely = (logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))[:, :-1]
        return np.where(likely < LEAST, -np.inf, likely)

    def nearest(self, texts: Sequence[str]) -> dict[Step, float]:
        """The highest cosine of each step with any of some texts."""
        near = self._with_nothing(texts)[:, :-1].max(axis=0, initial=0.0)
        return dict(zip(self.columns, near.tolist(), strict=True))

    def _with_nothing(self, texts: Sequence[str]) -> Floats:
        """Cosines with each step and, in the last column, with none."""
        if not texts:
            return np.zeros((0, len(self.columns) + 1))
        return np.asarray(self._encoder.sentences(list(texts)) @ self._vectors, dtype=np.float64)
