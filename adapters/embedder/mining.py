"""Which passages a question is trained on: the one that answers it, and those that only look like it.

Hard negatives are among the passages nearest to the question by the frozen encoder; those that are nearer than a share
of the right one's cosine are left out, as they may be right too (NV-Retriever, de Souza Moreira et al. 2024).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.embedder.config import EmbedderConfig
from adapters.embedder.data import Encoded

ALIKE = 0.97
"""Two passages of a higher cosine say the same: one is no wrong answer where the other is right."""


@dataclass(frozen=True, slots=True)
class Mined:
    """A question's row, with rows of passages.

    Args:
        right: Of each document that answers, the passage nearest to the question.
        hard: Negatives.
    """

    question: int
    right: list[int]
    hard: list[int]


@dataclass(frozen=True, slots=True)
class Batch:
    """Questions and passages of one step, as texts.

    Args:
        answers: Where in `passages` the right one of each question stands.
        hidden: Passages that are not held against a question, shape (questions, passages).
    """

    questions: list[str]
    passages: list[str]
    answers: NDArray[np.int64]
    hidden: NDArray[np.bool_]


def mine(encoded: Encoded, config: EmbedderConfig) -> list[Mined]:
    """The passages of every question; given negatives take the place of those that are looked for."""
    pairs, vectors = encoded.pairs, encoded.passages
    owners = np.array(pairs.owners)
    of_document: dict[int, list[int]] = {}
    for row, owner in enumerate(pairs.owners):
        of_document.setdefault(owner, []).append(row)
    found = []
    for number, (relevant, wrong) in enumerate(zip(pairs.relevant, pairs.wrong, strict=True)):
        near = vectors @ encoded.questions[number]
        right = [max(of_document[owner], key=lambda row: float(near[row])) for owner in sorted(relevant)]
        most = config.ceiling * float(near[right].min())
        near[np.isin(owners, list(relevant))] = -2
        nearest = np.argpartition(-near, min(config.nearest, len(near) - 1))[: config.nearest]
        hard = [int(row) for row in nearest if -2 < near[row] <= most]
        given = [row for owner in sorted(wrong) for row in of_document.get(owner, [])]
        found.append(Mined(number, right, given or hard))
    return found


def batches(mined: Sequence[Mined], encoded: Encoded, config: EmbedderConfig, chance: random.Random) -> list[Batch]:
    """All questions once, in random order, each with one of its right passages and some of its hard negatives."""
    order = chance.sample(mined, len(mined))
    parts = [order[at : at + config.batch] for at in range(0, len(order), config.batch)]
    if len(parts) > 1 and len(parts[-1]) < 2:
        parts.pop()  # a question alone has nothing to be told from
    owners = np.array(encoded.pairs.owners)
    return [_batch(part, encoded, owners, config.negatives, chance) for part in parts]


def _batch(
    part: Sequence[Mined], encoded: Encoded, owners: NDArray[np.int64], negatives: int, chance: random.Random
) -> Batch:
    pairs, vectors = encoded.pairs, encoded.passages
    right = [chance.choice(entry.right) for entry in part]
    hard = [row for entry in part for row in chance.sample(entry.hard, min(negatives, len(entry.hard)))]
    rows = list(dict.fromkeys([*right, *hard]))
    places = {row: place for place, row in enumerate(rows)}
    answers = np.array([places[row] for row in right])
    hidden = np.stack([np.isin(owners[rows], list(pairs.relevant[entry.question])) for entry in part])
    hidden |= np.stack([(vectors[entry.right] @ vectors[rows].T > ALIKE).any(0) for entry in part])
    hidden[np.arange(len(part)), answers] = False
    return Batch(
        [pairs.questions[entry.question] for entry in part], [pairs.passages[row] for row in rows], answers, hidden
    )
