"""The reranker: the shipped one and its training."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from adapters.models import DEFAULT_SHA256
from adapters.reranker.runtime import Reranker
from adapters.training import groups
from tests.adapters.test_matcher import ASKED

REPOSITORY = Path(__file__).parents[2]
NOTHING = ("How tall is the tower?", ("Cards › Fees: A replacement card costs 9 euros.", "House rules: No smoking."))


@pytest.fixture(scope="module")
def reranker() -> Reranker:
    return Reranker.load()


@pytest.mark.parametrize("question", [question for question in ASKED if not question.startswith("Who leads")])
def test_the_answer_scores_highest(reranker: Reranker, question: str) -> None:
    assert int(np.argmax(reranker.scores(question, ASKED[question]))) == 0


def test_what_answers_nothing_scores_below_none(reranker: Reranker) -> None:
    assert reranker.scores(*NOTHING).max() < 0


def test_threads_and_batches_do_not_change_scores(reranker: Reranker) -> None:
    pairs = [(question, text) for question, texts in ASKED.items() for text in texts]
    alone = [float(reranker.scores(question, [text])[0]) for question, text in pairs]
    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda question: reranker.scores(question, ASKED[question]), ASKED))
    assert np.allclose(alone, np.concatenate(batches), atol=0.15)
    assert reranker.scores("Anything?", []).shape == (0,)


def test_long_questions_and_texts_are_cut(reranker: Reranker) -> None:
    assert np.isfinite(reranker.scores("why " * 3_000, ["because " * 3_000, ""])).all()


def train(*arguments: str) -> str:
    command = [sys.executable, "-m", "adapters.reranker.train", *arguments]
    return subprocess.run(command, check=True, cwd=REPOSITORY, capture_output=True, text=True, timeout=300).stdout


def test_a_short_run_learns_its_lists_and_that_nothing_answers(tmp_path: Path) -> None:
    lists, out = tmp_path / "lists.jsonl", tmp_path / "out"
    entries = [
        {"question": question, "answer": texts[-1], "others": list(texts[:-1])} for question, texts in ASKED.items()
    ]
    entries.append({"question": NOTHING[0], "answer": None, "others": list(NOTHING[1])})
    lists.write_text("\n".join(map(json.dumps, entries)), encoding="utf8")
    options = ["--questions", "4", "--others", "2", "--rank", "8", "--rate", "3e-3"]
    said = train(f"{lists}:25", "--out", str(out), "--epochs", "4", *options)
    losses = [float(line.split("loss ")[1].split()[0]) for line in said.splitlines() if "loss" in line]
    assert losses[-1] < losses[0] / 2
    card = json.loads((out / "card.json").read_text(encoding="utf8"))
    assert (card["task"], card["base_sha256"], card["steps"]) == ("reranker", DEFAULT_SHA256, 100)
    assert any("classifier" in name for name in load_file(out / "adapter_model.safetensors"))
    taught = Reranker.load(str(out))
    for question, texts in ASKED.items():
        assert int(np.argmax(taught.scores(question, texts))) == len(texts) - 1
    assert taught.scores(*NOTHING).max() < 0


def test_groups_stay_within_their_tokens_and_hold_every_row_once() -> None:
    lengths = [5 + 7 * number % 90 for number in range(200)]
    found = groups(lengths, 300)
    assert sorted(row for rows in found for row in rows) == list(range(200))
    assert all((max(lengths[row] for row in rows) + 7) // 8 * 8 * len(rows) <= 300 for rows in found)
