"""An encoder made smaller: some of its layers, or some of their inner units."""

from __future__ import annotations

from typing import Any

import torch

from adapters.models import TrainingError


def fewer_layers(encoder: Any, count: int) -> None:
    """Keep `count` layers, evenly spread and the last among them (DistilBERT begins so, Sanh et al. 2019).

    Raises:
        TrainingError: The encoder's layers are not found, or there are fewer.
    """
    name, layers = _stack(encoder)
    if count >= len(layers) + 1:
        raise TrainingError(f"--student-layers must be at most {len(layers)}, the layers of the teacher, got {count}")
    kept = [round((at + 1) * len(layers) / count) - 1 for at in range(count)]
    parent, _, last = name.rpartition(".")
    setattr(encoder.get_submodule(parent), last, torch.nn.ModuleList(layers[at] for at in kept))
    encoder.config.num_hidden_layers = count


def narrower(encoder: Any, share: float) -> None:
    """Keep the inner units of every layer's feed-forward part that weigh most, by the norms of what goes in and out.

    Raises:
        TrainingError: The encoder is none of BERT's kind.
    """
    _, layers = _stack(encoder)
    for layer in layers:
        try:
            into, out = layer.intermediate.dense, layer.output.dense
        except AttributeError:
            raise TrainingError("--narrow works for encoders of BERT's kind; choose --student-layers") from None
        weight = into.weight.norm(dim=1) * out.weight.norm(dim=0)
        kept = weight.topk(max(8, round(share * len(weight)))).indices.sort().values
        layer.intermediate.dense = _linear(into.weight[kept], into.bias[kept])
        layer.output.dense = _linear(out.weight[:, kept], out.bias)
    encoder.config.intermediate_size = len(kept)


def _linear(weight: torch.Tensor, bias: torch.Tensor) -> torch.nn.Linear:
    made = torch.nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        made.weight.copy_(weight)
        made.bias.copy_(bias)
    return made


def _stack(encoder: Any) -> tuple[str, torch.nn.ModuleList]:
    stacks = [(name, module) for name, module in encoder.named_modules() if isinstance(module, torch.nn.ModuleList)]
    if not stacks:
        raise TrainingError("the layers of this encoder are not found")
    return max(stacks, key=lambda stack: len(stack[1]))
