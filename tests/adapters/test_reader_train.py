"""Training the reader: a short run writes an adapter that loads, reads, and can be continued."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from adapters.models import DEFAULT_SHA256
from adapters.reader.runtime import Reader
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
    assert (card["task"], card["base_sha256"], card["epochs"]) == ("reader", DEFAULT_SHA256, "2")
    weights = load_file(first / "adapter_model.safetensors")
    assert any(np.abs(weight).max() > 0 for name, weight in weights.items() if "lora_B" in name)
    assert any("qa_outputs" in name for name in weights)
    again = [str(data), "--start", str(first), "--out", str(second), "--seed", "1"]
    train(*again, "--rank", "4", "--limit", "1", "--own", str(data / next(iter(SETS))), "2", "--rate", "0")
    after = load_file(second / "adapter_model.safetensors")
    assert after.keys() == weights.keys()
    assert all((after[name] == weight).all() for name, weight in weights.items())
    with pytest.raises(subprocess.CalledProcessError) as failure:
        train(*again, "--rank", "8")
    assert "expected (8, " in failure.value.stderr and "see --rank" in failure.value.stderr


def test_a_trained_adapter_reads_what_it_was_taught(tmp_path: Path) -> None:
    data, out = write_sets(tmp_path / "data"), tmp_path / "out"
    train(str(data), "--out", str(out), "--epochs", "40", "--rank", "8", "--rate", "3e-3", "--budget", "512")
    taught = Reader.load(str(out))
    for question, answer in QUESTIONS:
        (reading,) = taught.read(question, [("Accounts", CONTEXT)])
        span = reading.best(0, len(CONTEXT))
        assert span is not None and CONTEXT[span.start : span.end] == answer


def test_batches_stay_within_their_tokens_and_hold_every_row_once() -> None:
    features = [{"input_ids": [0] * (5 + 7 * number % 90)} for number in range(200)]
    found = batches(features, 300, 0)
    assert sorted(row for batch in found for row in batch) == list(range(200))
    for batch in found:
        widest = max(len(features[row]["input_ids"]) for row in batch)
        assert len(batch) == 1 or (widest + 7) // 8 * 8 * len(batch) <= 300
    assert found != batches(features, 300, 1)
