"""How well a classifier does: accuracy with its interval, scores by label and group, confusions, texts out of scope."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from adapters.classifier.head import Told
from adapters.labelled import OUT_OF_SCOPE, Labelled

CONFUSIONS = 10
BINS = 10


def scores(examples: Sequence[Labelled], told: Sequence[Told]) -> dict[str, Any]:
    """Scores of what was told of labelled texts, shares from 0 to 1.

    `accuracy` and `macro_f1` are of the texts in scope, whatever is told of their scope, with Wilson's `interval` of
    95 %; `in_scope_accuracy` counts those told to be out of scope as wrong, and `oos_recall` is the share of the texts
    out of scope that are told to be. `ece` is the mean distance of probabilities from the shares of right labels.
    """
    pairs = list(zip(examples, told, strict=True))
    inside = [(example, one) for example, one in pairs if example.label != OUT_OF_SCOPE]
    outside = [one for example, one in pairs if example.label == OUT_OF_SCOPE]
    found: dict[str, Any] = {}
    if inside:
        right = [example.label == one.label for example, one in inside]
        by_label = _by_label([(example.label, one.label) for example, one in inside])
        found |= {
            "accuracy": round(float(np.mean(right)), 4),
            "interval": wilson(sum(right), len(right)),
            "macro_f1": round(float(np.mean([row["f1"] for row in by_label.values()])), 4),
            "ece": _ece([one.probability for _, one in inside], right),
            "in_scope_accuracy": round(
                float(np.mean([ok and one.in_scope for ok, (_, one) in zip(right, inside, strict=True)])), 4
            ),
            "labels": by_label,
            "confusions": _confusions(inside),
        }
        groups = defaultdict(list)
        for (example, _), ok in zip(inside, right, strict=True):
            groups[example.group].append(ok)
        if set(groups) != {""}:
            found["groups"] = {
                name or "no group": {"texts": len(some), "accuracy": round(float(np.mean(some)), 4)}
                for name, some in sorted(groups.items())
            }
    if outside:
        found["oos_recall"] = round(float(np.mean([not one.in_scope for one in outside])), 4)
        if inside:
            found["oos_auroc"] = auroc([one.near for _, one in inside], [one.near for one in outside])
    return found


def wilson(right: int, total: int) -> tuple[float, float]:
    """The interval of 95 % around a share (Wilson 1927)."""
    z = 1.96
    share, base = right / total, 1 + z * z / total
    middle = (share + z * z / (2 * total)) / base
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / base
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


def auroc(higher: Sequence[float], lower: Sequence[float]) -> float:
    """The share of pairs in which the first is the higher one, ties by half."""
    first, second = np.asarray(higher), np.sort(np.asarray(lower))
    below = np.searchsorted(second, first, "left") + np.searchsorted(second, first, "right")
    return round(float(below.mean() / 2 / len(second)), 4)


def _by_label(pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, float]]:
    wanted, given = Counter(label for label, _ in pairs), Counter(label for _, label in pairs)
    hits = Counter(label for label, told in pairs if label == told)
    found = {}
    for label in sorted(wanted):
        precision = hits[label] / given[label] if given[label] else 0.0
        recall = hits[label] / wanted[label]
        f1 = 2 * precision * recall / (precision + recall) if hits[label] else 0.0
        row = {"precision": precision, "recall": recall, "f1": f1}
        found[label] = {**{name: round(value, 4) for name, value in row.items()}, "texts": wanted[label]}
    return found


def _confusions(pairs: Sequence[tuple[Labelled, Told]]) -> list[dict[str, Any]]:
    """The commonest wrong labels, each with a text."""
    wrong = defaultdict(list)
    for example, one in pairs:
        if example.label != one.label:
            wrong[example.label, one.label].append(example.text)
    most = sorted(wrong.items(), key=lambda item: (-len(item[1]), item[0]))[:CONFUSIONS]
    return [{"label": label, "told": told, "count": len(some), "text": some[0]} for (label, told), some in most]


def _ece(probabilities: Sequence[float], right: Sequence[bool]) -> float:
    """The expected calibration error over bins of equal width (Naeini et al. 2015)."""
    bins = np.minimum((np.asarray(probabilities) * BINS).astype(int), BINS - 1)
    sure, ok = np.asarray(probabilities), np.asarray(right)
    gaps = [abs(sure[bins == at].mean() - ok[bins == at].mean()) * (bins == at).mean() for at in np.unique(bins)]
    return round(float(sum(gaps)), 4)
