"""Elastic weight consolidation: weights that mattered before stay near where they were (Kirkpatrick et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from adapters.tuning.model import Tuned
from adapters.tuning.steps import Batch, Steps


class Anchor:
    """Adds the gradient of `strength / 2 · Σ F (w - w₀)²` to a model's.

    Args:
        batches: Texts learned before, a text a batch: `F` is the mean of their squared gradients at `w₀`, the diagonal
            of the empirical Fisher information.
    """

    def __init__(self, model: Tuned, steps: Steps, batches: Sequence[Batch], strength: float) -> None:
        self._steps, self._strength = steps, strength
        self._weights = [weight for weight in model.parameters() if weight.requires_grad]
        self._before = [weight.detach().clone() for weight in self._weights]
        self._matter = [torch.zeros_like(weight) for weight in self._weights]
        for batch in batches:
            steps.loss(model, batch)[0].backward()
            for matter, weight in zip(self._matter, self._weights, strict=True):
                if weight.grad is not None:
                    matter += weight.grad**2 / len(batches)
                    weight.grad = None

    def backward(self, model: Tuned, batch: Batch) -> tuple[torch.Tensor, float]:
        """See `Steps.backward`."""
        told = self._steps.backward(model, batch)
        for weight, before, matter in zip(self._weights, self._before, self._matter, strict=True):
            if weight.grad is not None:
                weight.grad += self._strength * matter * (weight.detach() - before)
        return told
