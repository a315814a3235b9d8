"""Small adapters that were never trained, for tests of what is done with their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from adapters.classifier.head import Head, Scope
from adapters.models import DEFAULT_SHA256
from adapters.registry import CARD

LABELS = ("block_card", "opening_hours")
QUOTED = "My card 4929 was stolen"
"""A text of the data that the card quotes."""


def make_classifier(folder: Path, **card: Any) -> Path:
    """A head on the bundled encoder, with a card; beside it what trainings and people leave in folders."""
    random = np.random.default_rng(0)
    weights, kept = (random.normal(size=(len(LABELS), 384)).astype(np.float32) for _ in range(2))
    rows, scope = np.arange(len(LABELS)), Scope((1.0, 1.0), (0.0, 0.0), (1.0, 1.0), 0.0)
    Head(LABELS, weights, np.zeros(len(LABELS), np.float32), kept, rows, 1.0, scope).save(folder)
    scores = {"accuracy": 0.9, "macro_f1": 0.88, "labels": {"block_card": {"f1": 0.7}}}
    confusions = [{"label": "block_card", "told": "opening_hours", "count": 2, "text": QUOTED}]
    told = {
        "task": "classifier",
        "method": "head",
        "base": "default",
        "base_sha256": DEFAULT_SHA256,
        "labels": LABELS,
        "data": [{"name": "asked.jsonl", "licence": "CC BY 4.0"}, {"name": "acme/banking", "licence": "MIT"}],
        "recipe": {"strength": 10.0},
        "seed": 3,
        "scores": {"dev": {"accuracy": 0.8}, "test": {**scores, "confusions": confusions}},
    }
    (folder / CARD).write_text(json.dumps(told | card), encoding="utf8")
    (folder / "tensorboard").mkdir()
    for stray in ("tensorboard/events.out", "notes.txt", "optimizer.pt", "adapter_model.bin", "training.log"):
        (folder / stray).write_text("not to be given away", encoding="utf8")
    return folder
