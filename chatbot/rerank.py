"""The best units read once more, each together with the question, by the reranker."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adapters.reranker.runtime import Reranker
from chatbot.evidence import OWN_WORDS, Evidence
from chatbot.units import in_place

RERANKED = 20
"""How many units are read; the others count as the worst of these."""
RERANK = ("rerank",)


def likelihoods(evidence: Evidence, scores: NDArray[np.float32], reranker: Reranker | None) -> NDArray[np.float32]:
    """How likely each unit is the answer, of those read and none of them, as a logarithm, shape (units, len(RERANK)).

    Args:
        scores: How well each unit answers on its own; says which are read.
    """
    found = np.zeros((len(scores), len(RERANK)), dtype=np.float32)
    if reranker is None or not len(scores):
        return found
    first = np.argsort(-scores, kind="stable")[:RERANKED]
    texts = [in_place(evidence.units[row], evidence.titles) for row in first]
    logits = reranker.scores(evidence.question, texts)
    if evidence.asked != evidence.question:
        logits += OWN_WORDS * reranker.scores(evidence.asked, texts)
        logits /= 1 + OWN_WORDS
    likely = logits - np.logaddexp.reduce([0.0, *logits])  # the reranker scores "none" with 0
    found[:, 0] = likely.min()
    found[first, 0] = likely
    return found
