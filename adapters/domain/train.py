"""Adapting the encoder to a domain whose sentences are all that is known of it; the result is an embedder."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer

from adapters.domain.config import DomainConfig
from adapters.domain.model import HEAD, INSIDE, Rebuilder
from adapters.domain.noise import UNTOLD, Batch, batches
from adapters.lora import Lora
from adapters.models import TrainingError, locate
from adapters.registry import CARD
from adapters.training import Watch, fit, groups, padded_inputs

TASK = "embedder"
HELD_OUT, MOST_HELD_OUT = 0.05, 256
"""The share of the sentences that decide when to stop, and the most of them."""
LOOKS = 5
"""At the loss on them in an epoch."""
LEAST = 32
"""Sentences that there must be."""


def train_domain(
    sentences: Sequence[str],
    data: Sequence[dict[str, Any]],
    out: Path,
    config: DomainConfig,
    watch: Watch = lambda step, total, values: None,
) -> dict[str, Any]:
    """Train an embedder on sentences into the folder `out`, and return its card.

    A checkpoint in `out` of the same training is gone on with.

    Args:
        sentences: All different.
        data: Where they come from, for the card.

    Raises:
        TrainingError: There are too few; see also `adapters.training.fit`.
    """
    if len(sentences) < LEAST:
        raise TrainingError(f"{len(sentences)} sentences are too few to adapt to, expected at least {LEAST}")
    chosen = random.Random(config.seed).sample(sentences, min(len(sentences), config.sentences))
    aside = min(MOST_HELD_OUT, max(1, int(HELD_OUT * len(chosen))))
    tokenizer = AutoTokenizer.from_pretrained(str(locate("default").path), local_files_only=True)
    torch.manual_seed(config.seed)
    torch.set_flush_denormal(True)  # vanishing gradients would slow a CPU down several times
    trained = batches(tokenizer, chosen[aside:], config, config.epochs, config.seed)
    held_out = batches(tokenizer, chosen[:aside], config, 1, config.seed)
    tokens = {token for batch in (*trained, *held_out) for ids in batch.wanted for token in ids} - {UNTOLD}
    model = Lora(Rebuilder(config.objective == "tsdae", sorted(tokens)), config.rank, HEAD, inside=INSIDE)
    steps = Steps(config.budget)
    card = {"task": TASK, "method": "domain", "data": list(data), "sentences": len(chosen) - aside}
    card |= {"held_out": aside, "seed": config.seed}
    found = fit(model, trained, held_out, steps.loss, config, card, out, watch, LOOKS, steps.backward)
    found["trained_parameters"] = sum(value.numel() for value in (*model.down, *model.up))
    found["parameters"] = sum(value.numel() for value in model.model.encoder.parameters())
    (out / CARD).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
    return found


class Steps:
    """The losses of batches, and their gradients, in passes of at most `budget` padded tokens."""

    def __init__(self, budget: int) -> None:
        self._budget = budget

    def loss(self, model: Lora, batch: Batch) -> tuple[torch.Tensor, float]:
        """The mean loss of the tokens to be told, and the share of them that is told right."""
        return self._passes(model, batch, lambda loss: None)

    def backward(self, model: Lora, batch: Batch) -> tuple[torch.Tensor, float]:
        """The same, and the gradients gathered."""
        return self._passes(model, batch, lambda loss: loss.backward())

    def _passes(self, model: Lora, batch: Batch, then: Callable[[Any], None]) -> tuple[torch.Tensor, float]:
        rebuilder, losses, right = model.model, torch.zeros(()), 0
        count = int((rebuilder.told(_padded(batch.wanted)) != UNTOLD).sum())
        for rows in groups([len(ids) for ids in batch.wanted], self._budget):
            wanted = _padded([batch.wanted[row] for row in rows])
            logits = model(model.merged(), padded_inputs([batch.given[row] for row in rows]) | {"wanted": wanted})
            answers = rebuilder.answers(wanted)
            loss = torch.nn.functional.cross_entropy(logits, answers, reduction="sum") / count
            then(loss)
            losses = losses + loss.detach()
            right += int((logits.argmax(1) == answers).sum())
        return losses, right / count


def _padded(wanted: Sequence[list[int]]) -> torch.Tensor:
    """Shape (len(wanted), longest padded to 8s), as the encoder's inputs are."""
    width = -(-max(map(len, wanted)) // 8) * 8
    return torch.tensor([ids + [UNTOLD] * (width - len(ids)) for ids in wanted])
