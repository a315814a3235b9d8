"""Reading at answer time: every passage in one batch, spans scored against "no answer" so that passages compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from adapters.compiled import CannotCompile, CompiledModel, compiled_folder, padded
from adapters.models import locate
from adapters.registry import Adapter, find_adapter

MAX_TOKENS = 384
LONGEST_ANSWER = 30
"""Tokens of the longest span."""
LONGEST_QUESTION = 128
"""Tokens of a question that are read."""
LEAST_FILLED = 0.7
"""Passages are read together when the shortest has at least this share of the longest one's tokens."""

Forward = Callable[[dict[str, NDArray[np.int64]]], list[NDArray[np.float32]]]


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
        from tokenizers import Tokenizer

        self.fingerprint = adapter.fingerprint
        self._tokenizer = Tokenizer.from_file(str(locate("default").path / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
        self._forward = _forward(adapter)

    @classmethod
    def load(cls, name: str = "default") -> Reader:
        """Load by name: `default`, or an adapter's folder.

        Raises:
            ModelError: There is no such adapter, or it does not fit.
        """
        return cls(find_adapter(name, "reader"))

    def read(self, question: str, passages: Sequence[tuple[str, str]]) -> list[Reading]:
        """Read passages, each a (heading, text) pair; offsets count from the text's start."""
        if not passages:
            return []
        question = self._cut(question)
        pairs = [(question, f"{heading}\n{text}" if heading else text) for heading, text in passages]
        encoded = self._tokenizer.encode_batch(pairs)
        readings: dict[int, Reading] = {}
        for rows in _alike([len(encoding.ids) for encoding in encoded]):
            tokens, mask = padded([encoded[row].ids for row in rows])
            types, _ = padded([encoded[row].type_ids for row in rows])
            starts, ends = self._forward({"input_ids": tokens, "attention_mask": mask, "token_type_ids": types})
            for place, row in enumerate(rows):
                readings[row] = _reading(encoded[row], passages[row][0], starts[place], ends[place])
        return [readings[row] for row in range(len(pairs))]

    @cached_property
    def _whole(self) -> Any:
        """A tokenizer that cuts nothing off."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(locate("default").path / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def _cut(self, question: str) -> str:
        if len(normalize("NFD", question.lower())) <= LONGEST_QUESTION:
            return question  # a token holds at least one character
        ends = [end for _, end in self._whole.encode(question, add_special_tokens=False).offsets]
        return question[: ends[LONGEST_QUESTION - 1]] if len(ends) > LONGEST_QUESTION else question


def _alike(lengths: Sequence[int]) -> list[list[int]]:
    """Rows in groups of like length, so that little is spent on padding."""
    groups: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if groups and lengths[row] >= LEAST_FILLED * lengths[groups[-1][0]]:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _reading(encoding: Any, heading: str, starts: NDArray[np.float32], ends: NDArray[np.float32]) -> Reading:
    """One passage's logits without its question and heading."""
    lead = len(heading) + 1 if heading else 0
    places = np.array(encoding.offsets, dtype=np.int64) - lead
    kept = [i for i, sequence in enumerate(encoding.sequence_ids) if sequence == 1 and places[i, 0] >= 0]
    return Reading(places[kept], starts[kept], ends[kept], float(starts[0] + ends[0]))


def _forward(adapter: Adapter) -> Forward:
    """The compiled model, or torch where there is no compiled form."""
    from adapters.reader import export

    try:
        return CompiledModel(compiled_folder(adapter.fingerprint, lambda folder: export.export(adapter, folder)))
    except CannotCompile:
        return export.torch_forward(adapter)
