"""Tuning an encoder and its head together on labelled texts; the head begins as fitted to the frozen encoder."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from adapters.backbone import load_backbone, vectors_of
from adapters.classifier.card import finished
from adapters.classifier.data import Data
from adapters.classifier.fitting import calibrated, fit_head, kept_vectors, with_known
from adapters.classifier.head import Head
from adapters.classifier.runtime import Classifier
from adapters.classifier.scores import scores
from adapters.labelled import OUT_OF_SCOPE, read_texts
from adapters.models import locate
from adapters.registry import find_adapter
from adapters.training import Loss, Watch, fit, groups
from adapters.tuning.anchor import Anchor
from adapters.tuning.batches import Teach, balance, batches_of, held_out_batches, remembered
from adapters.tuning.begin import tuned
from adapters.tuning.config import TuningConfig
from adapters.tuning.domains import Domains
from adapters.tuning.model import Tuned
from adapters.tuning.steps import Batch, Objective, Steps, cross_entropy, inputs

STRENGTH = 10.0
"""Of the logistic regression that the head begins as."""


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
        DataError: The texts of `target` cannot be read.
    """
    start = find_adapter(str(data.start), "classifier") if data.start else None
    return carry_out(Plan(config.method, base, config, lambda head: tuned(base, head, config, start)), data, out, watch)


def carry_out(plan: Plan, data: Data, out: Path, watch: Watch) -> dict[str, Any]:
    """Train by a plan into the folder `out`, and return the card; see `train_tuned`."""
    begun, config = time.monotonic(), plan.config
    targets = read_texts(Path(config.target)) if config.target else []
    backbone = load_backbone(plan.base)
    torch.manual_seed(config.seed)
    torch.set_flush_denormal(True)  # vanishing gradients would slow a CPU down several times
    texts, rows = data.inside(data.train)
    dev_texts, dev_rows = data.inside(data.dev)
    start = Classifier.load(data.start) if data.start else None
    known = start.head if start else None
    learned = with_known(known, data.labels, vectors_of(start.backbone if start else backbone, texts), rows)
    model = plan.make(fit_head(*learned, data.labels, STRENGTH, config.class_weights, config.seed))
    # labels learned again are of fewer texts than new ones, and would be told less often than they are meant
    weights = balance(rows, len(data.labels)) if config.class_weights or start else None
    steps = Steps(config, plan.objective, weights)
    batches = batches_of(texts, rows, backbone, config, plan.teach)
    held_out = held_out_batches(dev_texts, dev_rows, backbone, config, plan.teach)
    card: dict[str, Any] = {"task": "classifier", "method": plan.method, "base": plan.base}
    card |= {"base_sha256": locate(plan.base).fingerprint, "labels": data.labels, "data": data.sources}
    card |= {"start": start.adapter.fingerprint} if start else {}
    backward: Loss[Batch] = steps.backward
    if config.ewc:
        backward = Anchor(
            model, steps, remembered(*data.inside(data.before), backbone, config.seed), config.ewc
        ).backward
    if config.target:
        backward = Domains(model, backward, backbone.token_ids(targets), config).backward
    found = fit(model, batches, held_out, steps.loss, config, card, out, watch, looks=1, backward=backward)
    model.restore(out)

    def vectors(some: list[str]) -> NDArray[np.float32]:
        ids = backbone.token_ids(some) if some else []
        device = config.device
        return model.vectors(
            lambda rows: inputs([ids[row] for row in rows], device), groups([len(text) for text in ids], config.budget)
        )

    kept, kept_rows = kept_vectors(*with_known(known, data.labels, vectors(texts), rows), config.seed)
    head, scored = replace(model.head(), kept=kept, kept_rows=kept_rows), {}
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
