"""Training a student: `α·CE + (1-α)·T²·KL` of the teacher's softened labels (Hinton et al. 2015), and its vectors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from adapters.classifier.data import Data
from adapters.classifier.head import Head
from adapters.classifier.runtime import Classifier, encoder_files
from adapters.distil.config import DistilConfig
from adapters.distil.student import fewer_layers, narrower
from adapters.models import TrainingError
from adapters.partial import Partial
from adapters.training import Watch
from adapters.tuning.model import SentenceClassifier, Tuned
from adapters.tuning.steps import Batch
from adapters.tuning.train import Plan, carry_out


def train_distilled(
    data: Data,
    teacher: Path,
    out: Path,
    config: DistilConfig,
    watch: Watch = lambda step, total, values: None,
) -> dict[str, Any]:
    """Train a student of the classifier in the folder `teacher` into the folder `out`, and return its card.

    Raises:
        ModelError: The teacher cannot be loaded.
        TrainingError: It knows other labels than the data, or has no more layers than the student is to have.
    """
    taught = Classifier.load(teacher)
    if list(taught.head.labels) != data.labels:
        raise TrainingError(f"the teacher in {teacher} knows {len(taught.head.labels)} labels, the data others")
    known: dict[str, NDArray[np.float32]] = {}

    def teach(texts: list[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, taught.vectors(new), strict=True))
        vectors = np.stack([known[text] for text in texts])
        return taught.head.logits(vectors), vectors

    def make(head: Head) -> Tuned:
        begun = replace(taught.head, kept=head.kept, kept_rows=head.kept_rows)
        model = SentenceClassifier(encoder_files(taught.adapter), begun, config.dropout)
        fewer_layers(model.encoder, config.student_layers)
        if config.narrow < 1:
            narrower(model.encoder, config.narrow)
        return Tuned(model, Partial(model.to(config.device), lambda name: True, config.compiled), begun)

    def objective(logits: torch.Tensor, vectors: torch.Tensor, batch: Batch, some: list[int]) -> torch.Tensor:
        assert batch.logits is not None and batch.vectors is not None
        rows = torch.from_numpy(batch.rows[some]).to(logits.device)
        wanted = torch.from_numpy(batch.logits[some]).to(logits.device)
        like = torch.from_numpy(batch.vectors[some]).to(logits.device)
        labels = torch.nn.functional.cross_entropy(logits, rows, reduction="none")
        soft = torch.log_softmax(logits / config.softness, 1)
        wish = torch.log_softmax(wanted / config.softness, 1)
        divergence = (wish.exp() * (wish - soft)).sum(1) * config.softness**2
        apart = 1 - (vectors * like).sum(1)
        return config.alpha * labels + (1 - config.alpha) * divergence + config.hidden * apart

    base = str(taught.adapter.card.get("base", "default"))
    said = {"teacher": taught.adapter.fingerprint}
    return carry_out(Plan("distil", base, config, make, objective, teach, said), data, out, watch)
