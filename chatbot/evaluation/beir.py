"""Retrieval measured on a data set in BEIR's layout: dense, lexical, fused, and fused with the graph."""

from __future__ import annotations

import csv
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.evaluation.metrics import mean, ndcg, recall, reciprocal_rank
from chatbot.search import Searcher
from knowledge_graph import store as graph_store
from knowledge_graph.build import extract
from knowledge_graph.rank import GraphRanker
from retrieval.document import Document
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.index import Index, Progress
from retrieval.loaders.clean import valid
from retrieval.splitter import split
from retrieval.text import is_cjk

DEPTH = 60
"""Chunks ranked for a question; several may belong to one document."""


def read_beir(folder: Path, split_name: str) -> tuple[list[Document], dict[str, str], dict[str, set[str]]]:
    """Documents, questions and relevant document ids by question.

    Raises:
        GraftError: A file is missing or not in BEIR's layout, or no judged question is left.
    """
    try:
        texts: dict[str, tuple[str, list[str]]] = {}
        for entry in _lines(folder / "corpus.jsonl"):
            id_, title, text = (valid(str(part)) for part in (entry["_id"], entry.get("title", ""), entry["text"]))
            texts.setdefault(id_, (title, []))[1].append(text)
        questions = {str(entry["_id"]): valid(str(entry["text"])) for entry in _lines(folder / "queries.jsonl")}
        relevant: dict[str, set[str]] = {}
        with (folder / "qrels" / f"{split_name}.tsv").open(encoding="utf8", newline="") as file:
            for row in list(csv.reader(file, delimiter="\t"))[1:]:
                if int(row[2]) > 0 and row[0] in questions:
                    relevant.setdefault(row[0], set()).add(row[1])
    except FileNotFoundError as error:
        raise GraftError(f"{folder} is no BEIR folder: {Path(str(error.filename)).name} is missing") from None
    except (KeyError, ValueError, IndexError, TypeError, RecursionError, csv.Error) as error:
        raise GraftError(f"{folder} is not in BEIR's layout: {type(error).__name__} {error}") from None
    if not relevant:
        raise GraftError(f"{folder}: no relevant document for any question of the split {split_name!r}")
    documents = [Document(id_, title, "\n\n".join(parts), id_) for id_, (title, parts) in texts.items()]
    return documents, questions, relevant


def evaluate_beir(
    folder: Path, split_name: str, encoder: Encoder, progress: Progress = lambda step, done, total: None
) -> dict[str, Any]:
    """Index the set and rank every judged question; percentages from 0 to 100.

    Raises:
        GraftError: The folder is not in BEIR's layout, or its corpus is empty.
    """
    documents, questions, relevant = read_beir(folder, split_name)
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        chunks = [chunk for document in documents for chunk in split(document)]
        if not chunks:
            raise GraftError(f"{folder}: the corpus holds no text")
        index = Index.build(Path(name), documents, chunks, encoder, progress=progress)
        language = "zh" if is_cjk(" ".join(document.text[:200] for document in documents[:20])) else "en"
        graph = extract(chunks, {document.id: document.title for document in documents}, language)
        graph_store.save(graph, index.store, Path(name))
        searcher = Searcher(index, GraphRanker(graph_store.load_matrix(Path(name)), index.store))
        indexed = time.perf_counter() - begin
        owner = np.array([chunk.document_id for chunk in chunks])
        scores: dict[str, list[dict[str, float]]] = {"dense": [], "lexical": [], "fused": [], "graph": []}
        begin = time.perf_counter()
        for number, (question_id, wanted) in enumerate(relevant.items(), 1):
            question = questions[question_id]
            candidates = index.candidates(question)
            fused = index.fused(candidates)
            total = searcher.rank(question, candidates, fused).total
            found = owner[candidates.positions]
            rankings = {
                "dense": _documents(candidates.dense, found),
                "lexical": _documents(candidates.lexical, found),
                "fused": _documents(fused, found),
                "graph": _documents(total, owner),
            }
            for kind, ranking in rankings.items():
                scores[kind].append(_scores(ranking, wanted))
            progress("search", number, len(relevant))
        searched = time.perf_counter() - begin
        index.store.close()
    report: dict[str, Any] = {
        kind: {name: round(100 * mean([row[name] for row in rows]), 2) for name in rows[0]}
        for kind, rows in scores.items()
    }
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


def _lines(path: Path) -> list[Any]:
    with path.open(encoding="utf8") as file:
        return [json.loads(line) for line in file if line.strip()]
