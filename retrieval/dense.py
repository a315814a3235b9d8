"""Vector search: a FAISS index of unit vectors under the inner product, which is then the cosine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import faiss
import numpy as np
from numpy.typing import NDArray

IndexKind = Literal["auto", "flat", "hnsw"]
FLAT_UP_TO = 100_000
"""`auto` searches exactly up to this many vectors."""


class DenseIndex:
    """Finds chunks by the cosine of their vectors.

    Args:
        index: Vectors by row.
        positions: The chunk of each row, ascending.
    """

    def __init__(self, index: faiss.Index, positions: NDArray[np.int64]) -> None:
        self._index = index
        self._positions = positions

    @classmethod
    def build(cls, vectors: NDArray[np.float32], kind: IndexKind = "auto") -> DenseIndex:
        """Index unit vectors of shape (n, dimension), numbered from 0."""
        return cls.of_batches([vectors], np.arange(len(vectors)), vectors.shape[1], kind)

    @classmethod
    def of_batches(
        cls,
        batches: Iterable[NDArray[np.float32]],
        positions: NDArray[np.int64],
        dimension: int,
        kind: IndexKind = "auto",
    ) -> DenseIndex:
        """Index unit vectors that come in batches of shape (any, dimension).

        Args:
            positions: Of all of them, ascending.
        """
        if kind == "auto":
            kind = "flat" if len(positions) <= FLAT_UP_TO else "hnsw"
        if kind == "flat":
            index: faiss.Index = faiss.IndexFlatIP(dimension)
        else:
            index = faiss.IndexHNSWFlat(dimension, 32, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction, index.hnsw.efSearch = 200, 128
        for vectors in batches:
            index.add(vectors)
        return cls(index, positions)

    @classmethod
    def open(cls, folder: Path) -> DenseIndex:
        """Open a saved index, memory-mapped.

        Raises:
            ValueError: Its files do not belong together.
        """
        positions = np.load(folder / "positions.npy", mmap_mode="r", allow_pickle=False)
        index = faiss.read_index(str(folder / "vectors.faiss"), faiss.IO_FLAG_MMAP_IFC)
        if index.ntotal != len(positions):
            raise ValueError(f"the files in {folder} are of different builds")
        return cls(index, positions)

    def save(self, folder: Path) -> None:
        """Write the index into a folder."""
        faiss.write_index(self._index, str(folder / "vectors.faiss"))
        np.save(folder / "positions.npy", self._positions)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(
        self, query: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k nearest positions and their cosines, best first.

        Args:
            among: The positions to look at; None looks at all.
        """
        return self.search_all(query[None], k, among)[0]

    def search_all(
        self, queries: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """The same for many queries of shape (n, dimension), which takes less time than one by one."""
        if among is None:
            cosines, rows = self._index.search(queries, min(k, len(self)))
        else:
            bits = np.zeros(len(self), dtype=bool)
            bits[np.searchsorted(self._positions, among)] = True
            packed = np.packbits(bits, bitorder="little")
            cosines, rows = self._index.search(queries, min(k, len(among)), params=self._only(packed))
        found = rows >= 0
        return [(self._positions[row[here]], one[here]) for row, one, here in zip(rows, cosines, found, strict=True)]

    def _only(self, packed: NDArray[np.uint8]) -> Any:
        selector = faiss.IDSelectorBitmap(packed)  # type: ignore[arg-type, call-arg]
        if isinstance(self._index, faiss.IndexHNSW):
            ef = self._index.hnsw.efSearch
            return faiss.SearchParametersHNSW(sel=selector, efSearch=ef)  # type: ignore[attr-defined]
        return faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]

    def cosines(self, query: NDArray[np.float32], positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Cosines of given positions."""
        rows = np.searchsorted(self._positions, positions)
        return np.asarray(self._index.reconstruct_batch(rows) @ query, dtype=np.float32)
