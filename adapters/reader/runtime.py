"""Reading at answer time: every passage in one batch, spans scored against "no answer" so that passages compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.pairs import PairModel
from adapters.registry import Adapter, find_adapter

LONGEST_ANSWER = 30
"""Tokens of the longest span."""


@dataclass(frozen=True, slots=True)
class Span:
    """A candidate answer: `passage[start:end]`; `margin` is its score less that of "no answer"."""

    start: int
    end: int
    margin: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader made of one passage: logits of its tokens, and where these are in the text."""

    offsets: NDArray[np.int64]
    starts: NDArray[np.float32]
    ends: NDArray[np.float32]
    none: float

    def best(self, begin: int, end: int) -> Span | None:
        """The best span that lies between two offsets; None where no token does."""
        inside = np.flatnonzero((self.offsets[:, 0] >= begin) & (self.offsets[:, 1] <= end))
        if not len(inside):
            return None
        first, last = int(inside[0]), int(inside[-1]) + 1
        sums = self.starts[first:last, None] + self.ends[None, first:last]
        size = last - first
        allowed = np.triu(np.ones((size, size), dtype=bool)) & ~np.triu(
            np.ones((size, size), dtype=bool), LONGEST_ANSWER
        )
        sums = np.where(allowed, sums, -np.inf)
        row, column = np.unravel_index(int(np.argmax(sums)), sums.shape)
        start, stop = int(self.offsets[first + row, 0]), int(self.offsets[first + column, 1])
        return Span(start, stop, float(sums[row, column]) - self.none)


class Reader:
    """The reader of one adapter; safe to share between threads."""

    def __init__(self, adapter: Adapter) -> None:
        self.model = PairModel(adapter, "BertForQuestionAnswering", ("start_logits", "end_logits"))

    @classmethod
    def load(cls, name: str = "default") -> Reader:
        """Load by name: `default`, or an adapter's folder.

        Raises:
            ModelError: There is no such adapter, or it does not fit.
        """
        return cls(find_adapter(name, "reader"))

    def read(self, question: str, passages: Sequence[tuple[str, str]]) -> list[Reading]:
        """Read passages, each a (heading, text) pair; offsets count from the text's start."""
        encodings = self.model.encode(question, [self.joined(*passage) for passage in passages])
        return [
            _reading(encoding, heading, starts, ends)
            for encoding, (heading, _), (starts, ends) in zip(
                encodings, passages, self.model.run(encodings), strict=True
            )
        ]

    @staticmethod
    def joined(heading: str, text: str) -> str:
        """A passage as it is read, under its heading."""
        return f"{heading}\n{text}" if heading else text


def _reading(encoding: Any, heading: str, starts: NDArray[np.float32], ends: NDArray[np.float32]) -> Reading:
    """One passage's logits without its question and heading."""
    lead = len(Reader.joined(heading, ""))
    places = np.array(encoding.offsets, dtype=np.int64) - lead
    kept = [i for i, sequence in enumerate(encoding.sequence_ids) if sequence == 1 and places[i, 0] >= 0]
    return Reading(places[kept], starts[kept], ends[kept], float(starts[0] + ends[0]))
