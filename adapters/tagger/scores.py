"""Strict scores: an entity counts where its ends and its type are right, a relation where both its entities are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple


class Score(NamedTuple):
    """Micro-averaged precision, recall and F1, from 0 to 1."""

    precision: float
    recall: float
    f1: float


def score(wanted: Sequence[Collection[object]], found: Sequence[Collection[object]]) -> Score:
    """Compare what each sentence holds with what was found in it."""
    right = sum(len(set(want) & set(have)) for want, have in zip(wanted, found, strict=True))
    precision = right / max(1, sum(len(set(have)) for have in found))
    recall = right / max(1, sum(len(set(want)) for want in wanted))
    return Score(precision, recall, 2 * precision * recall / max(1e-9, precision + recall))
