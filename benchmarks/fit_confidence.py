"""The confidence of an answer: a logistic model of whether anything answers, mapped to how often that is correct.

The model decides the order and the threshold; Platt's sigmoid (1999), fitted on predictions for bots that the model has
not seen, keeps both and makes of the score the probability that the answer composed is correct.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.questions import Asked
from chatbot import support

UNANSWERABLE = 0.3
"""The share of the whole weight that unanswerable questions have for the confidence and its threshold."""
PRECISION = 2 / 3
"""Not more, because most of the unanswerable questions are near misses."""


def fit_confidence(examples: list[Asked], signals: np.ndarray, correct: np.ndarray) -> dict[str, Any]:
    """The calibrated model and its threshold.

    Args:
        signals: The model's inputs, shape (examples, signals), by a ranking that has not seen the example's group.
        correct: Whether the answer composed from that ranking is correct, shape (examples,).

    Raises:
        SystemExit: The model tells bots it has not seen no better than chance.
    """
    source = np.array([example.source for example in examples])
    group = np.array([example.group for example in examples])
    labels = np.array([bool(example.gold) for example in examples])
    weights = np.array([example.weight for example in examples])
    fitted, own, odd = source != "set", source == "bot", source == "practice"
    real = own | ((source == "foreign") & np.isin(group, group[own]))
    odds, calibrated = np.zeros(len(examples)), np.zeros(len(examples))

    def model(mask: np.ndarray) -> support.Logistic:
        return fit_logistic(signals[mask], labels[mask], balanced(labels[mask], weights[mask]))

    def sigmoid(mask: np.ndarray) -> support.Logistic:
        return fit_logistic(odds[mask, None], correct[mask], balanced(labels[mask], weights[mask]))

    groups = sorted(set(group[fitted]))
    for name in groups:
        odds[group == name] = model(fitted & (group != name)).log_odds(signals[group == name])
    for name in groups:
        calibrated[group == name] = sigmoid(fitted & (group != name)).log_odds(odds[group == name, None])
    predicted = probability(odds)
    print(f"held out practice domains: AUROC {roc_auc_score(labels[odd], predicted[odd]):.3f}")
    auroc = roc_auc_score(labels[real], predicted[real])
    if auroc <= 0.5:
        raise SystemExit(f"the confidence tells nothing: AUROC {auroc:.3f} on bots it has not seen")
    shares = balanced(labels[real], np.ones(real.sum()))
    right = {t: precision(labels[real], predicted[real] < t, shares) for t in np.arange(0.2, 0.9, 0.002)}
    below = max((t for t, share in right.items() if share >= PRECISION), default=0.2)
    unknown = [np.mean(predicted[mask] < below) for mask in (own & ~labels, real & ~own)]
    print(
        f"held out: AUROC {auroc:.3f}, {roc_auc_score(labels[own], predicted[own]):.3f} on their own questions,",
        end=" ",
    )
    print(f"abstain below {below:.3f}: precision {right[below]:.2f},", end=" ")
    print(f"recall {unknown[0]:.2f}, {unknown[1]:.2f} on questions of other bots")
    for name, mask in (("bots", own), ("practice domains", odd)):
        given, shares = predicted[mask] >= below, balanced(labels[mask], np.ones(mask.sum()))
        told = correct[mask][given], shares[given]
        errors = [calibration_error(scores[mask][given], *told) for scores in (predicted, probability(calibrated))]
        print(f"held out {name}: {np.average(told[0], weights=told[1]):.2f} of the answers given are correct,", end=" ")
        print(f"calibration error {errors[1]:.3f}, {errors[0]:.3f} without the sigmoid")
    final, map_ = model(fitted), sigmoid(fitted)
    slope, shift = float(map_.weights[0]), map_.bias
    return {
        "weights": [round(slope * float(w), 6) for w in final.weights],
        "bias": round(slope * final.bias + shift, 6),
        "abstain_below": round(float(probability(slope * np.log(below / (1 - below)) + shift)), 6),
    }


def calibration_error(scores: np.ndarray, correct: np.ndarray, weights: np.ndarray) -> float:
    """Expected calibration error in ten equal-width bins, by weight."""
    gaps = [(weights * (correct - scores))[(scores * 10).astype(int) == place].sum() for place in range(11)]
    return float(np.abs(gaps).sum() / weights.sum())


def probability(odds: np.ndarray) -> np.ndarray:
    """Of log-odds."""
    return np.asarray(1 / (1 + np.exp(-odds)))


def fit_logistic(signals: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> support.Logistic:
    """A logistic model none of whose signals speaks against an answer."""
    from scipy.optimize import minimize

    sides = np.where(labels, 1.0, -1.0)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        odds = sides * (signals @ w[:-1] + w[-1])
        slope = -sides * weights / (1 + np.exp(odds))
        total = float(weights @ np.logaddexp(0, -odds) + w[:-1] @ w[:-1] / 2)
        return total, np.append(slope @ signals + w[:-1], slope.sum())

    width = signals.shape[1]
    bounds = [(0.0, None)] * width + [(None, None)]
    found = minimize(loss, np.zeros(width + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return support.Logistic(found[:-1].astype(np.float32), float(found[-1]))


def balanced(answerable: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weights of which the unanswerable questions have a share `UNANSWERABLE`."""
    yes, no = weights[answerable].sum(), weights[~answerable].sum()
    return weights * np.where(answerable, 1.0, UNANSWERABLE / (1 - UNANSWERABLE) * yes / no)


def precision(answerable: np.ndarray, abstained: np.ndarray, weights: np.ndarray) -> float:
    """Share of abstentions that were right, by weight."""
    return float(weights[~answerable & abstained].sum() / max(1e-9, weights[abstained].sum()))
