"""How well each unit of the retrieved passages supports an answer: plain features, one logistic model.

The weights are fitted by `benchmarks/fit_support.py` on public reading-comprehension data and kept in `support.json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chatbot.search import Found
from chatbot.units import Unit, row_as_text, units
from retrieval.index import Index
from retrieval.text import CJK, terms

FEATURES = ("cosine", "context_cosine", "coverage", "context_coverage", "type", "rank", "score", "short", "long")
_NUMBER = re.compile(r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|half|twice|once)\b", re.IGNORECASE)
_TIME = re.compile(
    r"\b(?:second|minute|hour|day|week|month|year|january|february|march|april|may|june|july|august|september|october"
    r"|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|annual|daily|weekly|monthly|immediately"
    r"|\d{1,2}[:.]\d\d|\d{4}|century|noon|midnight|end of)\w*|[年月日天周]|小时|分钟|随时|立即",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"[€$£¥]|\b(?:euro|dollar|pound|cent|fee|free|cost|price|per cent|percent)\w*\b|%|元|免费|费", re.IGNORECASE
)
_NAME = re.compile(rf"(?<![.!?] )(?<!^)\b[A-Z][a-z]+|[A-Z]{{2,}}|[{CJK}]{{2,}}(?:部|中心|行|人|组|科|室)")
_CAUSE = re.compile(r"\b(?:because|since|so that|due to|in order|therefore|reason|caus|prevent|to avoid|means)\w*|因为|由于|以便|避免|为了", re.IGNORECASE)
_TYPES: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (re.compile(r"how (?:much|expensive|dear)|\b(?:cost|price|fee|charge|pay)\b|多少钱|费用|收费|手续费|年费|几元", re.IGNORECASE), _MONEY),
    (re.compile(r"how (?:long|soon|quickly|fast|often|old)|\bwhen\b|what (?:time|date|year|day)|until when|deadline|多久|多长时间|几天|几个|什么时候|何时|几点|期限", re.IGNORECASE), _TIME),
    (re.compile(r"how (?:many|far|big|large|high|tall|much)|what (?:number|percentage|share|rate|limit)|多少|最高|最低|上限|限额|比例|利率", re.IGNORECASE), _NUMBER),
    (re.compile(r"\b(?:who|whom|whose)\b|which (?:person|team|office|department|company)|谁|哪个部门|哪家|找哪", re.IGNORECASE), _NAME),
    (re.compile(r"\bwhere\b|which (?:place|city|country|room)|哪里|在哪|哪儿", re.IGNORECASE), _NAME),
    (re.compile(r"\bwhy\b|what (?:causes|is the reason)|为什么|为何|原因", re.IGNORECASE), _CAUSE),
)


@dataclass(frozen=True, slots=True)
class Supported:
    """A unit with the probability that it answers, and the features that say so."""

    unit: Unit
    score: float
    features: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Model:
    """A logistic model over `FEATURES`."""

    weights: NDArray[np.float32]
    bias: float

    def probability(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities of rows of features."""
        return np.asarray(1 / (1 + np.exp(-(features @ self.weights + self.bias))), dtype=np.float32)


@lru_cache
def models() -> dict[str, Model]:
    """The fitted models: `dense` for languages the encoder knows, `lexical` for others."""
    data = json.loads((Path(__file__).parent / "support.json").read_text(encoding="utf8"))
    return {name: Model(np.array(m["weights"], dtype=np.float32), m["bias"]) for name, m in data["models"].items()}


def supported(question: str, found: Found, index: Index) -> list[Supported]:
    """Every unit of the found passages, best first."""
    candidates = list({(u.start, u.chunk.document_id): u for p in found.passages for u in units(p.chunk)}.values())
    if not candidates:
        return []
    features = features_of(question, candidates, found, index)
    model = models()["dense" if index.dense_weight > 0 else "lexical"]
    scores = model.probability(features)
    order = np.argsort(-scores, kind="stable")
    return [Supported(candidates[i], float(scores[i]), features[i]) for i in order]


def features_of(question: str, candidates: Sequence[Unit], found: Found, index: Index) -> NDArray[np.float32]:
    """Features of units for a question, shape (len(candidates), len(FEATURES))."""
    texts = [row_as_text(unit) if unit.kind == "row" else unit.text for unit in candidates]
    titles = index.store.titles_of({unit.chunk.document_id for unit in candidates})
    headings = [f"{titles[unit.chunk.document_id]} {unit.chunk.section}" for unit in candidates]
    cosines = _cosines(found.vector, texts, headings, index)
    wanted = {term: index.lexical.idf(term) for term in terms(question)}
    whole = sum(wanted.values()) or 1.0
    kinds = [answer for asked, answer in _TYPES if asked.search(question)][:1]
    rank = {passage.chunk.id: number for number, passage in enumerate(found.passages)}
    best = found.passages[0].score or 1.0
    score = {passage.chunk.id: passage.score / best for passage in found.passages}
    rows = []
    for unit, text, heading, (alone, within) in zip(candidates, texts, headings, cosines, strict=True):
        own = set(terms(text))
        near = own | set(terms(f"{heading} {unit.lead}"))
        size = len(text) if index.dense_weight > 0 else 3 * len(text)
        rows.append(
            (
                alone,
                within,
                sum(weight for term, weight in wanted.items() if term in own) / whole,
                sum(weight for term, weight in wanted.items() if term in near) / whole,
                0.5 if not kinds else float(bool(kinds[0].search(text))),
                1 / (1 + rank[unit.chunk.id]),
                score[unit.chunk.id],
                float(size < 30),
                float(size > 300),
            )
        )
    return np.array(rows, dtype=np.float32)


def _cosines(
    vector: NDArray[np.float32], texts: list[str], headings: list[str], index: Index
) -> list[tuple[float, float]]:
    """Cosine of the question with each unit alone, and with its headings before it; zeros where the encoder is no judge."""
    if index.dense_weight <= 0:
        return [(0.0, 0.0)] * len(texts)
    within = [f"{heading}\n{text}" for heading, text in zip(headings, texts, strict=True)]
    cosines = index.encoder.documents([*texts, *within]) @ vector
    return list(zip(cosines[: len(texts)].tolist(), cosines[len(texts) :].tolist(), strict=True))
