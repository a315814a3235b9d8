"""Ranking the units of the passages by how well they answer.

Two conditional logit models (McFadden 1974): one on a unit's own evidence, whose scores say which units may lead to
others and which are read again, and one that adds what comes of this. `benchmarks/fit_answers.py` fits the weights.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adapters import Adapter
from chatbot.bridge import BRIDGES, bridges
from chatbot.evidence import FEATURES as OWN
from chatbot.evidence import Evidence, gather
from chatbot.grafts import Grafts
from chatbot.rerank import RERANK, RERANKED, likelihoods
from chatbot.search import Found
from chatbot.units import Unit
from retrieval.index import Index

FEATURES = (*OWN, *BRIDGES, *RERANK)
"""A unit's own evidence, what it gains as the second of two sentences, and how it reads together with the question."""
SURE = -2.0
"""The margin of a span from which it can be told as the short answer; logits."""


@dataclass(frozen=True, slots=True)
class Supported:
    """A unit that may answer.

    Args:
        score: Among the units of one question, each is as likely the answer as the exponential of its score.
        row: Its row in the evidence.
        answer: The short answer: the reader's span, the whole unit where it did not read.
        sure: Whether the reader is for that span, or not much against it.
    """

    unit: Unit
    score: float
    row: int
    answer: str
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Ranked:
    """Units, best first, and the evidence they were ranked by.

    Args:
        features: See `all_features`; columns in the order of `FEATURES`.
    """

    best: list[Supported]
    evidence: Evidence
    features: NDArray[np.float32]

    @property
    def answerable(self) -> float:
        """Log-odds, by the reranker, that one of the units answers; the best unit's score without a reranker."""
        likely = self.features[:, FEATURES.index("rerank")]
        if not likely.any():
            return self.best[0].score
        some = min(float(np.exp(np.sort(likely)[-RERANKED:]).sum()), 1 - 1e-6)
        return math.log(some / (1 - some))

    def span(self, entry: Supported) -> tuple[int, int]:
        """Where a unit's short answer stands in the text of its chunk."""
        if found := self.evidence.spans[entry.row]:
            return found.start, found.end
        start = entry.unit.start - entry.unit.chunk.start
        return start, start + len(entry.unit.text)


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic model."""

    weights: NDArray[np.float32]
    bias: float

    def log_odds(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-odds of rows of features."""
        return np.asarray(features @ self.weights + self.bias, dtype=np.float32)


@lru_cache
def read_models(path: Path) -> dict[str, Logistic]:
    """Fitted models by name."""
    data = json.loads(path.read_text(encoding="utf8"))["models"]
    return {name: Logistic(np.array(m["weights"], dtype=np.float32), m["bias"]) for name, m in data.items()}


def judge(index: Index) -> str:
    """Which models fit an index: `dense` where its encoder and the adapters know its language, else `lexical`."""
    return "dense" if index.dense_weight > 0 and index.in_english else "lexical"


def grafts_for(index: Index, adapters: Mapping[str, Adapter]) -> Grafts | None:
    """The adapters found for each task, loaded; None where they do not know the index's language.

    Raises:
        ModelError: See `Grafts.load`.
    """
    return Grafts.load(adapters) if judge(index) == "dense" else None


class SupportModel:
    """Ranks units for one index."""

    def __init__(self, index: Index, grafts: Grafts | None) -> None:
        models = read_models(Path(__file__).parent / "support.json")
        self.index = index
        self.grafts = grafts
        self._alone = models[f"{judge(index)}_alone"]
        self._whole = models[f"{judge(index)}_whole"]

    @classmethod
    def load(cls, index: Index, adapters: Mapping[str, Adapter]) -> SupportModel:
        """With the adapters where the encoder knows the documents' language, without them elsewhere.

        Raises:
            ModelError: See `Grafts.load`.
        """
        return cls(index, grafts_for(index, adapters))

    def rank(self, question: str, found: Found, asked: str | None = None) -> Ranked:
        """Rank every unit of the found passages; for `asked` see `gather`."""
        evidence = gather(question, found, self.index, self.grafts, asked)
        if not evidence.units:
            return Ranked([], evidence, evidence.features)
        alone = self._alone.log_odds(evidence.features)
        features = all_features(evidence, alone, self.index, self.grafts)
        return ranked(evidence, features, self._whole.log_odds(features))

    def lead(self, ranked: Ranked) -> NDArray[np.float32]:
        """What each feature adds to the best unit's score over the mean of the others, shape (len(FEATURES),)."""
        best = ranked.best[0].row
        others = np.delete(ranked.features, best, axis=0)
        mean = others.mean(axis=0) if len(others) else np.zeros_like(self._whole.weights)
        return np.asarray(self._whole.weights * (ranked.features[best] - mean), dtype=np.float32)


def all_features(
    evidence: Evidence, alone: NDArray[np.float32], index: Index, grafts: Grafts | None
) -> NDArray[np.float32]:
    """All features of the units, shape (units, len(FEATURES)).

    Args:
        alone: How well each unit answers by its own features.
    """
    reranker = grafts.reranker if grafts else None
    return np.concatenate(
        [evidence.features, bridges(evidence, alone, index), likelihoods(evidence, alone, reranker)], axis=1
    )


def ranked(evidence: Evidence, features: NDArray[np.float32], scores: NDArray[np.float32]) -> Ranked:
    """Units in the order of their scores."""
    best = []
    for row in np.argsort(-scores, kind="stable").tolist():
        unit, span = evidence.units[row], evidence.spans[row]
        answer = unit.chunk.text[span.start : span.end] if span else unit.text
        best.append(Supported(unit, float(scores[row]), row, answer, span is not None and span.margin > SURE))
    return Ranked(best, evidence, features)
