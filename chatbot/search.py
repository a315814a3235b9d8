"""One question's retrieval: both rankers, their fusion, the graph, and the passages that come out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chatbot.reply import Trace
from knowledge_graph.rank import GraphRanker, Ranking, Walk
from retrieval.document import Passage
from retrieval.fusion import Candidates
from retrieval.index import Index
from retrieval.scope import EVERYTHING, Scope

SCOPES = 16
"""Scopes whose chunks are kept for the next question."""


@dataclass(frozen=True)
class Found:
    """Everything later steps need of a search.

    Args:
        vector: The question's vector.
        passages: The best chunks, best first.
    """

    vector: NDArray[np.float32]
    candidates: Candidates
    passages: list[Passage]


class Searcher:
    """Searches one bot's indexes; `ranker` is None where the bot has no graph."""

    def __init__(self, index: Index, ranker: GraphRanker | None, lexical: bool = True) -> None:
        self.index = index
        self.ranker = ranker
        self.lexical = lexical
        self._among = lru_cache(SCOPES)(lambda scope: None if scope == EVERYTHING else scope.positions(index.store))

    def search(self, question: str, top_k: int, trace: Trace | None = None, scope: Scope = EVERYTHING) -> Found:
        """The `top_k` best passages for a question.

        Raises:
            NothingInScope: No chunk is in the scope.
        """
        trace = Trace() if trace is None else trace
        among = self._among(scope)
        with trace.step("encode"):
            vector = self.index.encoder.query(question)
        with trace.step("retrieve"):
            candidates = self.index.candidates(question, vector, self.lexical, among)
            fused = self.index.fused(candidates, self.lexical)
        with trace.step("graph"):
            ranking = self.rank(question, candidates, fused)
        rows = np.argsort(-ranking.total, kind="stable")
        if among is not None:
            next_in_scope = np.searchsorted(among, ranking.positions[rows])
            rows = rows[among[np.minimum(next_in_scope, len(among) - 1)] == ranking.positions[rows]]
        best = rows[:top_k]
        return Found(vector, candidates, self._passages(best[ranking.total[best] > 0], candidates, ranking))

    def rank(self, question: str, candidates: Candidates, fused: NDArray[np.float32]) -> Ranking:
        """Scores of the candidates and of what the graph adds, its share included where there is a graph."""
        walk = self.walk(question, candidates, fused)
        nothing = np.zeros_like(fused)
        return walk.ranking() if walk else Ranking(candidates.positions, fused, nothing, nothing)

    def walk(self, question: str, candidates: Candidates, fused: NDArray[np.float32]) -> Walk | None:
        """The walk over the graph that `rank` scores by; None where there is no graph."""
        if self.ranker is None:
            return None
        known = self.index.dense_weight > 0
        cosines = candidates.dense if known else np.full_like(candidates.dense, candidates.dense.min(initial=1.0))
        return self.ranker.walk(question, candidates.positions, fused, cosines)

    def _passages(self, best: NDArray[np.int64], candidates: Candidates, ranking: Ranking) -> list[Passage]:
        found = {int(position): row for row, position in enumerate(candidates.positions)}
        positions = ranking.positions[best].tolist()
        passages = []
        for row, position, chunk in zip(best.tolist(), positions, self.index.store.chunks(positions), strict=True):
            why = {}
            if position in found:
                why["dense"] = round(float(candidates.dense[found[position]]), 4)
                why["lexical"] = round(float(candidates.lexical[found[position]]), 4)
            why["graph"] = round(float(ranking.link[row] + ranking.walk[row]), 4)
            passages.append(Passage(chunk, float(ranking.total[row]), {k: v for k, v in why.items() if v}))
        return passages
