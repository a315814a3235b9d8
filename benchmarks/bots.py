"""Every bundled bot on its own questions, the worst first.

    python -m benchmarks.bots [--dev]

`eval.jsonl` is what the README reports; `--dev` takes `dev.jsonl`, on which thresholds are set.
"""

from __future__ import annotations

import argparse

import numpy as np

from apps import BUNDLED
from chatbot import bots
from chatbot.cli.opening import open_bot
from chatbot.evaluation.calibration import Bin, expected_calibration_error, reliability
from chatbot.evaluation.cases import read_cases
from chatbot.evaluation.metrics import mean
from chatbot.evaluation.own import evaluate_bot
from retrieval.encoder import Encoder

COLUMNS = ("recall@5", "mrr", "hit", "f1", "prec.", "ece", "valid", "abst. P", "abst. R", "p50 ms", "p95 ms")


def pooled_error(bins: list[Bin]) -> float:
    """Calibration error over the answers of all bots; of one bot's few dozen it is mostly chance."""
    confidence = np.repeat([b.confidence for b in bins], [b.count for b in bins])
    correct = np.concatenate([np.arange(b.count) < round(b.accuracy * b.count) for b in bins])
    return expected_calibration_error(reliability(confidence, correct))


def main(questions: str) -> None:
    """Measure and print a Markdown table."""
    bots.SHELVES.append(BUNDLED)
    encoder = Encoder.load()
    rows, bins = [], []
    for name in bots.bundled():
        bot = open_bot(name, encoder)
        report = evaluate_bot(bot, read_cases(bot.config.folder / questions))
        retrieval, answers, abstention, latency = (
            report[part] for part in ("retrieval", "answers", "abstention", "latency_ms")
        )
        values = (
            retrieval["recall@5"],
            retrieval["mrr"],
            answers["cited_sentence_hit"],
            answers["f1"],
            answers["precision"],
            report["calibration"]["ece"],
            answers["citations_valid"],
            abstention["precision"],
            abstention["recall"],
            latency["p50"],
            latency["p95"],
        )
        rows.append((name, values))
        bins += [Bin(**entry) for entry in report["calibration"]["bins"]]
    rows.sort(key=lambda row: row[1][2])
    rows.append(("mean", tuple(mean([values[i] for _, values in rows]) for i in range(len(COLUMNS)))))
    print(f"| bot | {' | '.join(COLUMNS)} |\n|---|{'---:|' * len(COLUMNS)}")
    for name, values in rows:
        shown = [f"{value:.2f}" if number < 9 else f"{value:.0f}" for number, value in enumerate(values)]
        print(f"| {name} | {' | '.join(shown)} |")
    print(f"\nCalibration error over the answers of all bots: {pooled_error(bins):.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dev", action="store_true")
    main("dev.jsonl" if parser.parse_args().dev else "eval.jsonl")
