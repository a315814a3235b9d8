"""Statements turned into the yes/no questions that they answer."""

from __future__ import annotations

import pytest

from benchmarks.polar import polar


@pytest.mark.parametrize(
    ("statement", "question"),
    [
        ("Guests may bring a dog.", "May I bring a dog?"),
        ("Members must not park in the yard.", "May I park in the yard?"),
        ("You must show your passport at the desk.", "Must I show my passport at the desk?"),
        ("Customers are charged a fee of nine euros.", "Am I charged a fee of nine euros?"),
        ("Every bike **has to have** two working lights.", "Does every bike have to have two working lights?"),
        ("The **Blue Card** costs 9 euros a year!", "Does the Blue Card cost 9 euros a year?"),
        ("The warranty applies to new bikes if you keep the bill.", "Does the warranty apply to new bikes?"),
        ("The shop opens at nine on weekdays, but not in May.", "Does the shop open at nine on weekdays?"),
    ],
)
def test_a_statement_becomes_the_question_that_it_answers(statement: str, question: str) -> None:
    assert polar(statement) == question


@pytest.mark.parametrize(
    "statement",
    ["Call the desk at once.", "It is open on Sunday mornings.", "Dogs may stay.", "Those who smoke may use the yard."],
)
def test_what_has_no_such_form_is_no_question(statement: str) -> None:
    assert polar(statement) is None
