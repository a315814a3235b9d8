"""The comparison: what runs within a time, what is advised and why, and the report that says so."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pytest

from adapters.classifier.data import Data
from adapters.compare.ladder import climb, few, with_test
from adapters.compare.report import write
from adapters.compare.summary import advice, spread, summary
from adapters.labelled import Labelled

TEXTS = {
    "card": ["I lost my card", "my wallet was stolen, stop the card", "please freeze my debit card", "card gone"],
    "rate": ["what interest do savings earn", "how high is the loan rate", "the rate of the account?", "APR on loans"],
    "oos": ["will it rain tomorrow", "tell me a joke", "who won the match", "how do I bake bread"],
}
EXAMPLES = [Labelled(text, label) for label, texts in TEXTS.items() for text in texts]


def row(accuracy: float, seconds: float = 1.0, seeds: int = 3, texts: int = 4000, rate: float = 100) -> dict[str, Any]:
    score = {"mean": accuracy, "half": 0.002 if seeds > 1 else None, "values": [accuracy] * seeds}
    half = (accuracy * (1 - accuracy) / texts) ** 0.5 * 1.96
    return {
        "seeds": seeds,
        "scores": {"accuracy": score},
        "interval": [accuracy - half, accuracy + half],
        "labels": {"a": {"texts": texts}},
        "train_seconds": seconds,
        "size_mb": seconds,
        "texts_a_second": rate,
    }


def test_without_time_the_cheapest_alone_is_run_and_the_rest_is_named(tmp_path: Path) -> None:
    data = Data(EXAMPLES * 2, EXAMPLES, EXAMPLES, [{"name": "texts.jsonl", "times": 1.0}])
    found = climb(data, "default", tmp_path, 1e-3, 2, {}, lambda name, done, total: None)
    assert [run.method for run in found.runs] == ["prompt"]
    assert found.left_out[0] == "head-0: it would take about a minute more"
    assert (
        "distil-0: it has no teacher" in found.left_out
        and "lora-1: it would take about a minute more" in found.left_out
    )
    report = summary(data, found, lambda method: None)
    assert report["advice"]["method"] == "prompt" and "One seed" in report["advice"]["reason"]
    assert (
        report["methods"]["prompt"]["robustness"]["clean"] == report["methods"]["prompt"]["scores"]["accuracy"]["mean"]
    )
    files = write(report, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(json.dumps(report))
    for path in files[:2]:
        text = html.unescape(path.read_text(encoding="utf8"))
        assert report["advice"]["reason"] in text and all(one in text for one in report["left_out"])


def test_the_cheapest_within_a_point_of_the_best_is_advised() -> None:
    methods = {"prompt": row(0.7), "head": row(0.957, 5), "lora": row(0.965, 60), "full": row(0.966, 600)}
    found = advice(methods)
    assert found["method"] == "head" and "within 1 point of the best, full" in found["reason"]
    assert "prompt, the best of what is cheaper, is 25.7 points lower" in found["reason"]
    methods["head"] = row(0.94, 5)
    assert advice(methods)["method"] == "lora"
    assert "more than any other" in advice({"head": row(0.9)})["reason"]


def test_the_advice_says_what_it_does_not_know() -> None:
    assert "±3.0 points: more may change this" in advice({"head": row(0.9, texts=384)})["reason"]
    assert "spread over seeds is not known" in advice({"head": row(0.9, seeds=1)})["reason"]
    found = advice({"head": row(0.9), "distil": row(0.89, rate=210)})
    assert found["student"] == "Where speed counts, distil keeps 98.9% of its accuracy at 2.1 times its speed."


def test_seeds_give_an_interval_of_students_t() -> None:
    assert spread([0.9]) == {"mean": 0.9, "half": None, "values": [0.9]}
    assert spread([0.9, 0.92, 0.94])["half"] == pytest.approx(4.30 * 0.02 / 3**0.5, abs=1e-4)


def test_a_part_is_put_aside_and_few_examples_are_drawn() -> None:
    data = with_test(Data(EXAMPLES * 5, EXAMPLES, [], []))
    assert data.test and len(data.train) + len(data.test) == 60
    some = few(data, 3, 0)
    assert some is not None and len(some.train) == 9 and some == few(data, 3, 0)
    assert few(data, 50, 0) is None
