"""Tuning an encoder and its head together on labelled texts; the head begins as fitted to the frozen encoder."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from adapters.backbone import Backbone, load_backbone, vectors_of
from adapters.classifier.card import finished
from adapters.classifier.data import Data
from adapters.classifier.fitting import calibrated, fit_head, kept_vectors
from adapters.classifier.head import Head
from adapters.classifier.scores import scores
from adapters.labelled import OUT_OF_SCOPE
from adapters.lora import LAYERS, Lora
from adapters.models import DEFAULT, locate
from adapters.partial import Partial
from adapters.training import Watch, fit, groups
from adapters.tuning.augment import augmenters
from adapters.tuning.config import FreezeConfig, LoraConfig, TuningConfig
from adapters.tuning.model import INSIDE, SentenceClassifier, Tuned, linear_names, trained_layers
from adapters.tuning.steps import Batch, Objective, Steps, cross_entropy, inputs

STRENGTH = 10.0
"""Of the logistic regression that the head begins as."""

Teach = Callable[[list[str]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""What a teacher says of texts: logits, shape (texts, labels), and unit vectors, shape (texts, width)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A training of a classifier.

    Args:
        method: Its name.
        base: See `adapters.models.locate`.
        make: Gives the model, from a head that is fitted to the frozen base.
        teach: Asked of every text that is trained on.
        more: What the card's recipe says beside the config.
    """

    method: str
    base: str
    config: TuningConfig
    make: Callable[[Head], Tuned]
    objective: Objective = cross_entropy
    teach: Teach | None = None
    more: dict[str, Any] | None = None


def train_tuned(
    data: Data, base: str, out: Path, config: TuningConfig, watch: Watch = lambda step, total, values: None
) -> dict[str, Any]:
    """Train a classifier into the folder `out`, by the method of its config, and return its card.

    A checkpoint in `out` of the same training is gone on with.

    Raises:
        ModelError: The base cannot be loaded, or has not the layers.
        TrainingError: See `adapters.training.fit`.
    """
    return carry_out(Plan(config.method, base, config, lambda head: tuned(base, head, config)), data, out, watch)


def carry_out(plan: Plan, data: Data, out: Path, watch: Watch) -> dict[str, Any]:
    """Train by a plan into the folder `out`, and return the card; see `train_tuned`."""
    begun, config = time.monotonic(), plan.config
    backbone = load_backbone(plan.base)
    torch.manual_seed(config.seed)
    torch.set_flush_denormal(True)  # vanishing gradients would slow a CPU down several times
    texts, rows = data.inside(data.train)
    dev_texts, dev_rows = data.inside(data.dev)
    first = fit_head(vectors_of(backbone, texts), rows, data.labels, STRENGTH, config.class_weights, config.seed)
    model = plan.make(first)
    weights = _balance(rows, len(data.labels)) if config.class_weights else None
    steps = Steps(config, plan.objective, weights)
    batches = _batches(texts, rows, backbone, plan)
    held_out = _held_out(dev_texts, dev_rows, backbone, plan)
    card: dict[str, Any] = {"task": "classifier", "method": plan.method, "base": plan.base}
    card |= {"base_sha256": locate(plan.base).fingerprint, "labels": data.labels, "data": data.sources}
    found = fit(model, batches, held_out, steps.loss, config, card, out, watch, looks=1, backward=steps.backward)
    model.restore(out)

    def vectors(some: list[str]) -> NDArray[np.float32]:
        ids = backbone.token_ids(some) if some else []
        device = config.device
        return model.vectors(
            lambda rows: inputs([ids[row] for row in rows], device), groups([len(text) for text in ids], config.budget)
        )

    head, scored = replace(model.head(), kept=kept_vectors(vectors(texts), rows, config.seed)), {}
    if len(dev_rows):
        dev = vectors(dev_texts)
        head = calibrated(head, dev, dev_rows, vectors(data.outside), config.keep)
        scored = scores([one for one in data.dev if one.label != OUT_OF_SCOPE], head.tell(dev))
    head.save(out)
    recipe = asdict(config) | (plan.more or {}) | {name: found[name] for name in ("steps", "steps_of_schedule")}
    total = sum(value.numel() for value in model.classifier.parameters())
    seconds = time.monotonic() - begun
    trained = model.partial.trained_parameters()
    return finished(out, plan.method, plan.base, data, recipe, scored, trained, total, seconds)


def tuned(base: str, head: Head, config: TuningConfig) -> Tuned:
    """The model that a config trains, its linear layer begun as `head`.

    Raises:
        ModelError: The base cannot be loaded, or has not the layers.
    """
    model = SentenceClassifier(locate(base), head, config.dropout).to(config.device)
    if isinstance(config, LoraConfig):
        named = [name.strip() for name in config.layers.split(",") if name.strip()]
        layers = named or (LAYERS if base == DEFAULT else linear_names(model))
        return Tuned(model, Lora(model, config.rank, "linear", config.compiled, layers, INSIDE), head)
    if isinstance(config, FreezeConfig):
        return Tuned(model, Partial(model, trained_layers(model, config.last), config.compiled), head)
    return Tuned(model, Partial(model, lambda name: True, config.compiled), head)


def _batches(texts: Sequence[str], rows: NDArray[np.int64], backbone: Backbone, plan: Plan) -> list[Batch]:
    """Of all epochs, each in an order of its own, and with changed copies of all texts where these are wanted."""
    config, chance = plan.config, random.Random(plan.config.seed)
    changes = augmenters(config.augment, texts)
    found: list[Batch] = []
    for _ in range(config.epochs):
        some = [(text, row) for text, row in zip(texts, rows, strict=True)]
        some += [(chance.choice(changes)(text, chance), row) for text, row in some] if changes else []
        chance.shuffle(some)
        found += [
            _batch([text for text, _ in part], np.array([row for _, row in part]), backbone, plan.teach)
            for part in (some[at : at + config.batch] for at in range(0, len(some), config.batch))
        ]
    return found


def _held_out(texts: list[str], rows: NDArray[np.int64], backbone: Backbone, plan: Plan) -> list[Batch]:
    sizes = [len(ids) for ids in backbone.token_ids(texts)] if texts else []
    return [
        _batch([texts[at] for at in some], rows[some], backbone, plan.teach)
        for some in groups(sizes, plan.config.budget)
    ]


def _batch(texts: list[str], rows: NDArray[np.int64], backbone: Backbone, teach: Teach | None) -> Batch:
    return Batch(backbone.token_ids(texts), rows, *(teach(texts) if teach else ()))


def _balance(rows: NDArray[np.int64], labels: int) -> NDArray[np.float32]:
    """Weights with which all labels count alike, shape (labels,)."""
    counts = np.bincount(rows, minlength=labels)
    return np.asarray(len(rows) / (labels * np.maximum(counts, 1)), dtype=np.float32)
