"""Retrieval measured on a data set in BEIR's layout: dense, lexical, fused, fused with the graph, and reranked."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from adapters.ranking import ndcg
from adapters.reranker.runtime import Reranker
from chatbot.evaluation.metrics import mean, recall, reciprocal_rank
from chatbot.passages import rerank_passages
from chatbot.search import Searcher
from chatbot.support import judge
from knowledge_graph import store as graph_store
from knowledge_graph.rank import GraphRanker
from knowledge_graph.update import GraphUpdate
from retrieval.beir import read_beir
from retrieval.document import Passage
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.index import Index
from retrieval.progress import Progress, silent
from retrieval.splitter import split
from retrieval.text import is_cjk

DEPTH = 60
"""Chunks ranked for a question; several may belong to one document."""


def evaluate_beir(folder: Path, split_name: str, encoder: Encoder, progress: Progress = silent) -> dict[str, Any]:
    """Index the set and rank every judged question; percentages from 0 to 100.

    `reranked`, where the adapters know the language, also says the milliseconds that a question's 20 passages took.

    Raises:
        GraftError: The folder is not in BEIR's layout, or its corpus is empty.
    """
    documents, questions, relevant = read_beir(folder, split_name)
    begin = time.perf_counter()
    chunks = [chunk for document in documents for chunk in split(document)]
    if not chunks:
        raise GraftError(f"{folder}: the corpus holds no text")
    with tempfile.TemporaryDirectory() as name:
        language = "zh" if is_cjk(" ".join(document.text[:200] for document in documents[:20])) else "en"

        titles = {document.id: document.title for document in documents}

        def add_graph(connection: sqlite3.Connection) -> None:
            connection.executescript(graph_store.SCHEMA)
            graph = GraphUpdate(connection, language, encoder.documents)
            graph.learn([(position, chunk, titles[chunk.document_id]) for position, chunk in enumerate(chunks)])
            graph.settle([])

        index = Index.build(Path(name), documents, chunks, encoder, progress=progress, finish=add_graph)
        with closing(index.store):
            graph_store.save_matrix(index.store, Path(name))
            searcher = Searcher(index, GraphRanker(graph_store.load_matrix(Path(name), index.store), index.store))
            indexed = time.perf_counter() - begin
            owner = np.array([chunk.document_id for chunk in chunks])
            reranker = Reranker.load() if judge(index) == "dense" else None
            kinds = ("dense", "lexical", "fused", "graph", *(("reranked",) if reranker else ()))
            scores: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
            reranking = 0.0
            begin = time.perf_counter()
            for number, (question_id, wanted) in enumerate(relevant.items(), 1):
                question = questions[question_id]
                candidates = index.candidates(question)
                fused = index.fused(candidates)
                ranking = searcher.rank(question, candidates, fused)
                found = owner[candidates.positions]
                rankings = {
                    "dense": _documents(candidates.dense, found),
                    "lexical": _documents(candidates.lexical, found),
                    "fused": _documents(fused, found),
                    "graph": _documents(ranking.total, owner[ranking.positions]),
                }
                if reranker:
                    best = np.argsort(-ranking.total, kind="stable")[:DEPTH]
                    best = best[ranking.total[best] > 0]
                    passages = [Passage(chunks[ranking.positions[row]], float(ranking.total[row])) for row in best]
                    since = time.perf_counter()
                    judged = rerank_passages(question, passages, index, reranker)
                    reranking += time.perf_counter() - since
                    rankings["reranked"] = list(dict.fromkeys(passage.chunk.document_id for passage in judged))
                for kind, ranked in rankings.items():
                    scores[kind].append(_scores(ranked, wanted))
                progress("search", number, len(relevant))
            searched = time.perf_counter() - begin - reranking
    report: dict[str, Any] = {
        kind: {name: round(100 * mean([row[name] for row in rows]), 2) for name in rows[0]}
        for kind, rows in scores.items()
    }
    if "reranked" in report:
        report["reranked"]["ms"] = round(1000 * reranking / len(relevant), 1)
    return {**report, "seconds": {"index": round(indexed, 2), "search": round(searched, 2)}}


def _documents(scores: np.ndarray, owner: np.ndarray) -> list[str]:
    best = np.argsort(-scores, kind="stable")[:DEPTH]
    return list(dict.fromkeys(str(owner[row]) for row in best if scores[row] > 0))


def _scores(ranking: Sequence[str], wanted: set[str]) -> dict[str, float]:
    return {
        "recall@1": recall(ranking, wanted, 1),
        "recall@5": recall(ranking, wanted, 5),
        "recall@10": recall(ranking, wanted, 10),
        "mrr@10": reciprocal_rank(ranking, wanted, 10),
        "ndcg@10": ndcg(ranking, wanted, 10),
    }
