"""How likely it is that the answer is correct: a logistic model over the best unit's support and the odds, by the
reranker, that some unit answers.

The weights are fitted by `benchmarks/fit_answers.py` on development questions of the bundled bots and of others.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chatbot.support import Ranked, judge, read_models
from retrieval.index import Index

SIGNALS = ("support", "answerable")
_FILE = Path(__file__).parent / "confidence.json"


def confidence(ranked: Ranked, index: Index) -> float:
    """Probability, from 0 to 1, that the passages answer the question and the answer composed of them is correct."""
    if not ranked.best:
        return 0.0
    odds = float(read_models(_FILE)[judge(index)].log_odds(signals(ranked)[None])[0])
    return 1 / (1 + math.exp(-odds))


@lru_cache
def _thresholds() -> dict[str, float]:
    data = json.loads(_FILE.read_text(encoding="utf8"))["models"]
    return {name: float(model["abstain_below"]) for name, model in data.items()}


def default_threshold(index: Index) -> float:
    """The least confidence of an answer where none was set or chosen for the bot."""
    return _thresholds()[judge(index)]


def signals(ranked: Ranked) -> NDArray[np.float32]:
    """The model's inputs, shape (len(SIGNALS),)."""
    return np.array([ranked.best[0].score, ranked.answerable], dtype=np.float32)
