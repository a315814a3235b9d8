"""Where the vectors of a build are: what every store of vectors offers. `retrieval.dense` is the one on disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.dense import IndexKind
from retrieval.errors import GraftError


class VectorsMissing(GraftError):
    """A store that does not hold the vectors of a build."""


class VectorIndex(Protocol):
    """The vectors of one build, to be searched by their cosines."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def search(
        self, query: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k nearest positions and their cosines, best first.

        Args:
            among: The positions to look at, ascending; None looks at all.
        """
        ...

    def search_all(
        self, queries: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """The same for many queries of shape (n, dimension)."""
        ...

    def cosines(self, query: NDArray[np.float32], positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Cosines of given positions."""
        ...


class VectorStore(Protocol):
    """Writes and opens the vectors of builds."""

    def write(
        self,
        folder: Path,
        batches: Iterable[NDArray[np.float32]],
        positions: NDArray[np.int64],
        dimension: int,
        kind: IndexKind = "auto",
    ) -> None:
        """Write the vectors of a build.

        Args:
            folder: Of the build; the folders beside it are those of earlier builds.
            batches: Unit vectors in arrays of shape (any, dimension), the same at every iteration.
            positions: Of all of them, ascending.
        """
        ...

    def open(self, folder: Path) -> VectorIndex:
        """Open the vectors of a build.

        Raises:
            VectorsMissing: They are not there.
            ValueError: What is in the folder does not belong together.
            OSError: A file is missing.
        """
        ...
