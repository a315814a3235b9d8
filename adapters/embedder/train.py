"""Training the embedder: mined once by the frozen encoder, taught by contrast, weakened at the end."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import BertModel

from adapters.embedder.config import EmbedderConfig
from adapters.embedder.contrast import Contrast, Vectors
from adapters.embedder.data import Encoded, parted
from adapters.embedder.mining import batches, mine
from adapters.embedder.strength import weaken
from adapters.lora import Lora
from adapters.registry import CARD
from adapters.training import Watch, backbone, fit

LOOKS = 5
"""At the held-out loss in an epoch."""


def train_embedder(
    encoded: Encoded,
    data: Sequence[dict[str, Any]],
    out: Path,
    config: EmbedderConfig,
    watch: Watch = lambda step, total, values: None,
) -> dict[str, Any]:
    """Train an embedder into the folder `out`, and return its card.

    A checkpoint in `out` of the same training is gone on with.

    Args:
        data: Where the pairs come from, for the card.

    Raises:
        TrainingError: There are too few questions; see also `adapters.training.fit`.
    """
    rest, aside = parted(encoded.pairs, config.seed)
    train, held_out = encoded.part(rest), encoded.part(aside)
    torch.manual_seed(config.seed)
    torch.set_flush_denormal(True)  # vanishing gradients would slow a CPU down several times
    model = Lora(backbone(BertModel, add_pooling_layer=False), config.rank, compiled=config.compiled)
    chance = random.Random(config.seed)
    mined = mine(train, config)
    card = fit(
        model,
        [batch for _ in range(config.epochs) for batch in batches(mined, train, config, chance)],
        batches(mine(held_out, config), held_out, config, random.Random(0)),
        Contrast(Vectors(config.tokens, config.budget), config.temperature).loss,
        config,
        {
            "task": "embedder",
            "data": list(data),
            "seed": config.seed,
            "questions": len(rest),
            "held_out": len(aside),
            "passages": len(encoded.pairs.passages),
            "with_hard_negatives": sum(bool(entry.hard) for entry in mined),
            "trained_parameters": model.trained_parameters(),
            "parameters": sum(value.numel() for value in model.model.parameters()),
        },
        out,
        watch,
        looks=LOOKS,
    )
    model.load(out)
    card["scores"] |= weaken(model, held_out, config.budget)
    model.save(out)
    (out / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
    return card
