"""Vector search: a FAISS index of unit vectors under the inner product, which is then the cosine.

`flat` looks at every vector. `ivf` looks at those in the cells nearest to the question (inverted file, a byte a
component), `ivfpq` too but at a quarter of the bytes (product quantisation), `hnsw` walks a graph of neighbours; all
three propose, and the vectors themselves, memory-mapped, decide. Vectors are kept in half precision.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.arrays import on_disk

IndexKind = Literal["auto", "flat", "hnsw", "ivf", "ivfpq"]
FLAT_UP_TO = 100_000
"""`auto` searches exactly up to this many vectors, and with `ivf` beyond."""
CELLS = 8.0
"""Cells of an inverted file, times the square root of the vectors."""
LEARNED_FROM, ROUNDS = 16, 4
"""Vectors a cell that the cells are learned from, and rounds of k-means: four times as many of each find 1 % more."""
PROBED = 10
"""One cell in so many is looked at,"""
LEAST_PROBED = 16
"""but at least so many."""
PROPOSED = 4
"""What a product quantiser proposes, times what is asked for."""
COMPARED = 10_000
"""Where no more vectors than this are to be looked at, each is compared with the question, whatever is asked for."""
BLOCK = 20_000
"""Vectors that are indexed at once."""


class DenseIndex:
    """Finds chunks by the cosine of their vectors.

    Args:
        index: Vectors by row.
        positions: The chunk of each row, ascending.
        exact: The vectors, where the index only approximates them; shape (rows, dimension).
    """

    def __init__(
        self, index: faiss.Index, positions: NDArray[np.int64], exact: NDArray[np.float16] | None = None
    ) -> None:
        self._index = index
        self._positions = positions
        self._exact = exact

    @classmethod
    def write(
        cls,
        folder: Path,
        batches: Iterable[NDArray[np.float32]],
        positions: NDArray[np.int64],
        dimension: int,
        kind: IndexKind = "auto",
    ) -> None:
        """Index unit vectors and write the index into a folder; up to `COMPARED` are kept `flat`.

        Args:
            batches: The vectors, in arrays of shape (any, dimension).
            positions: Of all of them, ascending.
        """
        if len(positions) <= (FLAT_UP_TO if kind == "auto" else COMPARED):
            kind = "flat"
        (folder / "exact.npy").unlink(missing_ok=True)
        if kind == "flat":
            index: faiss.Index = faiss.IndexScalarQuantizer(
                dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
            )
            for vectors in batches:
                index.add(vectors)
        else:
            exact = on_disk(folder / "exact.npy", np.float16, (len(positions), dimension))
            done = 0
            for vectors in batches:
                exact[done : done + len(vectors)] = vectors
                done += len(vectors)
            index = _hnsw(dimension) if kind == "hnsw" else _ivf(exact, quantized=kind == "ivfpq")
            for begin in range(0, len(exact), BLOCK):
                index.add(exact[begin : begin + BLOCK].astype(np.float32))
        faiss.write_index(index, str(folder / "vectors.faiss"))
        np.save(folder / "positions.npy", positions)

    @classmethod
    def open(cls, folder: Path) -> DenseIndex:
        """Open a written index, memory-mapped.

        Raises:
            ValueError: Its files do not belong together.
        """
        positions = np.load(folder / "positions.npy", mmap_mode="r", allow_pickle=False)
        index = faiss.read_index(str(folder / "vectors.faiss"), faiss.IO_FLAG_MMAP_IFC)
        exact = None
        if (folder / "exact.npy").exists():
            exact = np.load(folder / "exact.npy", mmap_mode="r", allow_pickle=False)
        if not index.ntotal == len(positions) == (len(positions) if exact is None else len(exact)):
            raise ValueError(f"the files in {folder} are of different builds")
        if (np.diff(positions) <= 0).any():
            raise ValueError(f"{folder / 'positions.npy'} is damaged")
        return cls(index, positions, exact)

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
        if not len(self):
            return [(self._positions[:0], np.empty(0, np.float32))] * len(queries)
        if among is not None and len(among) <= COMPARED:
            rows = np.searchsorted(self._positions, among)
            return [self._best(query, rows, k) for query in queries]
        options = None if among is None else self._only(among)
        k = min(k, len(self if among is None else among))
        proposed = k * PROPOSED if isinstance(self._index, faiss.IndexIVFPQ) else k
        cosines, rows = self._index.search(queries, proposed, params=options)
        return [self._decided(*found, k) for found in zip(queries, rows, cosines, strict=True)]

    def cosines(self, query: NDArray[np.float32], positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Cosines of given positions."""
        return self._cosines(query, np.searchsorted(self._positions, positions))

    def _cosines(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        if not len(rows):
            return np.empty(0, np.float32)
        if self._exact is None:
            return np.asarray(self._index.reconstruct_batch(rows) @ query, dtype=np.float32)
        return np.asarray(self._exact[rows].astype(np.float32) @ query)

    def _decided(
        self, query: NDArray[np.float32], rows: NDArray[np.int64], cosines: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        found = rows >= 0
        if self._exact is not None:
            return self._best(query, rows[found], k)
        return self._positions[rows[found]], cosines[found]

    def _best(
        self, query: NDArray[np.float32], rows: NDArray[np.int64], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k nearest of some rows."""
        cosines = self._cosines(query, rows)
        order = np.argsort(-cosines, kind="stable")[:k]
        return self._positions[rows[order]], cosines[order]

    def _only(self, among: NDArray[np.int64]) -> Any:
        """FAISS looks at these alone; it goes through as many cells as hold them."""
        bits = np.zeros(len(self), dtype=bool)
        bits[np.searchsorted(self._positions, among)] = True
        selector = faiss.IDSelectorBitmap(np.packbits(bits, bitorder="little"))  # type: ignore[arg-type, call-arg]
        if isinstance(self._index, faiss.IndexHNSW):
            ef = self._index.hnsw.efSearch
            return faiss.SearchParametersHNSW(sel=selector, efSearch=ef)  # type: ignore[attr-defined]
        if isinstance(self._index, faiss.IndexIVF):
            share = len(among) / len(self)
            probed = min(self._index.nlist, int(self._index.nprobe / share) + 1)
            return faiss.SearchParametersIVF(sel=selector, nprobe=probed)  # type: ignore[call-arg]
        return faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]


def _hnsw(dimension: int) -> faiss.Index:
    index = faiss.IndexHNSWSQ(dimension, faiss.ScalarQuantizer.QT_fp16, 32, faiss.METRIC_INNER_PRODUCT)  # type: ignore[arg-type]
    index.hnsw.efConstruction, index.hnsw.efSearch = 200, 128
    return index


def _ivf(vectors: NDArray[np.float16], quantized: bool) -> faiss.Index:
    """Cells learned from a sample that is spread evenly over the vectors.

    Args:
        quantized: Whether what is in a cell is kept as products of four components a byte.
    """
    cells = min(len(vectors), int(CELLS * len(vectors) ** 0.5))
    dimension = vectors.shape[1]
    common = faiss.IndexFlatIP(dimension), dimension, cells
    if quantized:
        width = next(width for width in (4, 3, 2, 1) if dimension % width == 0)
        index: faiss.IndexIVF = faiss.IndexIVFPQ(*common, dimension // width, 8, faiss.METRIC_INNER_PRODUCT)
    else:
        index = faiss.IndexIVFScalarQuantizer(*common, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    index.cp.min_points_per_centroid, index.cp.niter = 1, ROUNDS
    step = max(1, len(vectors) // (LEARNED_FROM * cells))
    index.train(vectors[::step].astype(np.float32))
    index.nprobe = max(cells // PROBED, min(cells, LEAST_PROBED))
    return index
