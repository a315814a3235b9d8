"""How likely the best answer is right: a logistic model over what the search and the support say together.

The weights are fitted by `benchmarks/fit_confidence.py` on the bundled bots' development questions and kept in
`confidence.json`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chatbot.search import Found
from chatbot.support import FEATURES, Logistic, Supported
from retrieval.index import Index
from retrieval.text import terms

SIGNALS = ("support", "span", "cosine", "coverage", "context_coverage", "passage", "unknown", "type", "agreement")


@lru_cache
def _calibration() -> tuple[dict[str, Logistic], dict[str, float]]:
    data = json.loads((Path(__file__).parent / "confidence.json").read_text(encoding="utf8"))["models"]
    models = {name: Logistic(np.array(m["weights"], dtype=np.float32), m["bias"]) for name, m in data.items()}
    return models, {name: m["abstain_below"] for name, m in data.items()}


def confidence(question: str, found: Found, ranked: Sequence[Supported], index: Index) -> float:
    """Probability, from 0 to 1, that the best unit answers the question."""
    if not ranked:
        return 0.0
    return float(_calibration()[0][judge(index)].probability(signals(question, found, ranked, index)[None])[0])


def default_threshold(index: Index) -> float:
    """The least confidence of an answer where a bot sets none."""
    return _calibration()[1][judge(index)]


def judge(index: Index) -> str:
    """Which model fits an index: `dense` where the encoder knows the language, else `lexical`."""
    return "dense" if index.dense_weight > 0 else "lexical"


def signals(question: str, found: Found, ranked: Sequence[Supported], index: Index) -> NDArray[np.float32]:
    """The model's inputs, shape (len(SIGNALS),)."""
    top = ranked[0]
    rows = np.array([entry.features for entry in ranked[:20]])
    wanted = {term: index.lexical.idf(term) for term in terms(question)}
    unknown = sum(weight for term, weight in wanted.items() if not index.lexical.knows(term))
    odds = np.clip(top.score, 1e-4, 1 - 1e-4)
    dense = index.dense_weight > 0
    return np.array(
        [
            np.log(odds / (1 - odds)),
            rows[:, FEATURES.index("span")].max(),
            rows[:, FEATURES.index("cosine")].max(),
            top.features[FEATURES.index("coverage")],
            rows[:, FEATURES.index("context_coverage")].max(),
            found.candidates.dense.max(initial=0.0) if dense else 0.0,
            unknown / (sum(wanted.values()) or 1.0),
            top.features[FEATURES.index("type")],
            sum(entry.unit.chunk.id == found.passages[0].chunk.id for entry in ranked[:3]) / 3,
        ],
        dtype=np.float32,
    )
