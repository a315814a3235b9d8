"""Which words an answer rests on: each is hidden in turn, and its weight is what the answer loses by it.

This is occlusion (Zeiler & Fergus 2014, arXiv 1311.2901; for words Li, Monroe & Jurafsky 2016, arXiv 1612.08220). It
runs the compiled reader as it answers, so it measures what the user got and needs no torch. Gradient × input (Simonyan
et al. 2013, arXiv 1312.6034; Shrikumar et al. 2016, arXiv 1605.01713) says less about this reader:
`benchmarks/attributions.py` compares them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from adapters.reader.runtime import Reader

TRIED = 80
"""How many words of a passage are hidden, those nearest to the answer."""
BATCH = 16
"""Texts that are read together, so that long passages need little memory."""
_WORD = re.compile(r"\w+(?:['’\-]\w+)*")


@dataclass(frozen=True, slots=True)
class Word:
    """A word `text[start:end]`; its weight is from -1 to 1, and positive where it speaks for the answer."""

    text: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Attribution:
    """Words in reading order; the largest weight of both lists is 1 or -1, unless all are 0."""

    question: list[Word] = field(default_factory=list)
    passage: list[Word] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a word stands in the question or the passage, and its tokens."""

    start: int
    end: int
    rows: list[int]
    asked: bool
    of_answer: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A question and a passage as they are read.

    Args:
        words: Those of the question, then those of the passage that are tried, in reading order.
        first: The answer's first token; `last` is its last.
    """

    ids: list[int]
    type_ids: list[int]
    words: list[Place]
    first: int
    last: int


def attribute(reader: Reader, question: str, heading: str, text: str, start: int, end: int) -> Attribution:
    """Weigh the words of a question and of a passage for the answer `text[start:end]`.

    What is weighed is the answer's score, start logit plus end logit, less that of "no answer".

    Returns:
        All words of the question, and the `TRIED` of the passage nearest to the answer; none where the answer lies
        beyond what the reader reads.
    """
    reading = read(reader, question, heading, text, start, end)
    if reading is None:
        return Attribution()
    lost = losses(reader, reading, [word.rows for word in reading.words])
    weights = (lost / (np.abs(lost).max(initial=0.0) or 1.0)).tolist()
    found = Attribution()
    for place, weight in zip(reading.words, weights, strict=True):
        side, words = (question, found.question) if place.asked else (text, found.passage)
        words.append(Word(side[place.start : place.end], place.start, place.end, weight))
    return found


def read(reader: Reader, question: str, heading: str, text: str, start: int, end: int) -> Reading | None:
    """See `attribute`; None where the answer lies beyond what the reader reads."""
    (encoding,) = reader.model.encode(question, [reader.joined(heading, text)])
    sides, places = np.array([-1 if s is None else s for s in encoding.sequence_ids]), np.array(encoding.offsets)
    places[sides == 1] -= len(reader.joined(heading, ""))
    held = np.flatnonzero((sides == 1) & (places[:, 0] >= start) & (places[:, 1] <= end))
    if not len(held):
        return None
    asked = [Place(*word, asked=True) for word in _words(question, places, sides == 0)]
    near = sorted(_words(text, places, sides == 1), key=lambda word: max(start - word[1], word[0] - end))[:TRIED]
    told = [Place(*word, asked=False, of_answer=word[0] >= start and word[1] <= end) for word in sorted(near)]
    return Reading(encoding.ids, encoding.type_ids, [*asked, *told], int(held[0]), int(held[-1]))


def losses(reader: Reader, reading: Reading, hidden: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """What the answer's score loses when tokens are hidden, shape (len(hidden),)."""
    inputs = [replace(reading, ids=_masked(reading.ids, rows, reader.model.mask)) for rows in ([], *hidden)]
    scores = []
    for begin in range(0, len(inputs), BATCH):
        for starts, ends in reader.model.run(inputs[begin : begin + BATCH]):
            scores.append(float(starts[reading.first] + ends[reading.last] - starts[0] - ends[0]))
    return scores[0] - np.array(scores[1:])


def _masked(ids: list[int], rows: Sequence[int], mask: int) -> list[int]:
    return [mask if row in rows else token for row, token in enumerate(ids)]


def _words(text: str, places: NDArray[np.int64], side: NDArray[np.bool_]) -> list[tuple[int, int, list[int]]]:
    """Start and end of every word that was read, and its tokens."""
    found = []
    for match in _WORD.finditer(text):
        inside = side & (places[:, 0] >= match.start()) & (places[:, 0] < match.end())
        if inside.any():
            found.append((match.start(), match.end(), np.flatnonzero(inside).tolist()))
    return found
