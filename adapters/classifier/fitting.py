"""Fitting a head to vectors by logistic regression, and then its temperature and its scope on held-out texts."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from adapters.classifier.head import Head, Scope

KEPT, MOST_KEPT = 40, 8_000
"""Texts of a label, and in all, that are kept to compare others with."""
ENOUGH = 30
"""Texts out of scope from which the signals' weights can be learned."""
TEMPERATURES = np.geomspace(0.02, 20.0, 120)

Vectors = NDArray[np.float32]


def fit_head(
    vectors: Vectors,
    rows: NDArray[np.int64],
    labels: Sequence[str],
    strength: float,
    balanced: bool = False,
    seed: int = 0,
) -> Head:
    """Multinomial logistic regression (scikit-learn's, by L-BFGS).

    Args:
        vectors: Unit vectors, shape (texts, dimension).
        rows: The number of each text's label.
        strength: The inverse of the regularisation, `C`.
        balanced: Weigh labels alike, however many texts each has.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=400, class_weight="balanced" if balanced else None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(vectors, rows)
    weights, bias = model.coef_, model.intercept_
    if len(labels) == 2:  # one row, of the second label
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    kept, kept_rows = kept_vectors(vectors, rows, seed)
    return Head(tuple(labels), weights.astype(np.float32), bias.astype(np.float32), kept, kept_rows)


def kept_vectors(
    vectors: Vectors, rows: NDArray[np.int64], seed: int = 0
) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    """Vectors of up to `KEPT` texts of each label, drawn at random, and the numbers of their labels."""
    chance = np.random.default_rng(seed)
    count = len(np.unique(rows))
    each = max(1, min(KEPT, MOST_KEPT // count))
    drawn = [chance.permutation(np.flatnonzero(rows == row))[:each] for row in np.unique(rows)]
    kept = np.sort(np.concatenate(drawn))
    return np.asarray(vectors[kept], dtype=np.float16), rows[kept]


def with_known(
    known: Head | None, labels: Sequence[str], vectors: Vectors, rows: NDArray[np.int64]
) -> tuple[Vectors, NDArray[np.int64]]:
    """Vectors and the numbers of their labels, and what a head kept of labels of which there are fewer among them.

    So a label that is learned no more, or from a few texts again, is not forgotten, and its other texts are not needed.
    """
    if known is None:
        return vectors, rows
    numbers = np.array([labels.index(label) for label in known.labels])[known.kept_rows]
    now, kept = (np.bincount(some, minlength=len(labels)) for some in (rows, numbers))
    others = (now < kept)[numbers]
    return np.concatenate([vectors, known.kept[others].astype(np.float32)]), np.concatenate([rows, numbers[others]])


def calibrated(head: Head, vectors: Vectors, rows: NDArray[np.int64], outside: Vectors, keep: float) -> Head:
    """The head with its temperature and its scope set on texts that it was not fitted to.

    Args:
        vectors, rows: Held-out texts in scope, and the numbers of their labels.
        outside: Texts out of scope, shape (texts, dimension); perhaps none.
        keep: Least share of texts in scope that are told to be. With texts out of scope the threshold is the one
            above it that tells both kinds best.
    """
    logits = head.logits(vectors).astype(np.float64)
    losses = [_loss(logits / temperature, rows) for temperature in TEMPERATURES]
    signals = head.signals(vectors)
    scope = Scope(means=_pair(signals.mean(axis=0)), deviations=_pair(signals.std(axis=0) + 1e-6))
    head = replace(head, temperature=float(TEMPERATURES[int(np.argmin(losses))]), scope=scope)
    if len(outside) >= ENOUGH:
        head = replace(head, scope=replace(scope, weights=_weights(head, vectors, outside)))
    within = np.sort(head.scope.of(signals))
    most = within[min(len(within) - 1, int((1 - keep) * len(within)))]
    threshold = most
    if len(outside):
        beyond = head.scope.of(head.signals(outside))
        choices = within[within <= most]
        told = [(beyond < choice).mean() - (within < choice).mean() for choice in choices]
        threshold = choices[int(np.argmax(told))]
    return replace(head, scope=replace(head.scope, threshold=float(threshold) - 1e-6))


def _weights(head: Head, vectors: Vectors, outside: Vectors) -> tuple[float, float]:
    """How much each signal tells of texts in and out of scope, by logistic regression; none less than nothing."""
    from sklearn.linear_model import LogisticRegression

    scope = head.scope
    signals = np.concatenate([head.signals(vectors), head.signals(outside)])
    scaled = (signals - np.array(scope.means)) / np.array(scope.deviations)
    inside = np.arange(len(signals)) < len(vectors)
    found = LogisticRegression(class_weight="balanced").fit(scaled, inside).coef_[0].clip(0)
    return _pair(found / max(float(found.sum()), 1e-6)) if found.any() else scope.weights


def _loss(logits: NDArray[np.float64], rows: NDArray[np.int64]) -> float:
    top = logits.max(axis=1)
    whole = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return float((whole - logits[np.arange(len(rows)), rows]).mean())


def _pair(values: NDArray[np.floating]) -> tuple[float, float]:
    return float(values[0]), float(values[1])
