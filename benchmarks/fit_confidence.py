"""Fit `chatbot/confidence.json`: how likely the best unit answers, and below which confidence to abstain.

    python -m benchmarks.fit_confidence APPS [CMRC_TRIAL]

Questions are those of every `APPS/*/dev.jsonl`, never of `eval.jsonl`. Each answerable one is also asked of the
passages that are left
when its documents are taken away, which makes it unanswerable. The lexical model, for languages the encoder does not
know, is
fitted on the bots of that kind and on CMRC 2018 questions. The threshold maximises F1 of abstaining, by leave-one-
bot-out.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.squad_data import read_squad
from chatbot import bots, confidence
from chatbot.build import build, is_current
from chatbot.evaluation.metrics import normalise
from chatbot.home import read_manifest
from chatbot.search import Found, Searcher
from chatbot.support import SupportModel
from knowledge_graph.rank import GraphRanker
from knowledge_graph.store import load_matrix
from retrieval.encoder import Encoder
from retrieval.index import Index
from retrieval.splitter import split

Row = tuple[np.ndarray, bool, float, str]
"""Signals, whether the best unit answers, weight, group."""


def without(found: Found, documents: list[str]) -> Found:
    """A search as it would be without some documents."""
    return replace(found, passages=[p for p in found.passages if p.chunk.document_id not in documents])


def row(
    question: str, found: Found, index: Index, model: SupportModel, answer: str | None, weight: float, group: str
) -> Row | None:
    """One example, None where nothing was found."""
    if not found.passages:
        return None
    ranked = model.rank(question, found, index)
    right = answer is not None and any(normalise(answer) in normalise(e.unit.text) for e in ranked[:2])
    return confidence.signals(question, found, ranked, index), right, weight, group


def bot_rows(name: str, encoder: Encoder) -> tuple[str, list[Row | None]]:
    """Examples of one bundled bot, and which model they are for."""
    source = bots.find(name)
    if not is_current(source):
        build(source, encoder=encoder)
    folder = source.home / "builds" / read_manifest(source.home).build
    index = Index.open(folder, encoder)
    searcher = Searcher(index, GraphRanker(load_matrix(folder), index.store))
    model = SupportModel.load(index)
    rows = []
    for line in (source.config.folder / "dev.jsonl").read_text(encoding="utf8").splitlines():
        entry = json.loads(line)
        found = searcher.search(entry["question"], 6)
        rows.append(row(entry["question"], found, index, model, entry["answer"], 1.0, name))
        if entry["answer"]:
            rest = without(searcher.search(entry["question"], 30), entry["documents"])
            rest = replace(rest, passages=rest.passages[:6])
            rows.append(row(entry["question"], rest, index, model, None, 0.25, name))
    return confidence.judge(index), rows


def cmrc_rows(path: Path, encoder: Encoder, count: int = 300) -> list[Row | None]:
    """Chinese questions, half of them with their paragraph taken away."""
    documents, questions = read_squad(path)
    random.Random(0).shuffle(questions)
    chunks = [chunk for document in documents for chunk in split(document)]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        index = Index.build(Path(folder), documents, chunks, encoder)
        searcher, model = Searcher(index, None), SupportModel.load(index)
        for number, question in enumerate(questions[:count]):
            found = searcher.search(question.text, 12)
            answer = question.answers[0][0] if number % 2 else None
            found = found if answer else without(found, [question.document_id])
            found = replace(found, passages=found.passages[:6])
            rows.append(row(question.text, found, index, model, answer, 0.1, f"cmrc{number % 5}"))
    return rows


def fit(rows: list[Row]) -> tuple[LogisticRegression, float]:
    """The model on all rows, and the threshold chosen on predictions for held-out groups."""
    x = np.array([r[0] for r in rows])
    y = np.array([r[1] for r in rows])
    weight = np.array([r[2] for r in rows])
    group = np.array([r[3] for r in rows])

    def model(mask: np.ndarray) -> LogisticRegression:
        return LogisticRegression(C=3.0, max_iter=5000).fit(x[mask], y[mask], sample_weight=weight[mask])

    held_out = np.zeros(len(y))
    for name in sorted(set(group)):
        part = group == name
        if len(set(y[~part])) == 2:
            held_out[part] = model(~part).predict_proba(x[part])[:, 1]
    real = weight == 1.0
    best = max(np.arange(0.1, 0.9, 0.01), key=lambda t: _abstention_f1(y[real], held_out[real] < t))
    print(f"{len(y)} examples, held-out AUROC {roc_auc_score(y[real], held_out[real]):.3f}, abstain below {best:.2f}")
    return model(np.ones(len(y), dtype=bool)), float(best)


def _abstention_f1(right: np.ndarray, abstained: np.ndarray) -> float:
    hits = float(np.sum(~right & abstained))
    return 2 * hits / (2 * hits + float(np.sum(right & abstained)) + float(np.sum(~right & ~abstained)) + 1e-9)


def main(apps: Path, cmrc: Path | None) -> None:
    """Fit and write both models."""
    bots.SHELVES.append(apps.resolve())
    encoder = Encoder.load()
    rows: dict[str, list[Row | None]] = {"dense": [], "lexical": []}
    for name in bots.bundled():
        kind, found = bot_rows(name, encoder)
        rows[kind] += found
    if cmrc:
        rows["lexical"] += cmrc_rows(cmrc, encoder)
    models = {}
    for kind, examples in rows.items():
        model, threshold = fit([example for example in examples if example])
        models[kind] = {
            "weights": [round(float(w), 4) for w in model.coef_[0]],
            "bias": round(float(model.intercept_[0]), 4),
            "abstain_below": round(threshold, 2),
        }
        print(kind, dict(zip(confidence.SIGNALS, models[kind]["weights"], strict=True)))
    path = Path(confidence.__file__).parent / "confidence.json"
    path.write_text(json.dumps({"signals": confidence.SIGNALS, "models": models}, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
