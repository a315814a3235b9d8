"""A linear head on unit vectors of texts, which also tells texts that are out of its scope; numpy alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adapters.models import ModelError
from adapters.registry import HEAD, as_any_file

NEAREST = 5
"""Kept texts that a text is compared with."""


@dataclass(frozen=True, slots=True)
class Scope:
    """How near a text is to what was learned: a weighted sum of its signals, each less its mean, in deviations.

    Args:
        weights, means, deviations: Of the mean cosine with the nearest kept texts, and of the energy of the logits
            (Liu et al. 2020).
        threshold: Texts below it are out of scope.
    """

    weights: tuple[float, float] = (1.0, 1.0)
    means: tuple[float, float] = (0.0, 0.0)
    deviations: tuple[float, float] = (1.0, 1.0)
    threshold: float = -1e9

    def of(self, signals: NDArray[np.float32]) -> NDArray[np.float64]:
        """The weighted sums of texts' signals, shape (texts,)."""
        scaled = (signals - np.array(self.means)) / np.array(self.deviations)
        return np.asarray(scaled @ np.array(self.weights), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Told:
    """What a text is.

    Args:
        probability: Of `label` among all labels.
        near: How near the text is to what was learned; 0 and more are in scope.
    """

    label: str
    probability: float
    near: float

    @property
    def in_scope(self) -> bool:
        """Whether the text is any of the labels."""
        return self.near >= 0


@dataclass(frozen=True, slots=True)
class Head:
    """Logits `weights @ vector + bias` of unit vectors.

    Args:
        labels: One for each row of weights.
        weights, bias: Shapes (labels, dimension) and (labels,).
        kept: Unit vectors of texts it was trained on, shape (texts, dimension), in float16.
        kept_rows: The number of each kept text's label, shape (texts,).
        temperature: What logits are divided by, so that probabilities are the shares of right labels (Guo et al. 2017).
    """

    labels: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    kept: NDArray[np.float16]
    kept_rows: NDArray[np.int64]
    temperature: float = 1.0
    scope: Scope = Scope()

    def logits(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (len(vectors), labels), before the temperature."""
        return np.asarray(vectors @ self.weights.T + self.bias, dtype=np.float32)

    def probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (len(vectors), labels)."""
        return softmax(self.logits(vectors) / self.temperature)

    def signals(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """What tells texts out of scope, shape (len(vectors), 2); see `Scope`."""
        likeness = np.sort(vectors @ self.kept.astype(np.float32).T, axis=1)[:, -NEAREST:].mean(axis=1)
        logits = self.logits(vectors)
        top = logits.max(axis=1)
        energy = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
        return np.stack([likeness, energy], axis=1).astype(np.float32)

    def near(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """How near texts are to what was learned, shape (len(vectors),); 0 and more are in scope."""
        return np.asarray(self.scope.of(self.signals(vectors)) - self.scope.threshold, dtype=np.float32)

    def tell(self, vectors: NDArray[np.float32]) -> list[Told]:
        """What texts are, by their vectors, shape (texts, dimension)."""
        if not len(vectors):
            return []
        probabilities = self.probabilities(vectors)
        return [
            Told(self.labels[row.argmax()], float(row.max()), float(near))
            for row, near in zip(probabilities, self.near(vectors), strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Write it as safetensors, its labels and numbers as metadata."""
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        told = {"labels": self.labels, "temperature": self.temperature, "scope": asdict(self.scope)}
        parts = {"weights": self.weights, "bias": self.bias, "kept": self.kept, "kept_rows": self.kept_rows}
        arrays = {name: np.ascontiguousarray(part) for name, part in parts.items()}
        save_file(arrays, folder / HEAD, {"head": json.dumps(told, ensure_ascii=False)})
        as_any_file(folder / HEAD)

    @classmethod
    def load(cls, folder: Path) -> Head:
        """Read what `save` wrote.

        Raises:
            ModelError: It is missing, damaged, or holds what is no number.
        """
        from safetensors import SafetensorError, safe_open

        path = folder / HEAD
        try:
            with safe_open(path, "np") as file:
                told = json.loads(file.metadata()["head"])
                weights, bias, kept, rows = (file.get_tensor(name) for name in ("weights", "bias", "kept", "kept_rows"))
            given = told["scope"]
            signals, means, deviations = (_pair(given[name]) for name in ("weights", "means", "deviations"))
            scope = Scope(signals, means, deviations, float(given["threshold"]))
            head = cls(tuple(map(str, told["labels"])), weights, bias, kept, rows, float(told["temperature"]), scope)
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ModelError(f"{path} is missing or damaged") from None
        count, width = len(head.labels), weights.shape[-1]
        shapes = (count, width), (count,), (len(kept), width), (len(kept),)
        fit = (weights.shape, bias.shape, kept.shape, rows.shape) == shapes and len(kept) > 0 and count > 0
        if not fit or rows.min() < 0 or rows.max() >= count:
            raise ModelError(f"{path} is damaged: its parts do not fit together")
        if not all(np.isfinite(part).all() for part in (weights, bias, kept)) or not head.temperature > 0:
            raise ModelError(f"{path} holds what is no number")
        return head


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


def _pair(values: Sequence[float]) -> tuple[float, float]:
    first, second = values
    return float(first), float(second)
