"""Where a training stands, in one file that is replaced as a whole, so that a killed one goes on."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from adapters.models import TrainingError
from adapters.registry import CHECKPOINT


@dataclass(frozen=True, slots=True)
class Position:
    """How far a training is.

    Args:
        best: The lowest loss on held-out data so far.
        waited: Looks at that loss since.
        seconds: Spent so far.
    """

    step: int = 0
    best: float = math.inf
    waited: int = 0
    seconds: float = 0.0


class Checkpoint:
    """The weights that are trained and the state of AdamW, in safetensors.

    Args:
        folder: Of the adapter.
        training: What has to be the same for a checkpoint to be gone on with; anything JSON can hold.
    """

    def __init__(
        self, folder: Path, training: Any, weights: Sequence[torch.Tensor], optimiser: torch.optim.Optimizer
    ) -> None:
        self._path = folder / CHECKPOINT
        self._training = hashlib.sha256(json.dumps(training, sort_keys=True).encode()).hexdigest()
        self._weights = weights
        self._optimiser = optimiser

    def load(self) -> Position:
        """Put weights and optimiser back to where the training stood; the beginning where there is no checkpoint.

        Raises:
            TrainingError: The checkpoint is damaged or of another training.
        """
        from safetensors import SafetensorError, safe_open

        if not self._path.exists():
            return Position()
        try:
            with safe_open(self._path, "pt") as file:
                kept = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError):
            raise TrainingError(f"{self._path} is damaged; remove its folder to begin again") from None
        if kept.pop("training") != self._training:
            raise TrainingError(
                f"{self._path} is of a training with other data or settings; use them again, or choose another folder"
            )
        state: dict[int, dict[str, torch.Tensor]] = {}
        with torch.no_grad():
            for row, weight in enumerate(self._weights):
                weight.copy_(tensors.pop(f"{row}.weight"))
        for name, tensor in tensors.items():
            row, _, key = name.partition(".")
            state.setdefault(int(row), {})[key] = tensor
        self._optimiser.load_state_dict({**self._optimiser.state_dict(), "state": state})
        return Position(**json.loads(kept["position"]))

    def save(self, position: Position) -> None:
        """Write everything; a kill leaves what was written before."""
        from safetensors.torch import save_file

        tensors = {f"{row}.weight": weight.detach() for row, weight in enumerate(self._weights)}
        for row, state in self._optimiser.state_dict()["state"].items():
            tensors |= {f"{row}.{key}": value for key, value in state.items()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        save_file(tensors, new, {"training": self._training, "position": json.dumps(asdict(position))})
        os.replace(new, self._path)

    def remove(self) -> None:
        """The training is over."""
        self._path.unlink(missing_ok=True)
