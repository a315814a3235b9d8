"""A bot that never abstains for its confidence, made from one that does."""

from __future__ import annotations

from chatbot.bot import Bot
from chatbot.evaluation.eager import certainties, eager

UNKNOWN = "Who won the 1998 chess championship?"


def test_it_answers_where_the_bot_abstains_and_leaves_the_bot_as_it_was(northwind: Bot) -> None:
    threshold, refused = northwind.threshold, northwind.ask(UNKNOWN)
    twin = eager(northwind)
    answer = twin.ask(UNKNOWN)
    assert refused.abstained and not answer.abstained and answer.citations
    assert answer.confidence == refused.confidence < threshold.value
    assert northwind.threshold == threshold and northwind.ask(UNKNOWN).text == refused.text


def test_it_shares_what_the_bot_has_loaded(northwind: Bot) -> None:
    northwind.ask(UNKNOWN)
    twin = eager(northwind)
    assert twin.support is northwind.support and twin.index is northwind.index


def test_what_is_never_answered_is_not_answered_by_it_either(northwind: Bot) -> None:
    assert eager(northwind).ask("Give me investment advice").abstained


def test_only_an_answer_that_was_weighed_has_its_confidence_as_certainty(northwind: Bot) -> None:
    twin = eager(northwind)
    asked = ["What does a replacement card cost?", "How do I unblock my card?", "Give me investment advice"]
    replies = [twin.ask(question) for question in asked]
    assert certainties(replies).tolist() == [replies[0].confidence, 1.0, 0.0]
    assert 0 < replies[0].confidence < 1
