"""Training the reader: a short run writes an adapter that loads, reads, and can be continued."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from adapters.models import DEFAULT_SHA256
from adapters.reader.train import SETS, batches

REPOSITORY = Path(__file__).parents[2]
CONTEXT = "The Gold account costs 12 euros a month. The Student account is free. Cards arrive within five days."
QUESTIONS = [("What does the Gold account cost?", "12 euros a month"), ("When do Cards arrive?", "within five days")]


def write_sets(folder: Path) -> Path:
    qas = [
        {"question": question, "answers": [{"text": answer, "answer_start": CONTEXT.index(answer)}]}
        for question, answer in QUESTIONS
    ]
    other = {"context": "Branches are closed on Sundays.", "qas": [{"question": "Who?", "answers": []}]}
    data = {"data": [{"title": "Accounts", "paragraphs": [{"context": CONTEXT, "qas": qas}, other]}]}
    for name in SETS:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data), encoding="utf8")
    return folder


def train(*arguments: str) -> None:
    command = [sys.executable, "-m", "adapters.reader.train", *arguments]
    subprocess.run(command, check=True, cwd=REPOSITORY, capture_output=True, text=True, timeout=300)


def test_a_short_run_writes_an_adapter_and_another_continues_it(tmp_path: Path) -> None:
    data, first, second = write_sets(tmp_path / "data"), tmp_path / "first", tmp_path / "second"
    train(str(data), "--out", str(first), "--epochs", "2", "--rank", "4", "--budget", "512")
    card = json.loads((first / "card.json").read_text(encoding="utf8"))
    assert (card["task"], card["base_sha256"], card["epochs_done"]) == ("reader", DEFAULT_SHA256, 2)
    weights = load_file(first / "adapter_model.safetensors")
    assert any(np.abs(weight).max() > 0 for name, weight in weights.items() if "lora_B" in name)
    assert any("qa_outputs" in name for name in weights)
    own = str(data / next(iter(SETS)))
    train(str(data), "--out", str(second), "--start", str(first), "--batches", "1", "--own", own, "2")
    after = load_file(second / "adapter_model.safetensors")
    assert after.keys() == weights.keys()
    assert any((after[name] != weight).any() for name, weight in weights.items())


def test_batches_stay_within_their_tokens_and_hold_every_row_once() -> None:
    features = [{"input_ids": [0] * (5 + 7 * number % 90)} for number in range(200)]
    found = batches(features, 300, 0)
    assert sorted(row for batch in found for row in batch) == list(range(200))
    for batch in found:
        widest = max(len(features[row]["input_ids"]) for row in batch)
        assert len(batch) == 1 or widest * len(batch) <= 300
    assert found != batches(features, 300, 1)
