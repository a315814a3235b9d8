"""Domain-adversarial training: labelled texts and those of a target get vectors that cannot be told apart.

A discriminator learns to tell which of the two a vector is of; on its way into the encoder its gradient is reversed, by
a factor that grows from 0 with the training (Ganin et al. 2016).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import torch

from adapters.training import Loss, groups
from adapters.tuning.config import TuningConfig
from adapters.tuning.model import Tuned
from adapters.tuning.steps import Batch, inputs

HIDDEN = 128
"""Units of the discriminator's two hidden layers."""
STEEPNESS = 10.0
"""Of the factor's growth, the paper's gamma."""


class Domains:
    """Adds the reversed gradients of a discriminator, which it gives the model to be trained with.

    Args:
        backward: Gathers the gradients of the labels; see `Steps.backward`.
        targets: Token ids of the target's texts.
    """

    def __init__(self, model: Tuned, backward: Loss[Batch], targets: Sequence[list[int]], config: TuningConfig) -> None:
        width, device = model.classifier.linear.in_features, config.device
        self._backward, self._targets, self._config = backward, targets, config
        self._tells = torch.nn.Sequential(
            torch.nn.Linear(width, HIDDEN),
            torch.nn.ReLU(),
            torch.nn.Linear(HIDDEN, HIDDEN),
            torch.nn.ReLU(),
            torch.nn.Linear(HIDDEN, 1),
        ).to(device)
        model.beside.append(self._tells)

    def backward(self, model: Tuned, batch: Batch) -> tuple[torch.Tensor, float]:
        """See `Steps.backward`; as many texts of the target are drawn as the batch has."""
        told = self._backward(model, batch)
        factor = self._config.adversary * (2 / (1 + math.exp(-STEEPNESS * batch.progress)) - 1)
        drawn = random.Random(f"{self._config.seed} {batch.progress}").choices(self._targets, k=len(batch.ids))
        ids = [*batch.ids, *drawn]
        wanted = torch.tensor([0.0] * len(batch.ids) + [1.0] * len(drawn), device=self._config.device)
        for rows in groups([len(some) for some in ids], self._config.budget):
            given = inputs([ids[row] for row in rows], self._config.device)
            _, vectors = model.partial.outputs(model.partial.merged(), given)
            logits = self._tells(_Reversed.apply(vectors, factor))[:, 0]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted[rows], reduction="sum")
            (loss / len(ids)).backward()
        return told


class _Reversed(torch.autograd.Function):
    """The same vectors; their gradient times a negative factor."""

    @staticmethod
    def forward(ctx: Any, vectors: torch.Tensor, factor: float) -> torch.Tensor:
        ctx.factor = factor
        return vectors.view_as(vectors)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return -ctx.factor * gradients[0], None
