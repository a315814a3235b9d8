"""Word search: BM25 (Lucene's variant) through bm25s, over stems in English and character bigrams in Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bm25s
import numpy as np
from numpy.typing import NDArray

from retrieval.text import terms


class LexicalIndex:
    """Positions are those of the chunks the index was built from."""

    def __init__(self, index: bm25s.BM25, idf: dict[str, float]) -> None:
        self._index = index
        self._idf = idf
        self.rarest = max(idf.values(), default=1.0)

    @classmethod
    def build(cls, texts: Sequence[str]) -> LexicalIndex:
        """Index texts; one without any term is never found."""
        index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
        corpus = [terms(text) for text in texts]
        if not any(corpus):
            corpus = [["\0"] for _ in corpus]
        index.index(corpus, show_progress=False)
        return cls(index, _idf(corpus))

    @classmethod
    def open(cls, folder: Path) -> LexicalIndex:
        """Open a saved index, memory-mapped."""
        index = bm25s.BM25.load(str(folder), mmap=True)
        names = (folder / "terms.txt").read_text(encoding="utf8").split("\n")
        values = np.load(folder / "idf.npy", allow_pickle=False)
        return cls(index, dict(zip(names, values.tolist(), strict=True)))

    def save(self, folder: Path) -> None:
        """Write the index into a folder: bm25s' arrays, and each term's idf."""
        self._index.save(str(folder))
        (folder / "terms.txt").write_text("\n".join(self._idf), encoding="utf8")
        np.save(folder / "idf.npy", np.array(list(self._idf.values()), dtype=np.float32))

    def __len__(self) -> int:
        return int(self._index.scores["num_docs"])

    def scores(self, question: str) -> NDArray[np.float32]:
        """BM25 score of every position, zero where no term matches."""
        known = [term for term in dict.fromkeys(terms(question)) if term in self._idf]
        if not known:
            return np.zeros(len(self), dtype=np.float32)
        return np.asarray(self._index.get_scores(known), dtype=np.float32)

    def idf(self, term: str) -> float:
        """How telling a term is; one that the texts do not hold is as telling as the rarest."""
        return self._idf.get(term, self.rarest)


def _idf(corpus: list[list[str]]) -> dict[str, float]:
    frequency: dict[str, int] = {}
    for found in corpus:
        for term in set(found):
            frequency[term] = frequency.get(term, 0) + 1
    return {term: float(np.log1p((len(corpus) - n + 0.5) / (n + 0.5))) for term, n in frequency.items()}
