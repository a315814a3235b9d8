"""Fit `chatbot/support.json`: which unit of the retrieved passages answers.

    python -m benchmarks.fit_support DATA

DATA holds `squad/train.json`, `reading/policy.json`, `reading/fairytale.json` and `cmrc2018/trial.json`. A unit is a
positive example when
it overlaps a gold answer. The dense model is fitted on the English sets, the lexical one on the Chinese set and, with
the
cosines blanked, on the English ones.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.squad_data import Question, read_squad
from chatbot import support
from chatbot.search import Searcher
from retrieval.encoder import Encoder
from retrieval.index import Index
from retrieval.splitter import split

SETS = {"squad/train.json": 900, "reading/policy.json": 400, "reading/fairytale.json": 400, "cmrc2018/trial.json": 500}


def examples(path: Path, count: int, encoder: Encoder) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels of the units retrieved for `count` answerable questions of one file."""
    documents, questions = read_squad(path)
    answerable = [question for question in questions if question.answers]
    random.Random(0).shuffle(answerable)
    chunks = [chunk for document in documents for chunk in split(document)]
    rows, labels = [], []
    with tempfile.TemporaryDirectory() as folder:
        index = Index.build(Path(folder), documents, chunks, encoder)
        searcher = Searcher(index, None)
        model = support.SupportModel.load(index)
        for question in answerable[:count]:
            found = searcher.search(question.text, 6)
            candidates = support.unique_units(found)
            label = [_answers(unit.chunk.document_id, unit.start, unit.end, question) for unit in candidates]
            if any(label):
                spans = model.spans(question.text, candidates, found, index)
                rows.append(support.features_of(question.text, candidates, spans, found, index))
                labels.append(np.array(label))
    return np.concatenate(rows), np.concatenate(labels)


def _answers(document_id: str, start: int, end: int, question: Question) -> bool:
    return document_id == question.document_id and any(start <= at < end for _, at in question.answers)


def main(data: Path) -> None:
    """Fit and write both models."""
    encoder = Encoder.load()
    sets = {name: examples(data / name, count, encoder) for name, count in SETS.items()}
    english = [value for name, value in sets.items() if "cmrc" not in name]
    dense_x, dense_y = np.concatenate([x for x, _ in english]), np.concatenate([y for _, y in english])
    blind = dense_x.copy()
    blind[:, : support.FEATURES.index("coverage")] = 0
    chinese_x, chinese_y = sets["cmrc2018/trial.json"]
    lexical = (np.concatenate([blind, chinese_x, chinese_x]), np.concatenate([dense_y, chinese_y, chinese_y]))
    models = {}
    for name, (x, y) in {"dense": (dense_x, dense_y), "lexical": lexical}.items():
        fit = LogisticRegression(C=10.0, max_iter=2000).fit(x, y)
        models[name] = {
            "weights": [round(float(w), 4) for w in fit.coef_[0]],
            "bias": round(float(fit.intercept_[0]), 4),
        }
        print(name, len(y), "units", dict(zip(support.FEATURES, models[name]["weights"], strict=True)))
    path = Path(support.__file__).parent / "support.json"
    path.write_text(json.dumps({"features": support.FEATURES, "models": models}, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
