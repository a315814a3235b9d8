"""Follow-up questions are searched with what they lean on; others are left alone."""

from __future__ import annotations

import pytest

from chatbot.followup import condense

CARD = ["How do I block a lost card?"]


@pytest.mark.parametrize(
    ("question", "asked", "expected"),
    [
        ("And how much does it cost?", CARD, "How do I block a lost card; And how much does it cost?"),
        ("Why?", CARD, "How do I block a lost card; Why?"),
        ("What about joint accounts?", CARD, "How do I block a lost card; What about joint accounts?"),
        ("那要多少钱？", ["怎么挂失银行卡？"], "怎么挂失银行卡，那要多少钱？"),
    ],
)
def test_a_question_that_leans_on_the_one_before_is_made_whole(question: str, asked: list[str], expected: str) -> None:
    assert condense(question, asked) == expected


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("How long does a transfer to another country take?", CARD),
        ("And when does the Harbour branch in Norwich open on Saturdays?", CARD),
        ("How do I block it if my lost card is blocked?", CARD),
        ("银行卡丢了以后应该怎样办理挂失手续？", ["北京分行几点开门？"]),
    ],
)
def test_a_question_that_names_its_subject_is_left_alone(question: str, asked: list[str]) -> None:
    assert condense(question, asked) == question


def test_the_first_question_is_left_alone() -> None:
    assert condense("And how much does it cost?", []) == "And how much does it cost?"


def test_only_the_last_question_counts() -> None:
    asked = ["When does the branch open?", "What is a standing order?"]
    assert condense("How do I cancel it?", asked) == "What is a standing order; How do I cancel it?"
