"""LoRA whose weights are merged into their layers for every batch, for small models and large batches.

Hu et al. 2021 run the low-rank branch beside each layer, which for a model this small costs as much again as the layer.
Merging first, `W + 2 B A`, has the same value and the same gradients, and leaves the batch one plain pass in bfloat16.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

LAYERS = ["query", "key", "value", "dense"]
SCALE = 2
"""`lora_alpha` over the rank."""
PREFIX = "base_model.model."


class Lora(torch.nn.Module):
    """A frozen encoder in bfloat16, and the adapter of every linear layer of it in float32."""

    def __init__(self, model: torch.nn.Module, rank: int) -> None:
        super().__init__()
        frozen = {name: value.detach().clone() for name, value in model.named_parameters()}
        self.layers = [name for name in frozen if name.split(".")[-2] in LAYERS and name.endswith(".weight")]
        self.frozen = {name: frozen[name] for name in self.layers}
        self.model = model.to(torch.bfloat16).requires_grad_(False)
        self.down = torch.nn.ParameterList(_first(frozen[name].shape[1], rank) for name in self.layers)
        self.up = torch.nn.ParameterList(torch.zeros(frozen[name].shape[0], rank) for name in self.layers)
        self._run = torch.compile(self._with_weights, dynamic=True)

    def merged(self) -> dict[str, torch.Tensor]:
        """The adapted layers' weights, for every pass until the next step of the optimiser."""
        return {
            name: (self.frozen[name] + SCALE * (up @ down)).to(torch.bfloat16)
            for name, down, up in zip(self.layers, self.down, self.up, strict=True)
        }

    def forward(self, weights: dict[str, torch.Tensor], inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Token vectors in float32, shape (batch, tokens, width), with `merged` weights."""
        return self._run(weights, inputs).float()

    def _with_weights(self, weights: dict[str, torch.Tensor], inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        found: torch.Tensor = torch.func.functional_call(self.model, weights, kwargs=inputs).last_hidden_state
        return found

    def load(self, folder: Path) -> None:
        """Go on from a saved adapter of the same rank."""
        from safetensors.torch import load_file

        saved = load_file(folder / "adapter_model.safetensors")
        with torch.no_grad():
            for key, parameter in self._named():
                parameter.copy_(saved[key].float())

    def save(self, folder: Path) -> None:
        """Write the adapter as peft reads it, its weights as float16."""
        from peft import LoraConfig, TaskType
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        rank = self.down[0].shape[0]
        LoraConfig(
            task_type=TaskType.FEATURE_EXTRACTION,
            r=rank,
            lora_alpha=SCALE * rank,
            target_modules=LAYERS,
            inference_mode=True,
        ).save_pretrained(str(folder))
        weights = {key: parameter.detach().half().contiguous() for key, parameter in self._named()}
        save_file(weights, folder / "adapter_model.safetensors")

    def _named(self) -> Iterator[tuple[str, Any]]:
        for name, down, up in zip(self.layers, self.down, self.up, strict=True):
            layer = PREFIX + name.removesuffix(".weight")
            yield f"{layer}.lora_A.weight", down
            yield f"{layer}.lora_B.weight", up


def _first(width: int, rank: int) -> torch.Tensor:
    return torch.empty(rank, width).uniform_(-1, 1) / math.sqrt(width)
