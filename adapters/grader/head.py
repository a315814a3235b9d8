"""The linear head of a grader, on the features of pairs; numpy alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adapters.classifier.head import softmax
from adapters.grader.features import FEATURES
from adapters.models import ModelError
from adapters.registry import HEAD


@dataclass(frozen=True, slots=True)
class Graded:
    """What an answer is graded.

    Args:
        grade: The likeliest.
        probabilities: Of all grades, from the worst to the best.
        sure: Whether this is likely enough to be told.
    """

    grade: str
    probabilities: dict[str, float]
    sure: bool

    @property
    def probability(self) -> float:
        """That of the grade."""
        return self.probabilities[self.grade]


@dataclass(frozen=True, slots=True)
class GradeHead:
    """Multinomial logistic regression.

    Args:
        labels: The grades, from the worst to the best.
        weights, bias: Shapes (labels, features) and (labels,), of features that are not scaled.
        least: The least probability of a grade that is told.
    """

    labels: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    least: float = 0.0

    def grade(self, features: NDArray[np.float64]) -> list[Graded]:
        """What answers are graded by their features, shape (answers, features)."""
        logits = (features @ self.weights.T + self.bias).astype(np.float32)
        return [self.told(row) for row in softmax(logits)] if len(features) else []

    def told(self, probabilities: NDArray[np.float32]) -> Graded:
        """What an answer is graded by its probabilities, shape (labels,)."""
        best = int(probabilities.argmax())
        found = {label: round(float(value), 4) for label, value in zip(self.labels, probabilities, strict=True)}
        return Graded(self.labels[best], found, bool(probabilities[best] >= self.least))

    def save(self, folder: Path) -> None:
        """Write it as safetensors, its labels and numbers as metadata."""
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        told = {"labels": self.labels, "features": FEATURES, "least": self.least}
        arrays = {"weights": np.ascontiguousarray(self.weights), "bias": np.ascontiguousarray(self.bias)}
        save_file(arrays, folder / HEAD, {"grader": json.dumps(told)})

    @classmethod
    def load(cls, folder: Path) -> GradeHead:
        """Read what `save` wrote.

        Raises:
            ModelError: It is missing, damaged, of other features, or holds what is no number.
        """
        from safetensors import SafetensorError, safe_open

        path = folder / HEAD
        try:
            with safe_open(path, "np") as file:
                told = json.loads(file.metadata()["grader"])
                weights, bias = file.get_tensor("weights"), file.get_tensor("bias")
            labels, least, known = tuple(map(str, told["labels"])), float(told["least"]), tuple(told["features"])
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ModelError(f"{path} is missing or damaged") from None
        if known != FEATURES:
            raise ModelError(f"{path} was trained on other features; train it again: graft train grader")
        if weights.shape != (len(labels), len(FEATURES)) or bias.shape != (len(labels),) or not labels:
            raise ModelError(f"{path} is damaged: its parts do not fit together")
        if not np.isfinite(weights).all() or not np.isfinite(bias).all() or not 0 <= least <= 1:
            raise ModelError(f"{path} holds what is no number")
        return cls(labels, weights, bias, least)
