"""The reranker: the shipped one and its training."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from adapters.models import DEFAULT_SHA256
from adapters.reranker.runtime import Reranker
from adapters.training import Recipe, groups
from tests.adapters.test_matcher import ASKED

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


def test_a_short_run_learns_its_lists_and_that_nothing_answers(tmp_path: Path) -> None:
    from adapters.lists import TextList, train_on_lists
    from adapters.reranker.train import RERANKER

    lists = [TextList(question, texts[-1], list(texts[:-1])) for question, texts in ASKED.items()]
    lists.append(TextList(NOTHING[0], None, list(NOTHING[1])))
    recipe = Recipe(rank=8, rate=3e-3, epochs=4)
    losses: list[float] = []
    card = train_on_lists(
        RERANKER,
        lists * 25,
        lists * 6,
        [],
        tmp_path,
        recipe,
        watch=lambda step, total, told: losses.append(told["loss"]),
    )
    assert losses[-1] < losses[0] / 2
    assert (card["task"], card["base_sha256"]) == ("reranker", DEFAULT_SHA256)
    assert any("classifier" in name for name in load_file(tmp_path / "adapter_model.safetensors"))
    taught = Reranker.load(str(tmp_path))
    for question, texts in ASKED.items():
        assert int(np.argmax(taught.scores(question, texts))) == len(texts) - 1
    assert taught.scores(*NOTHING).max() < 0


def test_groups_stay_within_their_tokens_and_hold_every_row_once() -> None:
    lengths = [5 + 7 * number % 90 for number in range(200)]
    found = groups(lengths, 300)
    assert sorted(row for rows in found for row in rows) == list(range(200))
    assert all((max(lengths[row] for row in rows) + 7) // 8 * 8 * len(rows) <= 300 for rows in found)
