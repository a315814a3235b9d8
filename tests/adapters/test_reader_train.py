"""Training the reader: a short run writes an adapter that loads, reads, can be continued, and goes on after a kill."""

from __future__ import annotations

import json
import resource
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from adapters.models import DEFAULT_SHA256, ModelError, TrainingError
from adapters.reader.runtime import Reader
from adapters.reader.train import batches, held_out, train_reader
from adapters.registry import find_adapter
from adapters.squad import DataError
from adapters.training import Recipe

CONTEXT = "The Gold account costs 12 euros a month. The Student account is free. Cards arrive within five days."
QUESTIONS = [("What does the Gold account cost?", "12 euros a month"), ("When do Cards arrive?", "within five days")]
RECIPE = Recipe(rank=4, budget=512, epochs=2)
Told = list[dict[str, float]]


class Killed(Exception):
    pass


def write_data(path: Path, articles: int = 1) -> Path:
    qas = [
        {"question": question, "answers": [{"text": answer, "answer_start": CONTEXT.index(answer)}]}
        for question, answer in QUESTIONS
    ]
    other = {
        "context": "Branches are closed on Sundays. They open at nine.",
        "qas": [{"question": "Who?", "answers": []}],
    }
    article = {"title": "Accounts", "paragraphs": [{"context": CONTEXT, "qas": qas}, other]}
    path.write_text(json.dumps({"data": [article] * articles}), encoding="utf8")
    return path


def weights(folder: Path) -> dict[str, Any]:
    return dict(load_file(folder / "adapter_model.safetensors"))


def test_a_short_run_writes_an_adapter_and_another_continues_it(tmp_path: Path) -> None:
    data, first, second = write_data(tmp_path / "data.json"), tmp_path / "first", tmp_path / "second"
    card = train_reader([(data, 3)], None, first, RECIPE)
    assert card == json.loads((first / "card.json").read_text(encoding="utf8"))
    assert (card["task"], card["base_sha256"]) == ("reader", DEFAULT_SHA256)
    assert (card["data"], card["start"]) == ([{"name": "data.json", "times": 3}], None)
    before = weights(first)
    assert any(np.abs(weight).max() > 0 for name, weight in before.items() if "lora_B" in name)
    assert any("qa_outputs" in name for name in before)
    again = train_reader([(data, 1)], None, second, Recipe(rank=64, rate=0.0), find_adapter(str(first), "reader"))
    assert again["recipe"]["rank"] == 4
    after = weights(second)
    assert all((after[name] == weight).all() for name, weight in before.items())


def test_a_trained_adapter_reads_what_it_was_taught(tmp_path: Path) -> None:
    data, out = write_data(tmp_path / "data.json"), tmp_path / "out"
    train_reader([(data, 1)], data, out, replace(RECIPE, rank=8, rate=3e-3, epochs=40, patience=99))
    taught = Reader.load(str(out))
    for question, answer in QUESTIONS:
        (reading,) = taught.read(question, [("Accounts", CONTEXT)])
        span = reading.best(0, len(CONTEXT))
        assert span is not None and CONTEXT[span.start : span.end] == answer


def test_a_killed_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    data = [(write_data(tmp_path / "data.json"), 20.0)]
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    steps: Told = []
    train_reader(data, None, whole, RECIPE, watch=lambda step, total, told: steps.append(told))

    def kill(step: int, total: int, told: dict[str, float]) -> None:
        if step == total // 2 + 1:
            raise Killed

    with pytest.raises(Killed):
        train_reader(data, None, halves, RECIPE, watch=kill)
    with pytest.raises(TrainingError, match="of a training with other data or settings"):
        train_reader(data, None, halves, replace(RECIPE, seed=1))
    rest: Told = []
    train_reader(data, None, halves, RECIPE, watch=lambda step, total, told: rest.append(told))
    assert 0 < len(rest) < len(steps)
    there, here = weights(whole), weights(halves)
    assert all(np.allclose(there[name], here[name], atol=2e-3) for name in there)
    assert sorted(path.name for path in halves.iterdir()) == sorted(path.name for path in whole.iterdir())


def test_it_stops_when_held_out_data_gets_worse_and_keeps_the_best(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.json")
    wrong = json.loads(data.read_text(encoding="utf8"))
    for qa in wrong["data"][0]["paragraphs"][0]["qas"]:
        qa["answers"] = []
    dev = tmp_path / "dev.json"
    dev.write_text(json.dumps(wrong), encoding="utf8")
    told: Told = []
    recipe = replace(RECIPE, rank=8, rate=3e-3, epochs=30, patience=3)
    card = train_reader([(data, 1)], dev, tmp_path / "out", recipe, watch=lambda step, total, some: told.append(some))
    looks = [some["dev_loss"] for some in told if "dev_loss" in some]
    assert len(told) < card["steps_of_schedule"]
    assert card["scores"]["dev_loss"] == min(looks) and min(looks) not in looks[-3:]


def test_what_is_held_out_is_not_trained_on() -> None:
    from random import Random

    from adapters.reader.data import Example

    def article(name: str, passages: int) -> list[Example]:
        return [Example(f"{name} {number}?", "", f"{name} {number // 2}") for number in range(2 * passages)]

    several = [article(str(number), 5) for number in range(20)]
    train, aside = held_out(several, Random(0))
    assert (len(aside), len(train)) == (10, 19)
    for uneven in ([article("large", 95), article("small", 5)], [article("large", 95), article("tiny", 3)]):
        train, aside = held_out(uneven, Random(0))
        assert 0 < len(aside) <= 0.08 * 200 and len(aside) + sum(map(len, train)) == sum(map(len, uneven))
        assert not {e.passage for e in aside} & {e.passage for article in train for e in article}
    train, aside = held_out([article("only", 1)], Random(0))
    assert (len(train), aside) == (1, [])


@pytest.mark.parametrize("text", ["[]", "{", '{"data": [{"paragraphs": [{"context": "x"}]}]}', '{"data": 5}'])
def test_data_in_another_format_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(text, encoding="utf8")
    with pytest.raises(DataError, match=r"data\.json is not in SQuAD's format"):
        train_reader([(path, 1)], None, tmp_path / "out", RECIPE)
    assert not (tmp_path / "out").exists()


def test_a_question_that_is_too_long_is_cut(tmp_path: Path) -> None:
    data = json.loads(write_data(tmp_path / "data.json").read_text(encoding="utf8"))
    data["data"][0]["paragraphs"][0]["qas"][0]["question"] = "Why? " * 2_000
    path = tmp_path / "long.json"
    path.write_text(json.dumps(data), encoding="utf8")
    assert train_reader([(path, 1)], None, tmp_path / "out", RECIPE)["steps"] > 0


def test_a_training_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    data, out = write_data(tmp_path / "data.json"), tmp_path / "out"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(TrainingError, match=r"cannot be written: .*; make room, then remove it and begin again"):
            train_reader([(data, 3)], None, out, RECIPE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_answers_that_stand_nowhere_and_no_answers_at_all_are_refused(tmp_path: Path) -> None:
    data = json.loads(write_data(tmp_path / "data.json").read_text(encoding="utf8"))
    questions = data["data"][0]["paragraphs"][0]["qas"]
    for answers, message in (([{"text": "19 euros"}], "no answer stands at its"), ([], "none of the questions has an")):
        for qa in questions:
            qa["answers"] = answers
        path = tmp_path / "other.json"
        path.write_text(json.dumps(data), encoding="utf-8-sig")
        with pytest.raises(ModelError, match=message):
            train_reader([(path, 1)], None, tmp_path / "out", RECIPE)


def test_batches_stay_within_their_tokens_and_hold_every_row_once() -> None:
    features = [{"input_ids": [0] * (5 + 7 * number % 90)} for number in range(200)]
    found = batches(features, 300, 0)
    assert sorted(row for batch in found for row in batch) == list(range(200))
    for batch in found:
        widest = max(len(features[row]["input_ids"]) for row in batch)
        assert len(batch) == 1 or (widest + 7) // 8 * 8 * len(batch) <= 300
    assert found != batches(features, 300, 1)
