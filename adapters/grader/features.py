"""What an answer and its reference have in common: few features, so that two hundred graded answers can weigh them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from adapters.grader.data import Answer
from adapters.reader.runtime import Reader

FEATURES = (
    "cosine",
    "question_cosine",
    "recall",
    "new_recall",
    "length",
    "nearness",
    "answers_question",
    "answers_reference",
    "answered_by_reference",
)
"""Of whole texts the cosines of the answer with the reference and with the question; of content words the share of the
reference's, and of those that the question does not hold, that the answer has; the logarithm of the answer's length by
the reference's; how near its content words come to one of the reference or question (a greedy alignment, after Zhang
et al. 2020); and the reader's margins for a span: of the answer for the question, of the answer for the reference, and
of the reference for the answer."""
NO_SPAN = -10.0
"""The margin where the reader has nothing to read."""
_WORD = re.compile(r"[^\W_]+(?:['’.,][^\W_]+)*")

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]
"""Unit vectors of texts, shape (texts, dimension)."""
Terms = Callable[[str], Sequence[str]]
"""The stems of a text's content words; none for a word such as "the"."""


class Pairs:
    """Tells the features of answers; safe to share between threads.

    Args:
        encode: The bundled encoder.
        reader: The shipped one.
    """

    def __init__(self, encode: Encode, terms: Terms, reader: Reader) -> None:
        self._encode = encode
        self._terms = terms
        self._reader = reader

    def features(self, answers: Sequence[Answer]) -> NDArray[np.float64]:
        """Shape (answers, len(FEATURES))."""
        rows = [(*self._of_texts(one), *self._of_words(one), *self._of_spans(one)) for one in answers]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(FEATURES))

    def content(self, text: str) -> list[str]:
        """The content words of a text as they stand there, in small letters, each once."""
        return [word for word in dict.fromkeys(_WORD.findall(text.lower())) if self._terms(word)]

    def nearest(self, words: Sequence[str], others: Sequence[str]) -> NDArray[np.float64]:
        """How near each word comes to one of the others, by cosine, or 1 where it has the same stem; shape (words,)."""
        if not words or not others:
            return np.zeros(len(words))
        near = (self._encode(words) @ self._encode(others).T).max(axis=1)
        stems = {stem for word in others for stem in self._terms(word)}
        same = np.array([stems.issuperset(self._terms(word)) for word in words])
        return np.where(same, 1.0, near)

    def _of_texts(self, one: Answer) -> tuple[float, float]:
        answer, reference, question = self._encode([one.text, one.reference, one.question])
        return float(answer @ reference), float(answer @ question)

    def _of_words(self, one: Answer) -> tuple[float, ...]:
        said, wanted, asked = (set(self._terms(text)) for text in (one.text, one.reference, one.question))
        sizes = [len(_WORD.findall(text)) + 1 for text in (one.text, one.reference)]
        near = self.nearest(self.content(one.text), self.content(f"{one.reference} {one.question}"))
        return (
            _share(said, wanted),
            _share(said, wanted - asked),
            math.log(sizes[0] / sizes[1]),
            float(near.mean()) if len(near) else 0.0,
        )

    def _of_spans(self, one: Answer) -> list[float]:
        pairs = (one.question, one.text), (one.reference, one.text), (one.text, one.reference)
        return [self._margin(asked, text) for asked, text in pairs]

    def _margin(self, asked: str, text: str) -> float:
        if not asked or not text:
            return NO_SPAN
        span = self._reader.read(asked, [("", text)])[0].best(0, len(text))
        return span.margin if span else NO_SPAN


def _share(said: set[str], wanted: set[str]) -> float:
    return len(said & wanted) / len(wanted) if wanted else 0.0
