"""Reading at answer time: every passage in one batch, spans scored against "no answer" so that passages compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.compiled import CannotCompile, CompiledModel, compiled_folder, padded
from adapters.models import locate
from adapters.registry import Adapter, find_adapter

MAX_TOKENS = 384
LONGEST_ANSWER = 30
"""Tokens of the longest span."""
LONGEST_QUESTION = 600
"""Characters of a question, and of a sentence that follows it, that are read."""

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
        question = question[:LONGEST_QUESTION]
        pairs = [(question, f"{heading}\n{text}" if heading else text) for heading, text in passages]
        encoded = self._tokenizer.encode_batch(pairs)
        tokens, mask = padded([encoding.ids for encoding in encoded])
        types, _ = padded([encoding.type_ids for encoding in encoded])
        starts, ends = self._forward({"input_ids": tokens, "attention_mask": mask, "token_type_ids": types})
        readings = []
        for row, (encoding, (heading, _)) in enumerate(zip(encoded, passages, strict=True)):
            lead = len(heading) + 1 if heading else 0
            places = np.array(encoding.offsets, dtype=np.int64) - lead
            kept = [i for i, sequence in enumerate(encoding.sequence_ids) if sequence == 1 and places[i, 0] >= 0]
            none = float(starts[row, 0] + ends[row, 0])
            readings.append(Reading(places[kept], starts[row, kept], ends[row, kept], none))
        return readings


def _forward(adapter: Adapter) -> Forward:
    """The compiled model, or torch where there is no compiled form."""
    from adapters.reader import export

    try:
        return CompiledModel(compiled_folder(adapter.fingerprint, lambda folder: export.export(adapter, folder)))
    except CannotCompile:
        return export.torch_forward(adapter)
