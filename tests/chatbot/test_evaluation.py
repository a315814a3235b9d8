"""What the evaluations make of a bot's replies."""

from __future__ import annotations

import math

import pytest

from chatbot.bot import Bot
from chatbot.evaluation.cases import Case
from chatbot.evaluation.eager import eager
from chatbot.evaluation.metrics import auroc
from chatbot.evaluation.own import grade, try_all
from chatbot.reply import Reply
from tests.chatbot.small_bot import Reconfigured


def test_replies_are_graded_by_their_best_cited_sentence(northwind: Bot) -> None:
    asked = "What does a replacement card cost?"
    answers = ("9 euros", "A replacement card costs 9 euros.", "9 camels", None)
    cases = [Case(asked, answer, ()) for answer in answers]
    grades = grade(cases, try_all(northwind, cases))
    assert grades.shape == (4, 2)
    assert grades[:, 1].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert grades[1, 0] == 1.0 > grades[0, 0] > grades[2, 0] > grades[3, 0] == 0.0


def test_a_row_of_a_table_is_graded_in_the_words_it_is_shown_in(northwind: Bot) -> None:
    cases = [Case("What is the daily limit of the Gold account?", "Daily limit: 2,000 euros", ())]
    assert grade(cases, try_all(northwind, cases))[0, 1] == 1.0


def test_an_abstention_has_no_grade() -> None:
    assert grade([Case("Who?", "Nora", ())], [Reply("I do not know. Nora?", abstained=True)]).tolist() == [[0.0, 0.0]]


def test_a_bot_and_its_eager_twin_load_their_models_once(reconfigured: Reconfigured) -> None:
    bot = reconfigured()
    assert eager(bot).support is bot.support


@pytest.mark.parametrize(
    ("scores", "positive", "expected"),
    [
        ([2.0, 1.0, 0.5, -1.0], [True, True, False, False], 1.0),
        ([2.0, 1.0, 0.5, -1.0], [False, False, True, True], 0.0),
        ([0.3, 0.3, 0.3, 0.3], [True, False, True, False], 0.5),
        ([1.0, 0.0, 0.0, -math.inf], [True, True, False, False], 0.875),
        ([-math.inf, -math.inf, -20.0], [True, False, False], 0.25),
        ([1.0, 2.0], [True, True], None),
    ],
)
def test_the_auroc_counts_ties_half(scores: list[float], positive: list[bool], expected: float | None) -> None:
    assert auroc(scores, positive) == expected
