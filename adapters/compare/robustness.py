"""What a classifier withstands: mistyped and reworded texts, and word vectors disturbed against it."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from adapters.classifier.runtime import Classifier, encoder_files
from adapters.training import groups
from adapters.tuning.adversarial import attacked
from adapters.tuning.augment import synonyms, typos
from adapters.tuning.model import SentenceClassifier
from adapters.tuning.steps import inputs

MOST = 400
"""Texts that are attacked."""
EPSILON = 1.0
"""Length of the disturbance of a text's word vectors; a word's own vector is about 1.4 long."""
SEED = 20_000


def robustness(classifier: Classifier, texts: Sequence[str], rows: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy under changes of up to `MOST` texts, from 0 to 1; `clean` is of the same texts unchanged."""
    drawn = np.sort(np.random.default_rng(SEED).permutation(len(texts))[:MOST])
    some, wanted = [texts[row] for row in drawn], rows[drawn]
    chance = random.Random(SEED)
    reworded = synonyms(texts)
    changed = {
        "clean": some,
        "typos": [typos(text, chance) for text in some],
        "two_typos": [typos(typos(text, chance), chance) for text in some],
        "synonyms": [reworded(text, chance) for text in some],
    }
    numbers = {label: row for row, label in enumerate(classifier.head.labels)}
    found = {
        name: _share(np.array([numbers[one.label] for one in classifier.tell(given)]) == wanted)
        for name, given in changed.items()
    }
    model = in_torch(classifier)
    ids = classifier.backbone.token_ids(some)
    return found | {method: _attack(model, ids, wanted, method) for method in ("fgm", "pgd")}


def in_torch(classifier: Classifier) -> SentenceClassifier:
    """A classifier as a torch module in float32."""
    model = SentenceClassifier(encoder_files(classifier.adapter), classifier.head, 0.0)
    model.eval().requires_grad_(False)
    return model


def _attack(model: SentenceClassifier, ids: list[list[int]], rows: NDArray[np.int64], method: str) -> float:
    right = np.zeros(len(ids), dtype=bool)
    for some in groups([len(text) for text in ids], 2048):
        given = inputs([ids[row] for row in some], "cpu")
        wanted = torch.from_numpy(rows[some])

        def loss_of(
            disturbance: torch.Tensor | None, given: dict[str, torch.Tensor] = given, wanted: torch.Tensor = wanted
        ) -> torch.Tensor:
            return torch.nn.functional.cross_entropy(
                model(**given, disturbance=disturbance)[0], wanted, reduction="sum"
            )

        worst = attacked(method, loss_of, torch.zeros_like(model.embedded(given["input_ids"])), EPSILON)
        with torch.no_grad():
            right[some] = (model(**given, disturbance=worst)[0].argmax(1) == wanted).numpy()
    return _share(right)


def _share(right: NDArray[np.bool_]) -> float:
    return round(float(right.mean()), 4)
