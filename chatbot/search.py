"""One question's retrieval: both rankers, their fusion, the graph, and the passages that come out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chatbot.reply import Trace
from knowledge_graph.rank import GraphRanker, Ranking
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
        self._size = len(index.lexical)
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
        total = ranking.total
        if among is not None:
            total = np.zeros_like(ranking.total)
            total[among] = ranking.total[among]
        best = np.argsort(-total, kind="stable")[:top_k]
        best = best[total[best] > 0]
        return Found(vector, candidates, self._passages(best, candidates, ranking))

    def rank(self, question: str, candidates: Candidates, fused: NDArray[np.float32]) -> Ranking:
        """Scores over every chunk, the graph's share included where there is a graph."""
        whole = np.zeros(self._size, dtype=np.float32)
        whole[candidates.positions] = fused
        nothing = np.zeros_like(whole)
        if self.ranker is None:
            return Ranking(whole, nothing, nothing)
        cosines = np.full(self._size, candidates.dense.min(initial=1.0), dtype=np.float32)
        if self.index.dense_weight > 0:
            cosines[candidates.positions] = candidates.dense
        return self.ranker.rank(question, whole, cosines)

    def _passages(self, best: NDArray[np.int64], candidates: Candidates, ranking: Ranking) -> list[Passage]:
        row = {int(position): number for number, position in enumerate(candidates.positions)}
        chunks = self.index.store.chunks(best.tolist())
        passages = []
        for position, chunk in zip(best.tolist(), chunks, strict=True):
            why = {}
            if position in row:
                why["dense"] = round(float(candidates.dense[row[position]]), 4)
                why["lexical"] = round(float(candidates.lexical[row[position]]), 4)
            why["graph"] = round(float(ranking.link[position] + ranking.walk[position]), 4)
            passages.append(Passage(chunk, float(ranking.total[position]), {k: v for k, v in why.items() if v}))
        return passages
