"""A sentence encoder and a linear head in torch, to be trained together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from adapters.classifier.head import Head
from adapters.lora import Lora
from adapters.models import ModelFiles, TrainingError
from adapters.partial import Partial
from adapters.registry import ENCODER, as_any_file

INSIDE = "encoder."


class SentenceClassifier(torch.nn.Module):
    """Logits of texts, and their unit vectors.

    Args:
        files: Of the encoder.
        head: What the linear layer begins as: linear probing, then tuning (Kumar et al. 2022).
        dropout: In the encoder.
    """

    def __init__(self, files: ModelFiles, head: Head, dropout: float) -> None:
        from adapters.torch_backbone import open_sentence_transformer

        super().__init__()
        self.whole = [open_sentence_transformer(files)]  # in a list, so that its weights are not counted twice
        self.encoder = self.whole[0][0].auto_model
        if hasattr(self.encoder, "set_attn_implementation"):
            self.encoder.set_attn_implementation("eager")  # on a CPU its backward pass takes less time than sdpa's
        self.linear = torch.nn.Linear(head.weights.shape[1], len(head.labels))
        with torch.no_grad():
            self.linear.weight.copy_(torch.from_numpy(head.weights))
            self.linear.bias.copy_(torch.from_numpy(head.bias))
        for module in self.encoder.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = dropout

    def embedded(self, input_ids: torch.Tensor) -> torch.Tensor:
        """The vectors of tokens that the encoder begins with, shape (batch, tokens, width)."""
        vectors: torch.Tensor = self.encoder.get_input_embeddings()(input_ids)
        return vectors

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, disturbance: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, shape (batch, labels), and unit vectors, shape (batch, width).

        Args:
            disturbance: Added to the vectors of tokens, shape (batch, tokens, width).
        """
        if disturbance is None:
            states = self.encoder(input_ids=input_ids, attention_mask=attention_mask)[0]
        else:
            vectors = self.embedded(input_ids) + disturbance.to(self.linear.weight.dtype)
            states = self.encoder(inputs_embeds=vectors, attention_mask=attention_mask)[0]
        found = {"token_embeddings": states, "attention_mask": attention_mask}
        for module in list(self.whole[0])[1:]:  # pooling, and what follows it
            found = module(found)
        unit = torch.nn.functional.normalize(found["sentence_embedding"], dim=-1)
        return self.linear(unit), unit


class Tuned:
    """What is trained of a `SentenceClassifier`.

    Args:
        partial: A `Lora`, or the weights that are trained in full.
        head: Its labels.

    Attributes:
        beside: What is trained with it, and not kept.
    """

    def __init__(self, model: SentenceClassifier, partial: Partial, head: Head) -> None:
        self.classifier = model
        self.partial = partial
        self.beside = torch.nn.ModuleList()
        self._head = head

    def parameters(self) -> Iterator[torch.nn.Parameter]:
        """See `adapters.training.Trainee`."""
        yield from self.partial.parameters()
        yield from self.beside.parameters()

    def save(self, folder: Path) -> None:
        """See `adapters.training.Trainee`: a LoRA, or a whole encoder; and the head."""
        if isinstance(self.partial, Lora):
            self.partial.save(folder)
        else:
            self._put_back()
            self.classifier.whole[0].float().save(str(folder / ENCODER), create_model_card=False)
            as_any_file(folder / ENCODER / "model.safetensors")
            self.classifier.to(self.partial.dtype)
        self.head().save(folder)

    def restore(self, folder: Path) -> None:
        """Take the weights that `save` wrote, the best of a training."""
        head = Head.load(folder)
        if isinstance(self.partial, Lora):
            self.partial.load(folder)
        else:
            from safetensors.torch import load_file

            saved = load_file(folder / ENCODER / "model.safetensors")
            with torch.no_grad():
                for name, value in self._whole():
                    if name in saved:
                        value.copy_(saved[name])
        with torch.no_grad():
            for name, value in zip(self.partial.whole_names, self.partial.whole_weights, strict=True):
                if name.startswith("linear."):
                    value.copy_(torch.from_numpy(head.weights if name.endswith("weight") else head.bias))

    def head(self) -> Head:
        """The linear layer as it is now."""
        found = dict(zip(self.partial.whole_names, self.partial.whole_weights, strict=True))
        weights, bias = (
            found[f"linear.{name}"].detach().cpu().numpy().astype(np.float32) for name in ("weight", "bias")
        )
        return replace(self._head, weights=weights, bias=bias)

    def vectors(self, inputs: Callable[[list[int]], dict[str, torch.Tensor]], batches: list[list[int]]) -> NDArray[Any]:
        """Unit vectors of texts, shape (texts, width).

        Args:
            inputs: What the model takes for the texts of some numbers.
            batches: The numbers of all texts.
        """
        found = np.empty((sum(map(len, batches)), self.classifier.linear.in_features), dtype=np.float32)
        self.classifier.eval()
        with torch.no_grad():
            weights = self.partial.merged()
            for rows in batches:
                found[rows] = self.partial.outputs(weights, inputs(rows))[1].cpu().numpy()
        return found

    def _whole(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        for name, value in zip(self.partial.whole_names, self.partial.whole_weights, strict=True):
            yield name.removeprefix(INSIDE), value

    def _put_back(self) -> None:
        parameters = dict(self.classifier.named_parameters())
        self.classifier.float()
        with torch.no_grad():
            for name, value in zip(self.partial.whole_names, self.partial.whole_weights, strict=True):
                parameters[name].copy_(value)


def trained_layers(model: SentenceClassifier, last: int) -> Callable[[str], bool]:
    """Whether a weight is of the head or of the encoder's last layers.

    Raises:
        TrainingError: The encoder's layers are not found, or there are fewer.
    """
    stacks = [
        (name, len(module)) for name, module in model.encoder.named_modules() if isinstance(module, torch.nn.ModuleList)
    ]
    if not stacks:
        raise TrainingError("the layers of this encoder are not found; choose lora or full")
    name, count = max(stacks, key=lambda stack: stack[1])
    if last > count:
        raise TrainingError(f"--last must be at most {count}, the layers of this encoder, got {last}")
    kept = tuple(f"{INSIDE}{name}.{row}." for row in range(count - last, count))
    return lambda weight: weight.startswith(("linear.", *kept))


def linear_names(model: SentenceClassifier) -> list[str]:
    """The last names of an encoder's linear layers."""
    modules = model.encoder.named_modules()
    return sorted({name.split(".")[-1] for name, module in modules if isinstance(module, torch.nn.Linear)})
