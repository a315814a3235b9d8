"""Word search finds stems and Chinese words, and is the same after saving."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from retrieval.bags import bag
from retrieval.lexical import Block, LexicalIndex, highest

TEXTS = [
    "How to block a card",
    "Fees of a blocked account",
    "Opening hours",
    "信用卡丢失后请挂失",
    "贷款利率是多少",
    "",
]


def written(texts: list[str], folder: Path, at_once: int = 2) -> LexicalIndex:
    def blocks() -> Iterator[Block]:
        for begin in range(0, len(texts), at_once):
            bags = [bag(text) for text in texts[begin : begin + at_once]]
            numbers = np.arange(begin, begin + len(bags))
            yield np.repeat(numbers, [len(found) for found in bags]), np.concatenate(bags)

    LexicalIndex.write(folder, blocks, len(texts))
    return LexicalIndex.open(folder)


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    return written(TEXTS, tmp_path)


@pytest.mark.parametrize(
    ("question", "best"),
    [("Are cards being blocked?", 0), ("OPENING HOUR", 2), ("我的信用卡丢失了", 3), ("利率？", 4), ("account fee!", 1)],
)
def test_the_best_text_scores_highest(index: LexicalIndex, question: str, best: int) -> None:
    assert int(index.scores(question).argmax()) == best


@pytest.mark.parametrize("question", ["", "?!", "🙂", "the of and", "zebra", "\x00", "x" * 100_000])
def test_no_known_word_scores_zero_everywhere(index: LexicalIndex, question: str) -> None:
    assert index.scores(question).tolist() == [0.0] * len(TEXTS)


def test_rare_terms_tell_more(index: LexicalIndex) -> None:
    assert index.idf("hour") > index.idf("block") > 0
    assert index.idf("zebra") == index.idf("hour")


def test_blocks_of_any_size_make_the_same_index(index: LexicalIndex, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = written(TEXTS, tmp_path / "whole", at_once=100)
    for question in ("block a card", "信用卡", "zebra", ""):
        np.testing.assert_array_equal(whole.scores(question), index.scores(question))
    assert whole.idf("block") == index.idf("block")


def test_scores_are_those_of_bm25(index: LexicalIndex) -> None:
    length, mean = 3, sum(bag(text)["count"].sum() for text in TEXTS) / 5
    idf = math.log(1 + (5 - 2 + 0.5) / (2 + 0.5))
    assert bag(TEXTS[1])["count"].sum() == length
    assert index.scores("blocked")[1] == pytest.approx(idf / (1 + 1.2 * (0.25 + 0.75 * length / mean)))


def test_texts_without_any_term_can_be_indexed(tmp_path: Path) -> None:
    assert written(["🙂", "?!"], tmp_path).scores("anything").tolist() == [0.0, 0.0]


@pytest.mark.parametrize("size", [0, 1, 100, 6_400, 6_401, 50_000])
@pytest.mark.parametrize("matching", [0, 0.001, 0.3, 1])
@pytest.mark.parametrize("levels", [3, 10_000])
def test_the_highest_scores_in_order(size: int, matching: float, levels: int) -> None:
    rng = np.random.default_rng(size)
    scores = (rng.integers(1, levels, size) * (rng.random(size) < matching)).astype(np.float32)
    expected = np.argsort(-scores, kind="stable")[:100]
    assert highest(scores, 100).tolist() == expected[scores[expected] > 0].tolist()
