"""The measures that the evaluations share."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.text import CJK

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = re.compile(rf"[{re.escape(string.punctuation)}，。！？；：、“”‘’（）《》【】…—·]")
_TOKEN = re.compile(rf"[{CJK}]|[^\s{CJK}]+")


def normalise(text: str) -> str:
    """SQuAD's normal form: lower case, no punctuation, no articles; Chinese split into characters."""
    text = _PUNCTUATION.sub("", text.lower())
    return " ".join(_TOKEN.findall(_ARTICLES.sub(" ", text)))


def exact(prediction: str, golds: Sequence[str]) -> float:
    """1 if the prediction is one of the gold answers in normal form."""
    return float(any(normalise(prediction) == normalise(gold) for gold in golds))


def f1(prediction: str, golds: Sequence[str]) -> float:
    """Best token F1 against the gold answers (SQuAD's)."""
    return max((_f1(normalise(prediction).split(), normalise(gold).split()) for gold in golds), default=0.0)


def contains(text: str, answer: str) -> bool:
    """Whether a text holds an answer, in normal form, at word boundaries."""
    return f" {normalise(answer)} " in f" {normalise(text)} "


def recall(ranking: Sequence[str], relevant: set[str], k: int) -> float:
    """Share of the relevant ids among the first k."""
    return len(set(ranking[:k]) & relevant) / len(relevant)


def reciprocal_rank(ranking: Sequence[str], relevant: set[str], k: int) -> float:
    """One over the rank of the first relevant id among the first k, 0 if there is none."""
    return next((1 / rank for rank, found in enumerate(ranking[:k], 1) if found in relevant), 0.0)


def auroc(scores: Sequence[float], positive: Sequence[bool]) -> float | None:
    """Probability that a positive example scores above a negative one, ties counting half (Mann & Whitney 1947).

    Returns:
        Rounded to four places; None if there are no positive or no negative ones.
    """
    values, wanted = np.array(scores), np.array(positive, dtype=bool)
    high, low = values[wanted], np.sort(values[~wanted])
    if not len(high) or not len(low):
        return None
    below = [np.searchsorted(low, high, side).mean() for side in ("left", "right")]
    return round(float(sum(below)) / (2 * len(low)), 4)


def mean(values: Sequence[float] | NDArray[Any]) -> float:
    """The mean, 0 of nothing."""
    return float(np.mean(values)) if len(values) else 0.0


def _f1(prediction: list[str], gold: list[str]) -> float:
    if not prediction or not gold:
        return float(prediction == gold)
    shared = sum((Counter(prediction) & Counter(gold)).values())
    if not shared:
        return 0.0
    precision, recall_ = shared / len(prediction), shared / len(gold)
    return 2 * precision * recall_ / (precision + recall_)
