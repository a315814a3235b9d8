"""LoRA whose weights are merged into their layers for every batch, for small models and large batches.

Hu et al. 2021 run the low-rank branch beside each layer, two more products for every token. Merging first, `W + 2 B A`,
is one product for the whole batch; it has the same value and the same gradients, and leaves the batch one plain pass,
in bfloat16 where the CPU has it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from adapters.models import ModelError
from adapters.precision import has_bf16
from adapters.registry import WEIGHTS, read_weights

LAYERS = ["query", "key", "value", "dense"]
"""The linear layers of the backbone, which are all adapted."""
SCALE = 2
"""`lora_alpha` over the rank."""
PREFIX = "base_model.model."
TASK_TYPES = {
    None: "FEATURE_EXTRACTION",
    "classifier": "SEQ_CLS",
    "heads": "FEATURE_EXTRACTION",
    "qa_outputs": "QUESTION_ANS",
}
"""What peft calls the task of a model with a head."""


class Lora(torch.nn.Module):
    """A frozen encoder, and the adapter of every linear layer of it in float32.

    Args:
        head: The name of a module that is trained in full, one of `TASK_TYPES`.
        compiled: Compile the pass, which takes a C++ compiler and a while at the beginning, to run faster after it.
    """

    def __init__(self, model: torch.nn.Module, rank: int, head: str | None = None, compiled: bool = False) -> None:
        super().__init__()
        frozen = {name: value.detach().clone() for name, value in model.named_parameters()}
        self.layers = [name for name in frozen if name.split(".")[-2] in LAYERS and name.endswith(".weight")]
        self.frozen = {name: frozen[name] for name in self.layers}
        self.head = head
        self.head_names = [name for name in frozen if head and name.startswith(f"{head}.")]
        self.head_weights = torch.nn.ParameterList(torch.nn.Parameter(frozen[name]) for name in self.head_names)
        self.dtype = torch.bfloat16 if has_bf16() else torch.float32
        self.model = model.to(self.dtype).requires_grad_(False)
        self.down = torch.nn.ParameterList(_first(frozen[name].shape[1], rank) for name in self.layers)
        self.up = torch.nn.ParameterList(torch.zeros(frozen[name].shape[0], rank) for name in self.layers)
        self._run = torch.compile(self._with_weights, dynamic=True) if compiled else self._with_weights

    def merged(self) -> dict[str, torch.Tensor]:
        """The adapted layers' weights and the head's, for every pass until the next step of the optimiser."""
        layers = zip(self.layers, self.down, self.up, strict=True)
        merged = {name: (self.frozen[name] + SCALE * (up @ down)).to(self.dtype) for name, down, up in layers}
        return merged | {
            name: value.to(self.dtype) for name, value in zip(self.head_names, self.head_weights, strict=True)
        }

    def forward(self, weights: dict[str, torch.Tensor], inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """What the model gives first, in float32: token vectors, or its head's logits; with `merged` weights."""
        first: torch.Tensor = self._run(weights, inputs)[0]
        return first.float()

    def outputs(self, weights: dict[str, torch.Tensor], inputs: dict[str, torch.Tensor]) -> tuple[torch.Tensor, ...]:
        """All that a model whose output is a tuple gives, in float32; with `merged` weights."""
        return tuple(found.float() for found in self._run(weights, inputs))

    def _with_weights(self, weights: dict[str, torch.Tensor], inputs: dict[str, torch.Tensor]) -> Any:
        return torch.func.functional_call(self.model, weights, kwargs=inputs)

    def load(self, folder: Path) -> None:
        """Go on from a saved adapter of the same rank; what it lacks, another task's head say, stays as it is.

        Raises:
            ModelError: It is damaged, for another model, or of another rank.
        """
        saved = {key.replace(".bert.", "."): torch.from_numpy(value) for key, value in read_weights(folder).items()}
        if not any(key.replace(".bert.", ".") in saved for key, _ in self._named()):
            raise ModelError(f"the adapter in {folder} has none of this model's layers")
        with torch.no_grad():
            for key, parameter in self._named():
                if (like := saved.get(key.replace(".bert.", "."))) is not None:
                    if like.shape != parameter.shape:
                        shapes = f"{tuple(like.shape)}, expected {tuple(parameter.shape)}"
                        raise ModelError(f"the adapter in {folder} has {key} of shape {shapes}")
                    parameter.copy_(like)

    def save(self, folder: Path) -> None:
        """Write the adapter as peft reads it, its weights as float16."""
        from peft import LoraConfig
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        rank = self.down[0].shape[0]
        LoraConfig(
            task_type=TASK_TYPES[self.head],
            r=rank,
            lora_alpha=SCALE * rank,
            target_modules=LAYERS,
            modules_to_save=[self.head] if self.head else None,
            inference_mode=True,
        ).save_pretrained(str(folder))
        weights = {key: parameter.detach().half().contiguous() for key, parameter in self._named()}
        save_file(weights, folder / WEIGHTS)

    def _named(self) -> Iterator[tuple[str, Any]]:
        for name, down, up in zip(self.layers, self.down, self.up, strict=True):
            layer = PREFIX + name.removesuffix(".weight")
            yield f"{layer}.lora_A.weight", down
            yield f"{layer}.lora_B.weight", up
        for name, value in zip(self.head_names, self.head_weights, strict=True):
            yield PREFIX + name, value


def _first(width: int, rank: int) -> torch.Tensor:
    return torch.empty(rank, width).uniform_(-1, 1) / math.sqrt(width)
