"""What the vectors of a build have in common with those that an earlier one wrote to Milvus."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.milvus_index import Part

SENT = 1_000
"""Vectors that are sent at once."""


@dataclass(frozen=True)
class Base:
    """A base, the position of each row's chunk (-1: it has gone), and the key of each row's vector."""

    part: Part
    rows: NDArray[np.int64]
    keys: NDArray[np.uint64]


def keys_of(vectors: NDArray[np.float32]) -> NDArray[np.uint64]:
    """What vectors are known by: 64 bits of BLAKE2b each."""
    digests = [hashlib.blake2b(vector.tobytes(), digest_size=8).digest() for vector in vectors]
    return np.frombuffer(b"".join(digests), dtype=np.uint64)


def compared(
    base: Base, positions: NDArray[np.int64], keys: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The base's rows with -1 for those that have gone, and which positions have come or changed since."""
    at = np.minimum(np.searchsorted(positions, base.rows), len(positions) - 1)
    same = (positions[at] == base.rows) & (keys[at] == base.keys)
    came = np.ones(len(positions), dtype=bool)
    came[at[same]] = False
    return np.where(same, base.rows, -1), came


def chosen(batches: Iterable[NDArray[np.float32]], wanted: NDArray[np.bool_]) -> Iterator[NDArray[np.float32]]:
    """The wanted vectors, in arrays of at most `SENT`."""
    done = 0
    for vectors in batches:
        chosen = vectors[wanted[done : done + len(vectors)]]
        done += len(vectors)
        yield from (chosen[begin : begin + SENT] for begin in range(0, len(chosen), SENT))
