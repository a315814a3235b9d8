"""A model of which some weights are trained, in float32, while its passes run in bfloat16 where the CPU has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from adapters.precision import has_bf16


class Partial(torch.nn.Module):
    """A frozen model, and copies in float32 of the weights that are trained.

    Args:
        trained: Whether the weight of a name is trained in full.
        compiled: Compile the pass, which takes a C++ compiler and a while at the beginning, to run faster after it.
    """

    def __init__(self, model: torch.nn.Module, trained: Callable[[str], bool], compiled: bool = False) -> None:
        super().__init__()
        weights = {name: value.detach() for name, value in model.named_parameters()}
        self.device = next(iter(weights.values())).device
        self.dtype = torch.bfloat16 if self.device.type == "cuda" or has_bf16() else torch.float32
        self.whole_names = [name for name in weights if trained(name)]
        self.whole_weights = torch.nn.ParameterList(
            torch.nn.Parameter(weights[name].float().clone()) for name in self.whole_names
        )
        self.model = model.to(self.dtype).requires_grad_(False)
        self._run = torch.compile(self._with_weights, dynamic=True) if compiled else self._with_weights

    def merged(self) -> dict[str, torch.Tensor]:
        """The trained weights by name, for every pass until the next step of the optimiser."""
        whole = zip(self.whole_names, self.whole_weights, strict=True)
        return {name: value.to(self.dtype) for name, value in whole}

    def forward(self, weights: dict[str, torch.Tensor], inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """What the model gives first, in float32: token vectors, or its head's logits; with `merged` weights."""
        first: torch.Tensor = self._run(weights, inputs)[0]
        return first.float()

    def outputs(self, weights: dict[str, torch.Tensor], inputs: dict[str, torch.Tensor]) -> tuple[torch.Tensor, ...]:
        """All that a model whose output is a tuple gives, in float32; with `merged` weights."""
        return tuple(found.float() for found in self._run(weights, inputs))

    def trained_parameters(self) -> int:
        """How many numbers are trained."""
        return sum(value.numel() for value in self.parameters() if value.requires_grad)

    def _with_weights(self, weights: dict[str, torch.Tensor], inputs: dict[str, torch.Tensor]) -> Any:
        return torch.func.functional_call(self.model, weights, kwargs=inputs)
