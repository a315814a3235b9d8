"""Fit what decides an extractive answer: `chatbot/support.json` and `chatbot/confidence.json`.

    python -m benchmarks.fit_answers DATA

Questions are those of every bundled bot's `dev.jsonl`, never of `eval.jsonl`, and a sample of DATA's
`squad/train.json`, `reading/policy.json`, `reading/fairytale.json` (English) and `cmrc2018/trial.json` (Chinese).
A unit is a positive example when it holds the answer. For the confidence each answerable question of a bot is also
asked of what is left when its documents are taken away. Bots that the encoder does not know, and CMRC, fit the
`lexical` models. Thresholds maximise the F1 of abstaining, predicted for each bot by models fitted on the others.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from adapters.reader.runtime import Reader
from apps import BUNDLED
from chatbot import bots, bridge, confidence, evidence, support
from chatbot.bot import Bot
from chatbot.build import build, is_current
from chatbot.evaluation.metrics import contains
from chatbot.evaluation.own import read_cases
from chatbot.evaluation.squad import read_squad
from chatbot.search import Found, Searcher
from chatbot.units import row_as_text
from retrieval.encoder import Encoder
from retrieval.index import Index
from retrieval.splitter import split

SETS = {"squad/train.json": 150, "reading/policy.json": 60, "reading/fairytale.json": 60, "cmrc2018/trial.json": 150}
TOP_K = 8
PUBLIC_WEIGHT = 0.1
RIDGE = 0.03


@dataclass
class Asked:
    """One question with its evidence, and which units answer it."""

    group: str
    kind: str
    weight: float
    index: Index
    found: Found
    evidence: evidence.Evidence
    answers: np.ndarray
    answerable: bool


def asked(
    group: str, weight: float, index: Index, reader: Reader | None, question: str, found: Found, gold: list[str]
) -> Asked:
    """Collect the evidence for a question; `gold` is empty where nothing answers it."""
    collected = evidence.gather(question, found, index, reader)
    right = [
        any(contains(text, answer) for answer in gold for text in (unit.text, row_as_text(unit)))
        for unit in collected.units
    ]
    kind = support.judge(index)
    return Asked(group, kind, weight, index, found, collected, np.array(right, dtype=bool), bool(gold))


def of_bots(encoder: Encoder) -> Iterator[Asked]:
    """The bundled bots' development questions, as they are and with their documents taken away."""
    for name in bots.bundled():
        source = bots.find(name)
        if not is_current(source):
            build(source, encoder=encoder)
        bot = Bot.open(source, encoder)
        reader = support.reader_for(bot.index)
        for case in read_cases(source.config.folder / "dev.jsonl"):
            wide = bot.searcher.search(case.question, 4 * TOP_K)
            found = replace(wide, passages=wide.passages[:TOP_K])
            gold = [case.answer] if case.answer else []
            yield asked(name, 1.0, bot.index, reader, case.question, found, gold)
            rest = [p for p in wide.passages if p.chunk.document_id not in case.documents][:TOP_K]
            if gold and rest:
                yield asked(name, 0.2, bot.index, reader, case.question, replace(wide, passages=rest), [])


def of_sets(data: Path, encoder: Encoder) -> Iterator[Asked]:
    """A sample of the public sets; each question searches all paragraphs of its file."""
    for name, count in SETS.items():
        documents, questions = read_squad(data / name)
        answerable = [question for question in questions if question.answers]
        random.Random(0).shuffle(answerable)
        chunks = [chunk for document in documents for chunk in split(document)]
        with tempfile.TemporaryDirectory() as folder:
            index = Index.build(Path(folder), documents, chunks, encoder)
            searcher, reader = Searcher(index, None), support.reader_for(index)
            for question in answerable[:count]:
                wide = searcher.search(question.text, 2 * TOP_K)
                found = replace(wide, passages=wide.passages[:TOP_K])
                yield asked(name, PUBLIC_WEIGHT, index, reader, question.text, found, list(question.answers))
                rest = [p for p in wide.passages if p.chunk.document_id != question.document_id][:TOP_K]
                if reader is None and rest:
                    yield asked(name, PUBLIC_WEIGHT, index, reader, question.text, replace(wide, passages=rest), [])


def fit_ranking(rows: list[np.ndarray], answers: list[np.ndarray], weights: list[float]) -> np.ndarray:
    """Weights of a conditional logit: of a question's units, those that answer get the most of a softmax."""
    from scipy.optimize import minimize

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = RIDGE * float(w @ w), 2 * RIDGE * w
        for features, right, weight in zip(rows, answers, weights, strict=True):
            scores = features @ w
            likely = np.exp(scores - scores.max())
            likely /= likely.sum()
            held = likely[right].sum()
            total -= weight * float(np.log(held))
            slope = slope + weight * (likely @ features - (likely[right] / held) @ features[right])
        return total, slope

    return np.asarray(minimize(loss, np.zeros(rows[0].shape[1]), jac=True, method="L-BFGS-B").x)


def fit_support(examples: list[Asked]) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the evidence alone, and those that add bridges."""
    useful = [example for example in examples if example.answers.any()]
    answers, weights = [example.answers for example in useful], [example.weight for example in useful]
    alone = fit_ranking([example.evidence.features for example in useful], answers, weights)
    return alone, fit_ranking([with_bridges(example, alone) for example in useful], answers, weights)


def with_bridges(example: Asked, alone: np.ndarray) -> np.ndarray:
    """The features of an example's units, bridges included."""
    scores = (example.evidence.features @ alone).astype(np.float32)
    return np.concatenate([example.evidence.features, bridge.bridges(example.evidence, scores, example.index)], axis=1)


def ranked(example: Asked, features: np.ndarray, weights: np.ndarray) -> support.Ranked:
    """An example's units in the order of fitted weights."""
    scores = features @ weights
    best = [
        support.Supported(example.evidence.units[row], float(scores[row]), int(row), "", 0.0)
        for row in np.argsort(-scores, kind="stable")
    ]
    return support.Ranked(best, example.evidence)


def report_hits(name: str, examples: list[Asked], orders: list[support.Ranked]) -> None:
    """Print how often one of the best units answers."""
    for first in (1, 2, 3, 5):
        hits = [
            any(example.answers[entry.row] for entry in order.best[:first])
            for example, order in zip(examples, orders, strict=True)
            if example.answerable and example.weight == 1.0
        ]
        print(f"{name}: one of the first {first} answers {np.mean(hits):.3f} of {len(hits)}")


def written(weights: np.ndarray, bias: float) -> dict[str, Any]:
    """A model as it is kept."""
    return {"weights": [round(float(w), 4) for w in weights], "bias": round(bias, 4)}


def held_out(examples: list[Asked]) -> tuple[np.ndarray, np.ndarray]:
    """Signals of every example, its units ranked by models that have not seen its group, and whether it is real."""
    signals = np.zeros((len(examples), len(confidence.SIGNALS)))
    orders: list[Any] = [None] * len(examples)
    for group in sorted({example.group for example in examples}):
        alone, model = fit_support([example for example in examples if example.group != group] or examples)
        for row, example in enumerate(examples):
            if example.group == group and example.evidence.units:
                orders[row] = ranked(example, with_bridges(example, alone), model)
                signals[row] = confidence.signals(example.found, orders[row], example.index)
    own = [(e, o) for e, o in zip(examples, orders, strict=True) if o and e.weight == 1.0]
    report_hits("held out", [e for e, _ in own], [o for _, o in own])
    return signals, np.array([o is not None for o in orders])


def fit_confidence(examples: list[Asked]) -> dict[str, Any]:
    """The calibrated model and its threshold."""
    bot = np.array([example.group in bots.bundled() for example in examples])
    fitted = bot
    if len({example.group for example in examples} & set(bots.bundled())) < 2:
        # one bot is too little to fit on and to predict for: public questions join in, and folds stand for bots
        examples = [replace(example, group=f"fold {row // 2 % 5}") for row, example in enumerate(examples)]
        fitted = np.ones(len(examples), dtype=bool)
    signals, usable = held_out(examples)
    bot, fitted = bot & usable, fitted & usable
    group = np.array([example.group for example in examples])
    labels = np.array([example.answerable for example in examples])
    weights = np.array([example.weight for example in examples])
    groups = sorted(set(group[fitted]))
    predicted = np.zeros(len(examples))

    def model(mask: np.ndarray) -> LogisticRegression:
        return LogisticRegression(C=1.0, max_iter=5000).fit(signals[mask], labels[mask], sample_weight=weights[mask])

    for name in groups:
        others = fitted & (group != name)
        predicted[group == name] = model(others).predict_proba(signals[group == name])[:, 1]
    real = bot & (weights == 1.0)
    auroc = roc_auc_score(labels[real], predicted[real])
    below = max(np.arange(0.2, 0.9, 0.01), key=lambda t: _abstention_f1(labels[real], predicted[real] < t))
    wrong = ~labels[real] & (predicted[real] < below)
    precision = wrong.sum() / max(1, (predicted[real] < below).sum())
    print(f"held out: AUROC {auroc:.3f}, abstain below {below:.2f}: precision {precision:.2f},", end=" ")
    print(f"recall {wrong.sum() / (~labels[real]).sum():.2f}")
    final = model(fitted)
    return {**written(final.coef_[0], float(final.intercept_[0])), "abstain_below": round(float(below), 2)}


def _abstention_f1(answerable: np.ndarray, abstained: np.ndarray) -> float:
    right = float(np.sum(~answerable & abstained))
    return 2 * right / (float(np.sum(abstained)) + float(np.sum(~answerable)) + 1e-9)


def main(data: Path) -> None:
    """Fit and write everything."""
    bots.SHELVES.append(BUNDLED)
    encoder = Encoder.load()
    everything = [*of_bots(encoder), *of_sets(data, encoder)]
    supports, confidences = {}, {}
    for kind in ("dense", "lexical"):
        examples = [example for example in everything if example.kind == kind]
        alone, bridged = fit_support(examples)
        supports |= {f"{kind}_alone": written(alone, 0.0), f"{kind}_bridged": written(bridged, 0.0)}
        confidences[kind] = fit_confidence(examples)
        print(kind, len(examples), "examples", supports[f"{kind}_bridged"])
    folder = Path(support.__file__).parent
    names = [*evidence.FEATURES, *bridge.BRIDGES]
    _write(folder / "support.json", {"features": names, "models": supports})
    _write(folder / "confidence.json", {"signals": confidence.SIGNALS, "models": confidences})


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
