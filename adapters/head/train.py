"""Training a head: logistic regression on the vectors of the frozen encoder, its strength chosen on held-out texts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.backbone import load_backbone, vectors_of
from adapters.classifier.card import finished
from adapters.classifier.data import Data
from adapters.classifier.fitting import calibrated, fit_head, with_known
from adapters.classifier.head import Head
from adapters.classifier.runtime import encoder_key
from adapters.classifier.scores import scores
from adapters.head.config import HeadConfig
from adapters.labelled import OUT_OF_SCOPE
from adapters.models import TrainingError, locate, parameters
from adapters.registry import find_adapter

STRENGTHS = (1.0, 10.0, 100.0)
FULL_LOOK = 4_000
"""More texts than these are drawn from to choose the strength."""


def train_head(
    data: Data,
    base: str,
    out: Path,
    config: HeadConfig,
    watch: Callable[[int, int, dict[str, float]], None] = lambda step, total, values: None,
) -> dict[str, Any]:
    """Train a classifier into the folder `out`, and return its card.

    Args:
        base: See `adapters.models.locate`.

    Raises:
        ModelError: The base cannot be loaded.
        TrainingError: `data.start` has another encoder than the base.
    """
    begun = time.monotonic()
    known = _known(data.start, base)
    backbone = load_backbone(base)
    texts, rows = data.inside(data.train)
    done = 0

    def embedded(count: int) -> None:
        nonlocal done
        done += count
        watch(done, len(texts), {})

    vectors = vectors_of(backbone, texts, embedded)
    dev_texts, dev_rows = data.inside(data.dev)
    dev, outside = vectors_of(backbone, dev_texts), vectors_of(backbone, data.outside)
    chance = np.random.default_rng(config.seed)
    drawn = chance.permutation(len(texts))[:FULL_LOOK] if len(texts) > FULL_LOOK else np.arange(len(texts))
    missing = np.setdiff1d(rows, rows[drawn])
    drawn = np.concatenate([drawn, [int(np.flatnonzero(rows == row)[0]) for row in missing]]).astype(np.int64)

    def fitted(vectors: NDArray[np.float32], rows: NDArray[np.int64], strength: float) -> Head:
        learned = with_known(known, data.labels, vectors, rows)
        return fit_head(*learned, data.labels, strength, config.class_weights, config.seed)

    def right(strength: float) -> float:
        head = fitted(vectors[drawn], rows[drawn], strength)
        return float((head.logits(dev).argmax(axis=1) == dev_rows).mean())

    strength = config.strength or max(STRENGTHS, key=right) if len(dev_rows) else config.strength or STRENGTHS[1]
    head = fitted(vectors, rows, strength)
    scored: dict[str, Any] = {}
    if len(dev_rows):
        head = calibrated(head, dev, dev_rows, outside, config.keep)
        scored = scores([one for one in data.dev if one.label != OUT_OF_SCOPE], head.tell(dev))
        final = fitted(np.concatenate([vectors, dev]), np.concatenate([rows, dev_rows]), strength)
        head = replace(final, temperature=head.temperature, scope=head.scope)
    head.save(out)
    recipe = asdict(config) | {"strength": strength}
    trained = head.weights.size + head.bias.size
    total = trained + parameters(locate(base))
    return finished(out, "head", base, data, recipe, scored, trained, total, time.monotonic() - begun)


def _known(start: Path | None, base: str) -> Head | None:
    """The head that is gone on with."""
    if start is None:
        return None
    adapter = find_adapter(str(start), "classifier")
    if encoder_key(adapter) != base:
        raise TrainingError(f"{start} has another encoder than {base}; a head goes on from a head of the same one")
    return Head.load(adapter.path)
