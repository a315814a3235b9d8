"""Vector search: a FAISS index of unit vectors under the inner product, which is then the cosine."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import faiss
import numpy as np
from numpy.typing import NDArray

IndexKind = Literal["auto", "flat", "hnsw"]
FLAT_UP_TO = 100_000
"""`auto` searches exactly up to this many vectors."""


class DenseIndex:
    """Positions are those of the chunks the index was built from."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: NDArray[np.float32], kind: IndexKind = "auto") -> DenseIndex:
        """Index unit vectors of shape (n, dimension)."""
        if kind == "auto":
            kind = "flat" if len(vectors) <= FLAT_UP_TO else "hnsw"
        if kind == "flat":
            index: faiss.Index = faiss.IndexFlatIP(vectors.shape[1])
        else:
            index = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction, index.hnsw.efSearch = 200, 128
        index.add(vectors)
        return cls(index)

    @classmethod
    def open(cls, path: Path) -> DenseIndex:
        """Open a saved index, memory-mapped."""
        return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC))

    def save(self, path: Path) -> None:
        """Write the index to a file."""
        faiss.write_index(self._index, str(path))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, query: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k nearest positions and their cosines, best first."""
        cosines, positions = self._index.search(query[None], min(k, len(self)))
        found = positions[0] >= 0
        return positions[0][found], cosines[0][found]

    def cosines(self, query: NDArray[np.float32], positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Cosines of given positions."""
        return np.asarray(self._index.reconstruct_batch(positions) @ query, dtype=np.float32)
