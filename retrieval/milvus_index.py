"""Searching the collections of one build in Milvus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrieval.dense import CELLS, COMPARED, LEAST_PROBED, PROBED, IndexKind
from retrieval.vectors import VectorsMissing

if TYPE_CHECKING:
    from pymilvus import MilvusClient

LISTED = 5_000
"""Rows that one filter may name; what takes more is searched in several goes."""
FETCHED = 1_000
"""Vectors that are fetched at once."""
MOST = 16_384
"""Results that Milvus gives for one question."""
ANSWERING = 20.0
"""Seconds in which a search must be answered."""
NOT_LOADED = 101
"""Milvus's code for a collection that is not in memory."""
_MOST_CELLS = 65_536


@dataclass(frozen=True, slots=True)
class Part:
    """A collection of rows numbered from `begin` up to, but not including, `end`; the number is the row's `id`."""

    collection: str
    begin: int
    end: int

    def __len__(self) -> int:
        return self.end - self.begin


def index_params(kind: IndexKind, size: int) -> dict[str, Any]:
    """What Milvus calls an index of so many vectors; it keeps them whole, so `ivfpq` is as `ivf`."""
    if kind == "flat" or size <= COMPARED:
        return {"index_type": "FLAT", "params": {}}
    if kind == "hnsw":
        return {"index_type": "HNSW", "params": {"M": 32, "efConstruction": 200}}
    return {"index_type": "IVF_FLAT", "params": {"nlist": _cells(size)}}


def _search_params(kind: IndexKind, size: int, k: int, looked_at: int) -> dict[str, int]:
    """The fewer of its vectors are to be looked at, the further an index is gone through to find them."""
    if kind == "flat" or size <= COMPARED:
        return {}
    if kind == "hnsw":
        return {"ef": min(max(128, k) * size // looked_at, MOST)}
    cells = _cells(size)
    return {"nprobe": min(max(cells // PROBED, LEAST_PROBED) * size // looked_at, cells)}


def _cells(size: int) -> int:
    return min(size, int(CELLS * size**0.5), _MOST_CELLS)


class MilvusIndex:
    """Finds chunks by the cosine of their vectors; safe to share between threads.

    Args:
        guard: Within it, what goes wrong with Milvus becomes an error for people.
        rows: The position of each row's chunk; -1 for rows that are no longer of use.
    """

    def __init__(
        self,
        client: MilvusClient,
        guard: Callable[[], AbstractContextManager[None]],
        parts: list[Part],
        rows: NDArray[np.int64],
        kind: IndexKind,
    ) -> None:
        self._client = client
        self._guard = guard
        self._parts = parts
        self._rows = rows
        self._kind = kind
        used = np.flatnonzero(rows >= 0)
        self._by_position = used[np.argsort(rows[used])]
        self._positions = rows[self._by_position]
        self._everything = list(self._filters(used))

    def __len__(self) -> int:
        return len(self._positions)

    def search(
        self, query: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k nearest positions and their cosines, best first, at most `MOST`.

        Args:
            among: The positions to look at, ascending; None looks at all.

        Raises:
            VectorsMissing: A collection is not there any more.
            MilvusError: Milvus does not answer.
        """
        return self.search_all(query[None], k, among)[0]

    def search_all(
        self, queries: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """The same for many queries of shape (n, dimension), which takes less time than one by one."""
        k = min(k, len(self) if among is None else len(among), MOST)
        if not k or not len(queries):
            return [(np.empty(0, np.int64), np.empty(0, np.float32)) for _ in queries]
        found: list[list[tuple[int, float]]] = [[] for _ in queries]
        with self._guard():
            for part, rows, many in self._everything if among is None else self._filters(np.sort(self._rows_of(among))):
                hits = self._ask(
                    self._client.search,
                    part,
                    data=list(queries),
                    filter=rows,
                    limit=min(k, len(part)),
                    output_fields=["id"],
                    search_params={"metric_type": "IP", "params": _search_params(self._kind, len(part), k, many)},
                )
                for mine, new in zip(found, hits, strict=True):
                    mine += [(hit["id"], hit["distance"]) for hit in new]
        return [self._best(hits, k) for hits in found]

    def cosines(self, query: NDArray[np.float32], positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Cosines of given positions.

        Raises:
            VectorsMissing: One is not there any more.
            MilvusError: Milvus does not answer.
        """
        rows, places = np.unique(self._rows_of(positions), return_inverse=True)
        vectors = np.empty((len(rows), len(query)), np.float32)
        with self._guard():
            for part in self._parts:
                low, high = np.searchsorted(rows, [part.begin, part.end])
                for begin in range(low, high, FETCHED):
                    wanted = rows[begin : min(begin + FETCHED, high)]
                    got = self._ask(self._client.get, part, ids=wanted.tolist(), output_fields=["id", "vector"])
                    by_row = {row["id"]: row["vector"] for row in got}
                    if len(by_row) != len(wanted):
                        raise VectorsMissing("Milvus lacks vectors of this index; run: graft index BOT")
                    vectors[begin : begin + len(wanted)] = [by_row[row] for row in wanted.tolist()]
        return np.asarray((vectors @ query)[places], dtype=np.float32)

    def _ask(self, call: Callable[..., Any], part: Part, **options: Any) -> Any:
        """Ask a collection; one that the server has released since, as after its restart, is loaded again."""
        from pymilvus import MilvusException

        options |= {"consistency_level": "Eventually", "timeout": ANSWERING}
        try:
            return call(part.collection, **options)
        except MilvusException as error:
            if error.code != NOT_LOADED:
                raise
        self._client.load_collection(part.collection, timeout=ANSWERING)
        return call(part.collection, **options)

    def _rows_of(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        return self._by_position[np.searchsorted(self._positions, positions)]

    def _best(self, hits: list[tuple[int, float]], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        positions = self._rows[np.array([row for row, _ in hits], np.int64)]
        cosines = np.array([cosine for _, cosine in hits], np.float32)
        order = np.lexsort((positions, -cosines))[:k]
        return positions[order], cosines[order]

    def _filters(self, rows: NDArray[np.int64]) -> Iterator[tuple[Part, str, int]]:
        """What to search in which collection, so that all the given rows, ascending, are looked at and no others; and
        how many are in it.
        """
        for part in self._parts:
            inside = rows[slice(*np.searchsorted(rows, [part.begin, part.end]))]
            if len(inside) == len(part):
                yield part, "", len(part)
                continue
            while len(inside):
                left_out = inside - inside[0] - np.arange(len(inside))
                taken = max(LISTED, int(np.searchsorted(left_out, LISTED, side="right")))
                yield part, _filter(inside[:taken]), len(inside[:taken])
                inside = inside[taken:]


def _filter(rows: NDArray[np.int64]) -> str:
    """Milvus's expression for some rows, ascending, of which it names as few as it can."""
    if rows[-1] - rows[0] >= 2 * len(rows):
        return f"id in {rows.tolist()}"
    left_out = np.setdiff1d(np.arange(rows[0], rows[-1]), rows, assume_unique=True).tolist()
    within = f"id >= {rows[0]} and id <= {rows[-1]}"
    return f"{within} and id not in {left_out}" if left_out else within
