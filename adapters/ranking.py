"""How good a ranking is."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet

import numpy as np


def ndcg(ranking: Sequence[Hashable], relevant: AbstractSet[Hashable], k: int) -> float:
    """Normalised discounted cumulative gain with binary relevance."""
    gain = sum(1 / np.log2(rank + 1) for rank, found in enumerate(ranking[:k], 1) if found in relevant)
    ideal = sum(1 / np.log2(rank + 1) for rank in range(1, min(k, len(relevant)) + 1))
    return float(gain / ideal)
