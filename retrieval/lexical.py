"""Word search: BM25 in Lucene's variant, over stems in English and character bigrams in Chinese.

The score of each term in each text is computed at indexing (as BM25S does, arXiv 2407.03618), so that a question only
adds columns up. The arrays are memory-mapped and terms are found by their hashes: opening takes no time at any size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.arrays import on_disk
from retrieval.bags import term_hash
from retrieval.text import terms

K1, B = 1.2, 0.75
STRETCH = 64
"""Scores of which the highest is found before the k highest of all."""

Block = tuple[NDArray[np.int64], NDArray[np.void]]
"""The entries of some texts' bags one after the other, dtype `BAG`, and the number of the text that each is of."""


class LexicalIndex:
    """Numbers of texts are those of the bags the index was built from.

    Args:
        terms: Sorted hashes of all terms.
        starts: Where each term's column begins in the next two, and where the last one ends.
        texts: Numbers of the texts that hold a term.
        scores: And what it adds to each.
        size: How many texts may be numbered, and how many hold a term; the rest counts for nothing.
    """

    def __init__(
        self,
        terms: NDArray[np.uint64],
        starts: NDArray[np.int64],
        texts: NDArray[np.int32],
        scores: NDArray[np.float32],
        size: NDArray[np.int64],
    ) -> None:
        self._terms, self._starts, self._texts, self._scores, self._size = terms, starts, texts, scores, size
        self._idf: dict[str, float] = {}
        self.rarest = _idf(1, int(size[1])) if size[1] else 1.0

    @classmethod
    def write(cls, folder: Path, blocks: Callable[[], Iterable[Block]], size: int) -> None:
        """Write the index of some texts into a folder, an array a file.

        Takes the memory of one block and of the list of terms, however many texts there are.

        Args:
            blocks: Gives the bags of all texts, each time it is called; a text without any term is never found.
            size: More than the highest number of a text.
        """
        known, spread, lengths = _counted(blocks, size)
        filled = int(np.count_nonzero(lengths))
        idf = np.log1p((filled - spread + 0.5) / (spread + 0.5)).astype(np.float32)
        dampened = (K1 * (1 - B + B * lengths / (lengths.sum() / max(1, filled) or 1.0))).astype(np.float32)
        starts = np.concatenate([[0], np.cumsum(spread)])
        for name, array in (("terms", known), ("starts", starts), ("size", np.array([size, filled]))):
            np.save(folder / f"{name}.npy", array)
        entries = (int(starts[-1]),)
        texts = on_disk(folder / "texts.npy", np.int32, entries)
        scores = on_disk(folder / "scores.npy", np.float32, entries)
        free = starts[:-1].copy()
        for numbers, bags in blocks():
            code = np.searchsorted(known, bags["term"])
            order = np.argsort(code, kind="stable")
            code, owner, counts = code[order], numbers[order], bags["count"][order].astype(np.float32)
            first = np.flatnonzero(np.diff(code, prepend=-1))
            many = np.diff(np.append(first, len(code)))
            place = free[code] + np.arange(len(code)) - np.repeat(first, many)
            texts[place] = owner
            scores[place] = idf[code] * counts / (counts + dampened[owner])
            free[code[first]] += many

    @classmethod
    def open(cls, folder: Path) -> LexicalIndex:
        """Open a written index, memory-mapped.

        Raises:
            ValueError: Its files do not belong together.
        """
        found, starts, texts, scores, size = (
            np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in ("terms", "starts", "texts", "scores", "size")
        )
        if len(starts) != len(found) + 1 or not starts[-1] == len(texts) == len(scores) or len(size) != 2:
            raise ValueError(f"the files in {folder} are of different builds")
        return cls(found, starts, texts, scores, size)

    def __len__(self) -> int:
        return int(self._size[0])

    def scores(self, question: str) -> NDArray[np.float32]:
        """BM25 score of every text, zero where no term matches."""
        total = np.zeros(len(self), dtype=np.float32)
        for term in dict.fromkeys(terms(question)):
            begin, end = self._column(term)
            total[self._texts[begin:end]] += self._scores[begin:end]
        return total

    def idf(self, term: str) -> float:
        """How telling a term is; one that the texts do not hold is as telling as the rarest."""
        if term not in self._idf:
            begin, end = self._column(term)
            if begin == end:
                return self.rarest
            self._idf[term] = _idf(end - begin, int(self._size[1]))
        return self._idf[term]

    def _column(self, term: str) -> tuple[int, int]:
        wanted = np.uint64(term_hash(term))
        row = int(np.searchsorted(self._terms, wanted))
        if row == len(self._terms) or self._terms[row] != wanted:
            return 0, 0
        return int(self._starts[row]), int(self._starts[row + 1])


def highest(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Where the k highest scores above zero are, best first; of equal ones the first.

    The k-th highest of all stretches' highest bounds the k-th score from below, and few scores reach it.
    """
    least = np.float32(0)
    if len(scores) > k * STRETCH:
        peaks = scores[: len(scores) // STRETCH * STRETCH].reshape(-1, STRETCH).max(axis=1)
        least = np.partition(peaks, len(peaks) - k)[len(peaks) - k]
    found = np.flatnonzero(scores >= least if least > 0 else scores > 0)
    return found[np.argsort(-scores[found], kind="stable")[:k]]


def _counted(
    blocks: Callable[[], Iterable[Block]], size: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.float64]]:
    """All terms, in how many texts each is, and the length of each text."""
    known, spread = np.empty(0, np.uint64), np.empty(0, np.int64)
    lengths = np.zeros(size)
    for numbers, bags in blocks():
        here, count = np.unique(bags["term"], return_counts=True)
        merged = np.union1d(known, here)
        total = np.zeros(len(merged), np.int64)
        total[np.searchsorted(merged, known)] = spread
        total[np.searchsorted(merged, here)] += count
        known, spread = merged, total
        lengths += np.bincount(numbers, bags["count"], size)
    return known, spread, lengths


def _idf(spread: int, texts: int) -> float:
    return float(np.log1p((texts - spread + 0.5) / (spread + 0.5)))
