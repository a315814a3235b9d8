"""How likely it is that the passages answer the question: a logistic model over what search and support say together.

The weights are fitted by `benchmarks/fit_answers.py` on the bundled bots' development questions.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chatbot.search import Found
from chatbot.support import FEATURES, Ranked, judge, read_models
from retrieval.index import Index

SIGNALS = (
    "support",
    "share",
    "span",
    "spans",
    "top_span",
    "match",
    "rerank",
    "top_rerank",
    "context_coverage",
    "joint_coverage",
    "passage",
    "type",
)
_FILE = Path(__file__).parent / "confidence.json"


def confidence(found: Found, ranked: Ranked, index: Index) -> float:
    """Probability, from 0 to 1, that the passages answer the question."""
    if not ranked.best:
        return 0.0
    odds = float(read_models(_FILE)[judge(index)].log_odds(signals(found, ranked, index)[None])[0])
    return 1 / (1 + math.exp(-odds))


@lru_cache
def _thresholds() -> dict[str, float]:
    data = json.loads(_FILE.read_text(encoding="utf8"))["models"]
    return {name: float(model["abstain_below"]) for name, model in data.items()}


def default_threshold(index: Index) -> float:
    """The least confidence of an answer where a bot sets none."""
    return _thresholds()[judge(index)]


def signals(found: Found, ranked: Ranked, index: Index) -> NDArray[np.float32]:
    """The model's inputs, shape (len(SIGNALS),)."""
    top, evidence = ranked.best[0], ranked.evidence
    features = ranked.features
    spans = np.sort(features[:, FEATURES.index("span")])[-3:]
    scores = np.array([entry.score for entry in ranked.best])
    joint: set[str] = set().union(*(evidence.near[entry.row] for entry in ranked.best[:3]))
    return np.array(
        [
            top.score,
            1 / np.exp(scores - top.score).sum(),
            spans[-1],
            spans.mean(),
            features[top.row, FEATURES.index("span")],
            features[:, FEATURES.index("match")].max(),
            ranked.features[:, FEATURES.index("rerank")].max(),
            ranked.features[top.row, FEATURES.index("rerank")],
            features[:, FEATURES.index("context_coverage")].max(),
            evidence.coverage(joint),
            found.candidates.dense.max(initial=0.0) if judge(index) == "dense" else 0.0,
            features[top.row, FEATURES.index("type")],
        ],
        dtype=np.float32,
    )
