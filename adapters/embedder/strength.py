"""How much of what an embedder learned is kept.

It is weakened towards the frozen encoder where that costs little on held-out questions: more is kept of what the
encoder knows of other texts (WiSE-FT, Wortsman et al. 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from adapters.embedder.contrast import Vectors
from adapters.embedder.data import Encoded
from adapters.lora import Lora
from adapters.ranking import ndcg

STRENGTHS = (1.0, 0.75, 0.5)
"""Shares of what was learned that are tried, until one costs too much."""
POOL = 1_000
"""Passages among which the held-out questions look for theirs: their own, and those nearest to them."""
LONGEST = 256
"""Tokens of a passage that are read."""


def weaken(model: Lora, held_out: Encoded, budget: int) -> dict[str, Any]:
    """Scale an adapter to the least of `STRENGTHS` that is no worse than the best before by more than a standard error.

    Args:
        budget: Padded tokens of one pass.

    Returns:
        nDCG@10 before, after and at each strength tried, in percent, of the held-out questions over `pool` passages.
    """
    pairs = held_out.pairs
    pool = _pool(held_out)
    owners = [pairs.owners[row] for row in pool]
    before = _ndcg(held_out.questions, held_out.passages[pool], owners, pairs.relevant)
    vectors = Vectors(LONGEST, budget)
    texts = pairs.questions + [pairs.passages[row] for row in pool]
    learned = [up.detach().clone() for up in model.up]
    tried: dict[str, float] = {}
    best = np.zeros(len(pairs.questions))
    for strength in STRENGTHS:
        _scale(model, learned, strength)
        with torch.no_grad():
            found = vectors.of(model, texts).numpy()
        after = _ndcg(found[: len(pairs.questions)], found[len(pairs.questions) :], owners, pairs.relevant)
        tried[str(strength)] = _percent(after)
        if (best - after).mean() > _standard_error(best - after):
            break
        best, chosen = max(best, after, key=np.mean), strength
    _scale(model, learned, chosen)
    return {
        "pool": len(pool),
        "ndcg@10_before": _percent(before),
        "ndcg@10_after": tried[str(chosen)],
        "strength": chosen,
        "ndcg@10_by_strength": tried,
    }


def _scale(model: Lora, learned: Sequence[torch.Tensor], strength: float) -> None:
    with torch.no_grad():
        for up, whole in zip(model.up, learned, strict=True):
            up.copy_(strength * whole)


def _pool(held_out: Encoded) -> list[int]:
    """Rows of the right passages, then those nearest to each question, up to `POOL`."""
    pairs = held_out.pairs
    wanted = frozenset().union(*pairs.relevant)
    right = [row for row, owner in enumerate(pairs.owners) if owner in wanted]
    nearest = np.argsort(-(held_out.questions @ held_out.passages.T), axis=1)[:, :POOL]
    return list(dict.fromkeys([*right, *nearest.T.ravel().tolist()]))[: max(POOL, len(right))]


def _ndcg(
    questions: NDArray[np.float32],
    passages: NDArray[np.float32],
    owners: Sequence[int],
    relevant: Sequence[frozenset[int]],
) -> NDArray[np.float64]:
    """Of each question, documents ranked by their nearest passage."""
    order = np.argsort(-(questions @ passages.T), axis=1, kind="stable")
    rankings = [list(dict.fromkeys(owners[row] for row in rows)) for rows in order]
    return np.array([ndcg(ranking, wanted, 10) for ranking, wanted in zip(rankings, relevant, strict=True)])


def _percent(values: NDArray[np.float64]) -> float:
    return round(100 * float(values.mean()), 2)


def _standard_error(values: NDArray[np.float64]) -> float:
    return float(values.std() / np.sqrt(len(values)))
