"""Fit what decides an extractive answer: `chatbot/support.json` and `chatbot/confidence.json`.

    python -m benchmarks.fit_answers DATA

Questions are those of every bundled bot's `dev.jsonl`, never of `eval.jsonl`, of the practice domains that no adapter
was trained on, and a sample of DATA's `cmrc2018/trial.json` (Chinese). A unit is a positive example when it holds the
answer. For the confidence each bot is also asked questions of others. Bots that the encoder does not know, and CMRC,
fit the `lexical` models. Thresholds are the highest at which a share `PRECISION` of the bundled bots' abstentions is
right, on their own questions and those of other bots, predicted for each bot by models fitted on the others; only which
units may lead to others and which are read again is settled by a model of all.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from apps import BUNDLED
from benchmarks.fit_confidence import fit_confidence
from benchmarks.questions import Asked, of_bots, of_sets
from chatbot import bots, confidence, support
from chatbot.evaluation.metrics import contains
from chatbot.extractive import compose
from retrieval.encoder import Encoder

RIDGE = 0.03


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
    return support.all_features(example.evidence, scores, example.index, example.grafts)


def report_hits(name: str, examples: list[Asked], orders: list[support.Ranked]) -> None:
    """Print how often one of the best units answers."""
    for first in (1, 2, 3, 5):
        hits = [
            any(example.answers[entry.row] for entry in order.best[:first])
            for example, order in zip(examples, orders, strict=True)
        ]
        print(f"{name}: one of the first {first} answers {np.mean(hits):.3f} of {len(hits)}")


def held_out(examples: list[Asked], rows: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Signals of every example and whether its answer is correct, ranked by models that have not seen its group."""
    signals = np.zeros((len(examples), len(confidence.SIGNALS)))
    correct = np.zeros(len(examples), dtype=bool)
    orders: list[Any] = [None] * len(examples)
    for group in sorted({example.group for example in examples}):
        others = [number for number, example in enumerate(examples) if example.group != group]
        model = fit_support([examples[number] for number in others], [rows[number] for number in others])
        for number, example in enumerate(examples):
            if example.group == group and example.evidence.units:
                orders[number] = support.ranked(example.evidence, rows[number], model.log_odds(rows[number]))
                signals[number] = confidence.signals(orders[number])
                correct[number] = is_correct(example, orders[number])
    for source in ("bot", "practice"):
        own = [
            (example, order)
            for example, order in zip(examples, orders, strict=True)
            if example.source == source and example.gold
        ]
        report_hits(f"held out {source}", [example for example, _ in own], [order for _, order in own])
    return signals, correct


def is_correct(example: Asked, order: support.Ranked) -> bool:
    """Whether the answer that is composed holds the gold answer."""
    text, citations = compose(example.question, order.best, example.evidence.titles, example.faqs)
    told = [text, *(citation.quote for citation in citations)]
    return any(contains(part, answer) for part in told for answer in example.gold)


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
        confidences[kind] = fit_confidence(examples, *held_out(examples, rows))
        print(kind, len(examples), "examples", supports[f"{kind}_whole"])
    folder = Path(support.__file__).parent
    _write(folder / "support.json", {"features": support.FEATURES, "models": supports})
    _write(folder / "confidence.json", {"signals": confidence.SIGNALS, "models": confidences})


def written(weights: np.ndarray, bias: float) -> dict[str, Any]:
    """A model as it is kept."""
    return {"weights": [round(float(w), 4) for w in weights], "bias": round(bias, 4)}


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA")
    main(parser.parse_args().data)
