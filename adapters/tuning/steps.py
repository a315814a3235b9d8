"""The losses of batches of texts, and the backward passes that gather their gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from adapters.training import groups, padded_inputs
from adapters.tuning.adversarial import backward
from adapters.tuning.config import TuningConfig
from adapters.tuning.model import Tuned


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of one step.

    Args:
        ids: Their token ids.
        rows: The numbers of their labels.
        logits, vectors: What a teacher says of them, shapes (texts, labels) and (texts, width).
        progress: Share of the training that is done before it.
    """

    ids: list[list[int]]
    rows: NDArray[np.int64]
    logits: NDArray[np.float32] | None = None
    vectors: NDArray[np.float32] | None = None
    progress: float = 0.0


Objective = Callable[[torch.Tensor, torch.Tensor, Batch, list[int]], torch.Tensor]
"""The losses of some texts of a batch, shape (texts,), by their logits and unit vectors."""


def cross_entropy(logits: torch.Tensor, vectors: torch.Tensor, batch: Batch, some: list[int]) -> torch.Tensor:
    """The plain objective."""
    rows = torch.from_numpy(batch.rows[some]).to(logits.device)
    return torch.nn.functional.cross_entropy(logits, rows, reduction="none")


class Steps:
    """Batches' losses under an objective.

    Args:
        weights: Of the labels, shape (labels,); None weighs texts alike.
    """

    def __init__(
        self, config: TuningConfig, objective: Objective = cross_entropy, weights: NDArray[np.float32] | None = None
    ) -> None:
        self._config = config
        self._objective = objective
        self._weights = weights

    def loss(self, model: Tuned, batch: Batch) -> tuple[torch.Tensor, float]:
        """The mean loss of a batch that runs at once, and the share of its texts told right."""
        model.classifier.eval()
        logits, vectors = self._outputs(model, inputs(batch.ids, self._config.device))
        every = list(range(len(batch.ids)))
        right = float((logits.argmax(1).cpu().numpy() == batch.rows).mean())
        return (self._objective(logits, vectors, batch, every) * self._shares(batch, every, logits)).sum(), right

    def backward(self, model: Tuned, batch: Batch) -> tuple[torch.Tensor, float]:
        """Gather the gradients of a batch in passes of at most `budget` tokens: those of the batch as a whole."""
        model.classifier.train(self._config.dropout > 0)
        loss, right = torch.zeros(()), 0
        for some in groups([len(ids) for ids in batch.ids], self._config.budget):
            passed = Pass(self, model, batch, some, inputs([batch.ids[row] for row in some], self._config.device))
            if self._config.adversarial == "none":
                part = passed(None)
                part.backward()
            else:
                part = backward(self._config.adversarial, passed, passed.zeros(), self._config.epsilon)
            loss = loss + part.detach().cpu()
            right += passed.right
        return loss, right / len(batch.ids)

    def of(
        self, model: Tuned, batch: Batch, some: list[int], given: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, int]:
        """What some texts of a batch add to its mean loss, and how many are told right."""
        logits, vectors = self._outputs(model, given)
        losses = self._objective(logits, vectors, batch, some) * self._shares(batch, some, logits)
        return losses.sum(), int((logits.argmax(1).cpu().numpy() == batch.rows[some]).sum())

    def _outputs(self, model: Tuned, given: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and unit vectors, in float32 however they were multiplied."""
        half = self._config.precision == "bfloat16"
        with torch.autocast(torch.device(self._config.device).type, torch.bfloat16, enabled=half):
            logits, vectors = model.partial.outputs(model.partial.merged(), given)
        return logits.float(), vectors.float()

    def _shares(self, batch: Batch, some: list[int], like: torch.Tensor) -> torch.Tensor:
        """What each of some texts counts in the mean of its batch."""
        weights = np.ones(len(batch.ids)) if self._weights is None else self._weights[batch.rows]
        return torch.from_numpy(weights[some] / weights.sum()).to(like)


class Pass:
    """Passes over some texts of a batch, with their word vectors disturbed or not."""

    def __init__(
        self, steps: Steps, model: Tuned, batch: Batch, some: list[int], given: dict[str, torch.Tensor]
    ) -> None:
        self._steps, self._model, self._batch, self._some, self._given = steps, model, batch, some, given
        self.right = -1

    def __call__(self, disturbance: torch.Tensor | None) -> torch.Tensor:
        """Their part of the batch's loss; of the first call `right` keeps how many are told right."""
        more = {} if disturbance is None else {"disturbance": disturbance}
        loss, right = self._steps.of(self._model, self._batch, self._some, self._given | more)
        self.right = right if self.right < 0 else self.right
        return loss

    def zeros(self) -> torch.Tensor:
        """No disturbance."""
        return torch.zeros_like(self._model.classifier.embedded(self._given["input_ids"]), dtype=torch.float32)


def inputs(ids: list[list[int]], device: str) -> dict[str, torch.Tensor]:
    """What the model takes."""
    return {name: value.to(device) for name, value in padded_inputs(ids).items()}
