"""The batches of a tuning."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from adapters.backbone import Backbone
from adapters.models import TrainingError
from adapters.training import groups
from adapters.tuning.augment import augmenters
from adapters.tuning.config import TuningConfig
from adapters.tuning.steps import Batch

REMEMBERED = 300
"""Texts learned before that tell which weights matter."""

Teach = Callable[[list[str]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""What a teacher says of texts: logits, shape (texts, labels), and unit vectors, shape (texts, width)."""


def batches_of(
    texts: Sequence[str], rows: NDArray[np.int64], backbone: Backbone, config: TuningConfig, teach: Teach | None
) -> list[Batch]:
    """Of all epochs, each in an order of its own, and with changed copies of all texts where these are wanted."""
    chance = random.Random(config.seed)
    changes = augmenters(config.augment, texts)
    found: list[Batch] = []
    for _ in range(config.epochs):
        some = [(text, row) for text, row in zip(texts, rows, strict=True)]
        some += [(chance.choice(changes)(text, chance), row) for text, row in some] if changes else []
        chance.shuffle(some)
        found += [
            _batch([text for text, _ in part], np.array([row for _, row in part]), backbone, teach)
            for part in (some[at : at + config.batch] for at in range(0, len(some), config.batch))
        ]
    return [replace(batch, progress=at / len(found)) for at, batch in enumerate(found)]


def held_out_batches(
    texts: list[str], rows: NDArray[np.int64], backbone: Backbone, config: TuningConfig, teach: Teach | None
) -> list[Batch]:
    """Of texts that are not trained on, each as large as a pass may be."""
    sizes = [len(ids) for ids in backbone.token_ids(texts)] if texts else []
    return [_batch([texts[at] for at in some], rows[some], backbone, teach) for some in groups(sizes, config.budget)]


def remembered(texts: list[str], rows: NDArray[np.int64], backbone: Backbone, seed: int) -> list[Batch]:
    """Some texts learned before, a text a batch.

    Raises:
        TrainingError: There are none.
    """
    if not texts:
        raise TrainingError("--ewc needs texts that were learned before: --replay PATH, or PATH:0 to learn none again")
    drawn = np.random.default_rng(seed).permutation(len(texts))[:REMEMBERED]
    return [_batch([texts[at]], rows[[at]], backbone, None) for at in drawn]


def _batch(texts: list[str], rows: NDArray[np.int64], backbone: Backbone, teach: Teach | None) -> Batch:
    return Batch(backbone.token_ids(texts), rows, *(teach(texts) if teach else ()))


def balance(rows: NDArray[np.int64], labels: int) -> NDArray[np.float32]:
    """Weights with which all labels count alike, shape (labels,)."""
    counts = np.bincount(rows, minlength=labels)
    return np.asarray(len(rows) / (labels * np.maximum(counts, 1)), dtype=np.float32)
