"""Bags of words: how often a text holds each term, terms as 64-bit hashes, so that no list of words must be kept."""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from retrieval.text import terms

BAG = np.dtype([("term", "<u8"), ("count", "<u4")])
"""One entry of a bag."""


@lru_cache(maxsize=500_000)
def term_hash(term: str) -> int:
    """A term's number: 64 bits of BLAKE2b; among a million terms two are the same with a chance of 3 in 100 million."""
    return int.from_bytes(hashlib.blake2b(term.encode("utf8", "replace"), digest_size=8).digest(), "little")


def bag(text: str) -> NDArray[np.void]:
    """The terms of a text and how often it holds each, ordered by hash; dtype `BAG`."""
    counts = Counter(map(term_hash, terms(text)))
    return np.array(sorted(counts.items()), dtype=BAG)
