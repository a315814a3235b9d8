"""One step of the walk over the graph, taken apart so that it can be summed or followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

ROUNDING = 1e-12
"""What is left of a flow that has gone back whole."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Values on some chunks, `chunks` ascending."""

    chunks: NDArray[np.int64]
    values: NDArray[np.float64]

    def at(self, chunks: NDArray[np.int64], elsewhere: float = 0.0) -> NDArray[np.float64]:
        """The values on given chunks."""
        if not len(self.chunks):
            return np.full(len(chunks), elsewhere)
        row = np.minimum(np.searchsorted(self.chunks, chunks), len(self.chunks) - 1)
        return np.where(self.chunks[row] == chunks, self.values[row], elsewhere)

    def first(self, many: int) -> Spread:
        """The highest values above zero; of equal ones those on the first chunks."""
        rows = np.argsort(-self.values, kind="stable")[:many]
        rows = np.sort(rows[self.values[rows] > 0])
        return Spread(self.chunks[rows], self.values[rows])


@dataclass(frozen=True, slots=True)
class Step:
    """What some chunks send over their entities to other chunks.

    Args:
        origins: The chunk of each tie between a chunk and an entity.
        doors: Its entity, as a row of `nodes`.
        sent: What the chunk sends through the entity.
        back: The share of `sent` that would come back to the chunk, and is lost.
        nodes: The entities.
        of: Of each share that is dealt out: by which entity, a row of `nodes`.
        targets: To which chunk.
        shares: How much of what is sent through the entity; an entity's shares make 1.
    """

    origins: NDArray[np.int64]
    doors: NDArray[np.int64]
    sent: NDArray[np.float64]
    back: NDArray[np.float64]
    nodes: NDArray[np.int64]
    of: NDArray[np.int64]
    targets: NDArray[np.int64]
    shares: NDArray[np.float64]

    def onward(self) -> Spread:
        """What arrives at each chunk."""
        flow = np.bincount(self.doors, self.sent, len(self.nodes))[self.of] * self.shares
        arriving = summed([Spread(self.targets, flow), Spread(self.origins, -self.sent * self.back)])
        return Spread(arriving.chunks, np.where(arriving.values > ROUNDING, arriving.values, 0.0))

    def into(self, chunk: int) -> NDArray[np.float64]:
        """What arrives at one chunk, by tie."""
        dealt = np.zeros(len(self.nodes))
        here = self.targets == chunk
        dealt[self.of[here]] = self.shares[here]
        return np.where(self.origins == chunk, 0.0, self.sent * dealt[self.doors])


def summed(parts: list[Spread]) -> Spread:
    """The values of each chunk added up; the parts need not be in order."""
    chunks = np.concatenate([np.empty(0, np.int64), *(part.chunks for part in parts)])
    each, row = np.unique(chunks, return_inverse=True)
    values = np.concatenate([np.empty(0), *(part.values for part in parts)])
    return Spread(each, np.bincount(row, values, len(each)).astype(np.float64))


def rows(
    matrix: sparse.csr_matrix, numbers: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The entries of some rows: which of `numbers` each is of, its column and its value."""
    starts = matrix.indptr[numbers].astype(np.int64)
    many = matrix.indptr[numbers + 1] - starts
    of = np.repeat(np.arange(len(numbers)), many)
    entries = np.arange(len(of)) + np.repeat(starts - np.cumsum(many) + many, many)
    return of, matrix.indices[entries].astype(np.int64), matrix.data[entries].astype(np.float64)
