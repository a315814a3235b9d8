"""Training an adapter of a causal language model on chats, of which only the assistant's tokens are learned."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from adapters.checking import Finding
from adapters.generation.config import TASK, ChatConfig, GeneratorConfig, SoftPromptConfig
from adapters.generation.data import Chats
from adapters.generation.encoding import Example, Row, encoded, packed
from adapters.generation.model import Adapted, GeneratorLora, device_of, dtype_of, end_tokens, open_causal_lm
from adapters.generation.soft_prompt import SoftPrompt
from adapters.models import locate
from adapters.registry import CARD
from adapters.training import Watch, fit, held_out_scores

LOOKS = 4
"""How often an epoch's progress is looked at."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The chats of a step, in rows that are run one by one.

    Args:
        tokens: What the sum of the tokens' losses is divided by.
    """

    rows: list[Row]
    tokens: float


def train_generator(
    data: Chats,
    base: str,
    out: Path,
    config: ChatConfig,
    watch: Watch = lambda step, total, values: None,
    tell: Callable[[Finding], None] = lambda finding: None,
) -> dict[str, Any]:
    """Train an adapter of the causal language model `base` into the folder `out`, and return its card.

    A checkpoint in `out` of the same training is gone on with.

    Args:
        base: See `adapters.models.locate`.
        tell: Told of what in the data may spoil the training.

    Raises:
        DataError: The model's chat template refuses a chat.
        ModelError: The base cannot be loaded, is no causal language model, or has not the layers.
        TrainingError: See `adapters.training.fit`.
    """
    torch.set_flush_denormal(True)  # vanishing gradients would slow a CPU down several times
    files, device = locate(base), device_of(config.device)
    model, tokenizer = open_causal_lm(files, device, dtype_of(config.precision, device))
    total, ends = sum(value.numel() for value in model.parameters()), end_tokens(model, tokenizer)
    longest = min(config.length, getattr(model.config, "max_position_embeddings", config.length)) - config.taken
    examples, too_long = encoded(tokenizer, ends, data.train, longest)
    aside, _ = encoded(tokenizer, ends, data.dev, longest)
    for finding in [*data.check(), *too_long]:
        tell(finding)
    torch.manual_seed(config.seed)
    adapted = _adapted(model, tokenizer, base, config)
    rows = _packing(adapted, examples, config)
    held_out = _held_out(rows(aside))
    card: dict[str, Any] = {"task": TASK, "method": config.method, "base": base, "base_sha256": files.fingerprint}
    card |= {"data": data.sources, "examples": len(examples), "seed": config.seed}
    found = fit(adapted, _batches(examples, config, rows), held_out, loss_of, config, card, out, watch, LOOKS, backward)
    found["trained_parameters"] = sum(value.numel() for value in adapted.parameters() if value.requires_grad)
    found["parameters"] = total
    if held_out:
        with adapted.off():
            before = held_out_scores(adapted, held_out, loss_of)["dev_loss"]
        after = found["scores"]["dev_loss"]
        found["scores"] |= {"perplexity_before": _perplexity(before), "perplexity": _perplexity(after)}
    (out / CARD).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
    return found


def loss_of(model: Adapted, batch: Batch) -> tuple[torch.Tensor, float]:
    """A batch's loss a token, and the share of its tokens told right."""
    return _passes(model, batch, lambda loss: None)


def backward(model: Adapted, batch: Batch) -> tuple[torch.Tensor, float]:
    """The same, and the gradients gathered, row by row."""
    return _passes(model, batch, lambda loss: loss.backward())


def _passes(model: Adapted, batch: Batch, then: Callable[[Any], None]) -> tuple[torch.Tensor, float]:
    whole, right = torch.zeros(()), 0
    for row in batch.rows:
        logits = model.logits(row)
        wanted = torch.tensor(row.ids, device=logits.device)[row.learned]
        loss = torch.nn.functional.cross_entropy(logits, wanted, reduction="sum") / batch.tokens
        then(loss)
        whole = whole + loss.detach().cpu()
        right += int((logits.argmax(1) == wanted).sum())
    return whole, right / batch.tokens


def _adapted(model: Any, tokenizer: Any, base: str, config: ChatConfig) -> Adapted:
    if isinstance(config, SoftPromptConfig):
        return SoftPrompt(model, tokenizer, base, config)
    assert isinstance(config, GeneratorConfig)
    return GeneratorLora(model, base, config)


def _packing(
    model: Adapted, examples: Sequence[Example], config: ChatConfig
) -> Callable[[Sequence[Example]], list[Row]]:
    """Makes rows of examples: of several where the model keeps these apart, else of one each."""
    if len(examples) > 1 and model.packs(examples[0], examples[1]):
        return lambda some: packed(some, config.length, config.taken)
    return lambda some: [Row([example]) for example in some]


def _batches(
    examples: Sequence[Example], config: ChatConfig, rows: Callable[[Sequence[Example]], list[Row]]
) -> list[Batch]:
    """Of all epochs, each in an order of its own."""
    chance, found, order = random.Random(config.seed), [], list(examples)
    for _ in range(config.epochs):
        chance.shuffle(order)
        parts = [order[at : at + config.batch] for at in range(0, len(order), config.batch)]
        found += [Batch(rows(part), sum(sum(example.learned) for example in part)) for part in parts]
    return found


def _held_out(rows: Sequence[Row]) -> list[Batch]:
    """A batch of each row; the mean of their losses is that of all tokens."""
    tokens = sum(len(row.learned) for row in rows)
    return [Batch([row], tokens / len(rows)) for row in rows]


def _perplexity(loss: float) -> float:
    return round(math.exp(min(loss, 100.0)), 3)
