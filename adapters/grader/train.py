"""Training a grader: logistic regression on the features of pairs, settled on questions that it was not fitted to."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.classifier.card import write_card
from adapters.classifier.head import softmax
from adapters.grader.config import GraderConfig
from adapters.grader.data import Answer
from adapters.grader.features import FEATURES, Pairs
from adapters.grader.head import GradeHead
from adapters.grader.scores import agreement
from adapters.models import DEFAULT_SHA256, TrainingError
from adapters.registry import find_adapter

STRENGTHS = (0.1, 0.3, 1.0, 3.0)
FOLDS = 6
"""Parts of the questions, each graded by a head fitted to the others."""
STRAY = 0.25
"""What a stray answer weighs beside one that was meant for the question."""

Features = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Examples:
    """Features of answers, the numbers of their labels and of the folds of their questions."""

    features: Features
    rows: Rows
    folds: Rows


def train_grader(
    answers: Sequence[Answer],
    test: Sequence[Answer],
    sources: Sequence[Path],
    out: Path,
    config: GraderConfig,
    pairs: Pairs,
) -> dict[str, Any]:
    """Train a grader into the folder `out`, and return its card.

    Args:
        answers, test: With labels of the config; the latter are only measured on, perhaps none.
        sources: Where they come from, for the card.

    Raises:
        TrainingError: There are too few questions, or a label has no answer.
    """
    begun, labels = time.monotonic(), config.labels
    groups = sorted({one.group for one in answers})
    if len(groups) < FOLDS:
        raise TrainingError(f"{len(groups)} questions are too few to train a grader on, expected at least {FOLDS}")
    if missing := [label for label in labels if label not in {one.label for one in answers}]:
        raise TrainingError(f"no answer is labelled {missing[0]}; name the labels by --grades, from the worst")
    order = np.random.default_rng(config.seed).permutation(len(groups)) % FOLDS
    folds = {group: int(fold) for group, fold in zip(groups, order, strict=True)}
    own = _examples(answers, labels, folds, pairs)
    strays = _examples(_strays(answers, labels[0], config), labels, folds, pairs)
    tried = [config.strength] if config.strength else list(STRENGTHS)
    held_out = {strength: _held_out(own, strays, labels, strength) for strength in tried}
    strength = min(tried, key=lambda one: _loss(held_out[one], own.rows))
    told = held_out[strength]
    head = replace(_fitted(own, strays, labels, strength), least=config.least)
    head.save(out)
    card: dict[str, Any] = {
        "task": "grader",
        "method": config.method,
        "base": "default",
        "base_sha256": DEFAULT_SHA256,
        "reader_sha256": find_adapter("default", "reader").fingerprint,
        "labels": list(labels),
        "features": list(FEATURES),
        "data": [{"name": path.name} for path in sources],
        "answers": len(answers),
        "questions": len(groups),
        "recipe": asdict(config) | {"strength": strength},
        "seed": config.seed,
        "trained_parameters": head.weights.size + head.bias.size,
        "seconds": round(time.monotonic() - begun, 1),
        "scores": {"held_out": agreement(answers, [head.told(row) for row in told], labels)},
    }
    if test:
        features = pairs.features(test)
        card["scores"]["test"] = agreement(test, head.grade(features), labels)
        card["scores"]["test_baselines"] = _baselines(own, features, test, labels)
    write_card(out, card)
    return card


def _examples(answers: Sequence[Answer], labels: Sequence[str], folds: dict[str, int], pairs: Pairs) -> _Examples:
    return _Examples(
        pairs.features(answers),
        np.array([labels.index(one.label) for one in answers], dtype=np.int64),
        np.array([folds[one.group] for one in answers], dtype=np.int64),
    )


def _strays(answers: Sequence[Answer], worst: str, config: GraderConfig) -> list[Answer]:
    """Answers to other questions, and each question as its own answer: the worst that can be given."""
    chance = random.Random(config.seed)
    firsts = list({one.group: one for one in answers}.values()) if config.strays else []
    found = []
    for first in firsts:
        others = [one.text for one in answers if one.group != first.group]
        drawn = chance.sample(others, min(config.strays, len(others)))
        found += [replace(first, text=text, label=worst) for text in (first.question, *drawn)]
    return found


def _fitted(own: _Examples, strays: _Examples, labels: Sequence[str], strength: float, but: int = -1) -> GradeHead:
    """A head fitted to all folds but one, the labels weighed alike; the features' scaling is a part of its weights."""
    from sklearn.linear_model import LogisticRegression

    kept, also = own.folds != but, strays.folds != but
    features = np.concatenate([own.features[kept], strays.features[also]])
    rows = np.concatenate([own.rows[kept], strays.rows[also]])
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-9
    weigh = np.concatenate([np.ones(kept.sum()), np.full(also.sum(), STRAY)])
    model = LogisticRegression(C=strength, max_iter=2000, class_weight="balanced")
    model.fit((features - mean) / deviation, rows, sample_weight=weigh)
    weights, bias = model.coef_, model.intercept_
    if len(labels) == 2:  # one row, of the second label
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    weights = weights / deviation
    return GradeHead(tuple(labels), weights.astype(np.float32), (bias - weights @ mean).astype(np.float32))


def _held_out(own: _Examples, strays: _Examples, labels: Sequence[str], strength: float) -> NDArray[np.float32]:
    """Probabilities of each answer by a head that does not know its question, shape (answers, labels)."""
    found = np.zeros((len(own.rows), len(labels)), dtype=np.float32)
    for fold in range(FOLDS):
        head, aside = _fitted(own, strays, labels, strength, fold), own.folds == fold
        found[aside] = softmax((own.features[aside] @ head.weights.T + head.bias).astype(np.float32))
    return found


def _loss(probabilities: NDArray[np.float32], rows: Rows) -> float:
    return float(-np.log(probabilities[np.arange(len(rows)), rows] + 1e-9).mean())


def _baselines(own: _Examples, features: Features, test: Sequence[Answer], labels: Sequence[str]) -> dict[str, Any]:
    """What the commonest label, and thresholds on the cosine alone, fitted to the same answers, score."""
    commonest = Counter(own.rows.tolist()).most_common(1)[0][0]
    none = _Examples(np.zeros((0, 1)), own.rows[:0], own.folds[:0])
    alone = _fitted(replace(own, features=own.features[:, :1]), none, labels, 1e3)
    fixed = np.eye(len(labels), dtype=np.float32)[commonest]
    graded = {"majority": [alone.told(fixed) for _ in test], "cosine": alone.grade(features[:, :1])}
    shown = ("accuracy", "macro_f1", "kappa")
    return {name: {key: agreement(test, some, labels)[key] for key in shown} for name, some in graded.items()}
