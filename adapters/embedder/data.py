"""What the embedder learns from, and what of it is held out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from adapters.models import TrainingError

HELD_OUT, MOST_HELD_OUT = 0.1, 192
"""The share of the questions that decide when to stop, and the most of them."""
LEAST = 16
"""Questions that there must be to train on."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Questions, and the documents that answer them, cut into passages as they are searched.

    Args:
        passages: Of all documents, those that answer nothing too.
        owners: The number of each passage's document.
        relevant: The numbers of the documents that answer each question, at least one.
        wrong: Documents that are known not to answer it, which may be none.
    """

    questions: list[str]
    passages: list[str]
    owners: list[int]
    relevant: list[frozenset[int]]
    wrong: list[frozenset[int]]

    def part(self, rows: Sequence[int]) -> Pairs:
        """Some of the questions, over all passages."""
        return replace(
            self,
            questions=[self.questions[row] for row in rows],
            relevant=[self.relevant[row] for row in rows],
            wrong=[self.wrong[row] for row in rows],
        )


@dataclass(frozen=True, slots=True)
class Encoded:
    """Pairs with the unit vectors that the frozen encoder makes of them.

    Args:
        questions: Shape (questions, width).
        passages: Shape (passages, width).
    """

    pairs: Pairs
    questions: NDArray[np.float32]
    passages: NDArray[np.float32]

    def part(self, rows: Sequence[int]) -> Encoded:
        """Some of the questions, over all passages."""
        return Encoded(self.pairs.part(rows), self.questions[rows], self.passages)


def parted(pairs: Pairs, seed: int) -> tuple[list[int], list[int]]:
    """Rows of the questions to train on, and of those held out, with which they share no question and no document.

    Raises:
        TrainingError: There are too few.
    """
    order = list(range(len(pairs.questions)))
    random.Random(seed).shuffle(order)
    aside = order[: min(MOST_HELD_OUT, max(LEAST // 4, int(HELD_OUT * len(order))))]
    documents = frozenset().union(*(pairs.relevant[row] for row in aside))
    asked = {pairs.questions[row] for row in aside}
    rest = [
        row for row in order[len(aside) :] if not pairs.relevant[row] & documents and pairs.questions[row] not in asked
    ]
    if len(rest) < LEAST:
        raise TrainingError(f"{len(rest)} questions to train the embedder on are too few, expected at least {LEAST}")
    return sorted(rest), sorted(aside)
