"""Word search finds stems and Chinese words, and is the same after saving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval.lexical import LexicalIndex

TEXTS = [
    "How to block a card",
    "Fees of a blocked account",
    "Opening hours",
    "信用卡丢失后请挂失",
    "贷款利率是多少",
    "",
]


@pytest.fixture
def index() -> LexicalIndex:
    return LexicalIndex.build(TEXTS)


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


def test_saved_and_opened_scores_the_same(index: LexicalIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    opened = LexicalIndex.open(tmp_path)
    for question in ("block a card", "信用卡", "zebra", ""):
        np.testing.assert_array_equal(opened.scores(question), index.scores(question))
    assert opened.idf("block") == pytest.approx(index.idf("block"))
    assert not [path for path in tmp_path.rglob("*") if path.suffix in {".pkl", ".pickle"}]


def test_texts_without_any_term_can_be_indexed(tmp_path: Path) -> None:
    index = LexicalIndex.build(["🙂", "?!"])
    index.save(tmp_path)
    assert LexicalIndex.open(tmp_path).scores("anything").tolist() == [0.0, 0.0]
