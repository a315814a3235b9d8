"""LoRA whose weights are merged into their layers for every batch, for small models and large batches.

Hu et al. 2021 run the low-rank branch beside each layer, two more products for every token. Merging first, `W + 2 B A`,
is one product for the whole batch; it has the same value and the same gradients, and leaves the batch one plain pass,
in bfloat16 where the CPU has it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from adapters.models import ModelError
from adapters.partial import Partial
from adapters.registry import WEIGHTS, as_any_file, read_weights

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


class Lora(Partial):
    """A frozen model, and the adapter of the linear layers of its encoder in float32.

    Args:
        head: The name of a module that is trained in full, one of `TASK_TYPES` where `save` is to write it too.
        compiled: See `Partial`.
        layers: The last names of the linear layers that are adapted.
        inside: What the encoder's names begin with in `model`.

    Raises:
        ModelError: The encoder has no such layer.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        rank: int,
        head: str | None = None,
        compiled: bool = False,
        layers: Sequence[str] = LAYERS,
        inside: str = "",
    ) -> None:
        linear = _linear(model, inside)
        adapted = [f"{name}.weight" for name in linear if name.split(".")[-1] in layers]
        if not adapted:
            known = ", ".join(sorted({name.split(".")[-1] for name in linear})) or "none"
            raise ModelError(f"the model has no layers called {', '.join(layers)}; its linear layers are: {known}")
        frozen = dict(model.named_parameters())
        frozen = {name: frozen[name].detach().clone() for name in adapted}
        super().__init__(model, lambda name: head is not None and name.startswith(f"{head}."), compiled)
        self.layers, self.frozen = adapted, frozen
        self.head, self.targets, self.inside = head, list(layers), inside
        self.down = torch.nn.ParameterList(_first(frozen[name], rank) for name in self.layers)
        self.up = torch.nn.ParameterList(value.new_zeros(value.shape[0], rank) for value in frozen.values())

    def merged(self) -> dict[str, torch.Tensor]:
        """The adapted layers' weights and the head's, for every pass until the next step of the optimiser."""
        layers = zip(self.layers, self.down, self.up, strict=True)
        merged = {name: (self.frozen[name] + SCALE * (up @ down)).to(self.dtype) for name, down, up in layers}
        return merged | super().merged()

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
            task_type=TASK_TYPES.get(self.head, TASK_TYPES[None]),
            r=rank,
            lora_alpha=SCALE * rank,
            target_modules=self.targets,
            modules_to_save=[self.head] if self.head in TASK_TYPES and self.head else None,
            inference_mode=True,
        ).save_pretrained(str(folder))
        saved = {key: parameter.detach().cpu().half().contiguous() for key, parameter in self._named()}
        save_file(saved, folder / WEIGHTS)
        as_any_file(folder / WEIGHTS)

    def _named(self) -> Iterator[tuple[str, Any]]:
        for name, down, up in zip(self.layers, self.down, self.up, strict=True):
            layer = PREFIX + name.removeprefix(self.inside).removesuffix(".weight")
            yield f"{layer}.lora_A.weight", down
            yield f"{layer}.lora_B.weight", up
        if self.head in TASK_TYPES:
            for name, value in zip(self.whole_names, self.whole_weights, strict=True):
                yield PREFIX + name, value


def _linear(model: torch.nn.Module, inside: str) -> list[str]:
    """The names of the encoder's linear layers."""
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and name.startswith(inside)
    ]


def _first(weight: torch.Tensor, rank: int) -> torch.Tensor:
    return torch.empty(rank, weight.shape[1]).uniform_(-1, 1).to(weight.device) / math.sqrt(weight.shape[1])
