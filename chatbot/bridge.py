"""Questions that need two sentences: what a unit gains from a first one that leads to it.

"Who leads the team that decides on claims?" One sentence says which team decides, another who leads that team. The
second shares with the first a telling term that the question does not have, and together they cover the question better
than either alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chatbot.evidence import FEATURES, Evidence
from retrieval.index import Index

BRIDGES = ("bridge", "bridge_coverage", "bridge_rest", "bridge_type", "bridge_span")
FIRST = 4
"""How many of the best units are tried as the first sentence."""
FULL = 1.5
"""A bridge counts fully when its shared terms weigh this many times the rarest term's idf."""


def bridges(evidence: Evidence, scores: NDArray[np.float32], index: Index) -> NDArray[np.float32]:
    """Features of each unit as the second sentence, shape (units, len(BRIDGES)).

    Args:
        scores: How well each unit answers on its own, as log-odds.
    """
    question = set(evidence.wanted)
    full = FULL * index.lexical.rarest
    gains = np.zeros((len(scores), len(BRIDGES)), dtype=np.float32)
    trust = np.exp(scores - scores.max(initial=-np.inf))
    for first in np.argsort(-scores, kind="stable")[:FIRST].tolist():
        telling = evidence.own[first] - question
        for second, unit in enumerate(evidence.units):
            same = unit.chunk.id == evidence.units[first].chunk.id
            shared = telling & (evidence.own[second] if same else evidence.near[second])
            if second == first or not shared:
                continue
            strength = float(trust[first]) * min(1.0, sum(index.lexical.idf(term) for term in shared) / full)
            together = evidence.coverage(evidence.near[second] | evidence.own[first])
            rest = evidence.coverage(evidence.near[second] - evidence.own[first])
            gains[second, :3] = np.maximum(gains[second, :3], (strength, strength * together, strength * rest))
    gains[:, 3] = gains[:, 1] * evidence.features[:, FEATURES.index("type")]
    gains[:, 4] = gains[:, 1] * evidence.features[:, FEATURES.index("span")]
    return gains
