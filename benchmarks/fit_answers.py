"""Fit what decides an extractive answer: `chatbot/support.json` and `chatbot/confidence.json`.

    python -m benchmarks.fit_answers DATA

Questions are those of every bundled bot's `dev.jsonl`, never of `eval.jsonl`, of the practice domains that no adapter
was trained on, and a sample of DATA's `squad/train.json`, `reading/policy.json`, `reading/fairytale.json` (English)
and `cmrc2018/trial.json` (Chinese). A unit is a positive example when it holds the answer. For the confidence each bot
is also asked questions of others. Bots that the encoder does not know, and CMRC, fit the `lexical` models. Thresholds
are the highest at which a share `PRECISION` of the bundled bots' abstentions is right, on their own questions and those
of other bots, predicted for each bot by models fitted on the others.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from apps import BUNDLED
from benchmarks.practice import domains
from chatbot import bots, confidence, evidence, support
from chatbot.cli.opening import open_bot
from chatbot.evaluation.metrics import contains
from chatbot.evaluation.own import read_cases
from chatbot.evaluation.squad import read_squad
from chatbot.search import Searcher
from chatbot.units import said
from retrieval.encoder import Encoder
from retrieval.index import Index
from retrieval.splitter import split
from retrieval.text import is_cjk

SETS = {"squad/train.json": 150, "reading/policy.json": 60, "reading/fairytale.json": 60, "cmrc2018/trial.json": 150}
TOP_K = 10
WEIGHTS = {"bot": 1.0, "practice": 0.3, "foreign": 0.3, "set": 0.1}
"""What a question counts, by its source: a bundled bot, a practice domain, another bot, a public set."""
FOREIGN = 20
"""Questions of other bots that each is asked."""
UNANSWERABLE = 0.3
"""The share of the whole weight that unanswerable questions have for the confidence and its threshold."""
PRECISION = 2 / 3
"""Not more, because most of the unanswerable questions are near misses."""
RIDGE = 0.03


@dataclass(frozen=True)
class Asked:
    """One question with its evidence.

    Args:
        source: A key of `WEIGHTS`.
        gold: Empty where nothing answers it.
        answers: Which units hold the answer.
    """

    group: str
    source: str
    gold: list[str]
    index: Index
    evidence: evidence.Evidence
    answers: np.ndarray

    @property
    def weight(self) -> float:
        """What it counts."""
        return WEIGHTS[self.source]


def asked(group: str, source: str, searcher: Searcher, question: str, gold: list[str]) -> Asked:
    """Ask one question."""
    found = searcher.search(question, TOP_K)
    index = searcher.index
    collected = evidence.gather(question, found, index, support.grafts_for(index))
    right = [
        any(contains(text, answer) for answer in gold for text in {unit.text, said(unit)}) for unit in collected.units
    ]
    return Asked(group, source, gold, index, collected, np.array(right, dtype=bool))


def of_bots(encoder: Encoder) -> Iterator[Asked]:
    """Questions of the bundled bots and of the kept practice domains, and for each some of the others' questions."""
    chance = random.Random(0)
    sources = [(bots.find(name), "bot") for name in bots.bundled()]
    sources += [(bots.find(str(folder)), "practice") for folder in domains(trained=False)]
    cases = {source.config.name: read_cases(source.config.folder / "dev.jsonl") for source, _ in sources}
    for source, kind in sources:
        name, bot = source.config.name, open_bot(source, encoder)
        for case in cases[name]:
            yield asked(name, kind, bot.searcher, case.question, [case.answer] if case.answer else [])
        chinese = is_cjk(cases[name][0].question)
        others = [case.question for other in cases if other != name for case in cases[other]]
        for question in chance.sample([q for q in others if is_cjk(q) == chinese], FOREIGN):
            yield asked(name, "foreign", bot.searcher, question, [])


def of_sets(data: Path, encoder: Encoder) -> Iterator[Asked]:
    """A sample of the public sets; each question searches all paragraphs of its file."""
    for name, count in SETS.items():
        documents, questions = read_squad(data / name)
        answerable = [question for question in questions if question.answers]
        random.Random(0).shuffle(answerable)
        chunks = [chunk for document in documents for chunk in split(document)]
        with tempfile.TemporaryDirectory() as folder:
            index = Index.build(Path(folder), documents, chunks, encoder)
            searcher = Searcher(index, None)
            for question in answerable[:count]:
                yield asked(name, "set", searcher, question.text, list(question.answers))


def fit_ranking(rows: list[np.ndarray], answers: list[np.ndarray], weights: list[float]) -> np.ndarray:
    """Weights of a conditional logit: of a question's units, those that answer get the most of a softmax.

    Only a unit's size may speak against it.
    """
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

    bounds = [(None if name in ("short", "long") else 0.0, None) for name in support.FEATURES[: rows[0].shape[1]]]
    return np.asarray(minimize(loss, np.zeros(len(bounds)), jac=True, method="L-BFGS-B", bounds=bounds).x)


def fit_support(examples: list[Asked], rows: list[np.ndarray]) -> support.Logistic:
    """Weights for the units' features, `rows` an example."""
    useful = [number for number, example in enumerate(examples) if example.answers.any()]
    return support.Logistic(
        fit_ranking(
            [rows[number] for number in useful],
            [examples[number].answers for number in useful],
            [examples[number].weight for number in useful],
        ).astype(np.float32),
        0.0,
    )


def all_features(example: Asked, alone: support.Logistic) -> np.ndarray:
    """All features of an example's units."""
    scores = alone.log_odds(example.evidence.features)
    return support.all_features(example.evidence, scores, example.index, support.grafts_for(example.index))


def report_hits(name: str, examples: list[Asked], orders: list[support.Ranked]) -> None:
    """Print how often one of the best units answers."""
    for first in (1, 2, 3, 5):
        hits = [
            any(example.answers[entry.row] for entry in order.best[:first])
            for example, order in zip(examples, orders, strict=True)
        ]
        print(f"{name}: one of the first {first} answers {np.mean(hits):.3f} of {len(hits)}")


def written(weights: np.ndarray, bias: float) -> dict[str, Any]:
    """A model as it is kept."""
    return {"weights": [round(float(w), 4) for w in weights], "bias": round(bias, 4)}


def held_out(examples: list[Asked], rows: list[np.ndarray]) -> np.ndarray:
    """Signals of every example, its units ranked by models that have not seen its group."""
    signals = np.zeros((len(examples), len(confidence.SIGNALS)))
    orders: list[Any] = [None] * len(examples)
    for group in sorted({example.group for example in examples}):
        others = [number for number, example in enumerate(examples) if example.group != group]
        model = fit_support([examples[number] for number in others], [rows[number] for number in others])
        for number, example in enumerate(examples):
            if example.group == group and example.evidence.units:
                orders[number] = support.ranked(example.evidence, rows[number], model.log_odds(rows[number]))
                signals[number] = confidence.signals(orders[number])
    for source in ("bot", "practice"):
        own = [
            (example, order)
            for example, order in zip(examples, orders, strict=True)
            if example.source == source and example.gold
        ]
        report_hits(f"held out {source}", [example for example, _ in own], [order for _, order in own])
    return signals


def fit_confidence(examples: list[Asked], rows: list[np.ndarray]) -> dict[str, Any]:
    """The calibrated model and its threshold.

    Raises:
        SystemExit: The model tells bots it has not seen no better than chance.
    """
    signals = held_out(examples, rows)
    source = np.array([example.source for example in examples])
    group = np.array([example.group for example in examples])
    labels = np.array([bool(example.gold) for example in examples])
    weights = np.array([example.weight for example in examples])
    fitted, own, odd = source != "set", source == "bot", source == "practice"
    real = own | ((source == "foreign") & np.isin(group, group[own]))
    predicted = np.zeros(len(examples))

    def model(mask: np.ndarray) -> support.Logistic:
        return fit_logistic(signals[mask], labels[mask], balanced(labels[mask], weights[mask]))

    for name in sorted(set(group[fitted])):
        predicted[group == name] = model(fitted & (group != name)).log_odds(signals[group == name])
    predicted = 1 / (1 + np.exp(-predicted))
    print(f"held out practice domains: AUROC {roc_auc_score(labels[odd], predicted[odd]):.3f}")
    auroc = roc_auc_score(labels[real], predicted[real])
    if auroc <= 0.5:
        raise SystemExit(f"the confidence tells nothing: AUROC {auroc:.3f} on bots it has not seen")
    shares = balanced(labels[real], np.ones(real.sum()))
    right = {t: precision(labels[real], predicted[real] < t, shares) for t in np.arange(0.2, 0.9, 0.002)}
    below = max((t for t, share in right.items() if share >= PRECISION), default=0.2)
    unknown = [np.mean(predicted[mask] < below) for mask in (own & ~labels, real & ~own)]
    print(
        f"held out: AUROC {auroc:.3f}, {roc_auc_score(labels[own], predicted[own]):.3f} on their own questions,",
        end=" ",
    )
    print(f"abstain below {below:.3f}: precision {right[below]:.2f},", end=" ")
    print(f"recall {unknown[0]:.2f}, {unknown[1]:.2f} on questions of other bots")
    final = model(fitted)
    return {**written(final.weights, final.bias), "abstain_below": round(float(below), 3)}


def fit_logistic(signals: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> support.Logistic:
    """A logistic model none of whose signals speaks against an answer."""
    from scipy.optimize import minimize

    sides = np.where(labels, 1.0, -1.0)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        odds = sides * (signals @ w[:-1] + w[-1])
        slope = -sides * weights / (1 + np.exp(odds))
        total = float(weights @ np.logaddexp(0, -odds) + w[:-1] @ w[:-1] / 2)
        return total, np.append(slope @ signals + w[:-1], slope.sum())

    width = signals.shape[1]
    bounds = [(0.0, None)] * width + [(None, None)]
    found = minimize(loss, np.zeros(width + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return support.Logistic(found[:-1].astype(np.float32), float(found[-1]))


def balanced(answerable: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weights of which the unanswerable questions have a share `UNANSWERABLE`."""
    yes, no = weights[answerable].sum(), weights[~answerable].sum()
    return weights * np.where(answerable, 1.0, UNANSWERABLE / (1 - UNANSWERABLE) * yes / no)


def precision(answerable: np.ndarray, abstained: np.ndarray, weights: np.ndarray) -> float:
    """Share of abstentions that were right, by weight."""
    return float(weights[~answerable & abstained].sum() / max(1e-9, weights[abstained].sum()))


def main(data: Path) -> None:
    """Fit and write everything."""
    bots.SHELVES.append(BUNDLED)
    encoder = Encoder.load()
    # a question that finds nothing is never answered, whatever the weights
    everything = [example for example in (*of_bots(encoder), *of_sets(data, encoder)) if example.evidence.units]
    supports, confidences = {}, {}
    for kind in ("dense", "lexical"):
        examples = [example for example in everything if support.judge(example.index) == kind]
        alone = fit_support(examples, [example.evidence.features for example in examples])
        rows = [all_features(example, alone) for example in examples]
        final = fit_support(examples, rows)
        supports |= {f"{kind}_alone": written(alone.weights, 0.0), f"{kind}_whole": written(final.weights, 0.0)}
        confidences[kind] = fit_confidence(examples, rows)
        print(kind, len(examples), "examples", supports[f"{kind}_whole"])
    folder = Path(support.__file__).parent
    _write(folder / "support.json", {"features": support.FEATURES, "models": supports})
    _write(folder / "confidence.json", {"signals": confidence.SIGNALS, "models": confidences})


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
