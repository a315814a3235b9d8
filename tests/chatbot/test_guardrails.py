"""Urgent messages, blocked topics and personal data."""

from __future__ import annotations

import time

import pytest

from chatbot.config import Guardrails, Urgent
from chatbot.guardrails import blocked, mask, urgent

RULES = Guardrails(
    urgent=[
        Urgent(when=["can't breathe", "chest pain", "胸口疼"], say="Call 112."),
        Urgent(when=["lost card"], say="Call the card desk."),
    ],
    blocked=["investment advice", "理财建议"],
)


@pytest.mark.parametrize(
    "message",
    [
        "My father can't breathe",
        "I can’t breathe!",
        "i cant breathe",
        "CHEST PAINS since this morning",
        "Sudden chest-pain, what now?",
        "我胸口 疼得厉害",
    ],
)
def test_urgent_phrases_are_heard_however_they_are_typed(message: str) -> None:
    assert urgent(message, RULES) == "Call 112."


@pytest.mark.parametrize("message", ["I am painting a chest", "The pain of a chest of drawers", "", "?!"])
def test_words_that_only_resemble_a_phrase_raise_no_alarm(message: str) -> None:
    assert urgent(message, RULES) is None


def test_the_first_rule_that_applies_speaks() -> None:
    assert urgent("Lost card and chest pain", RULES) == "Call 112."
    assert urgent("Lost card", Guardrails()) is None


@pytest.mark.parametrize(
    ("message", "topic"),
    [
        ("Please give me investment advice", "investment advice"),
        ("I need advice about my investments", "investment advice"),
        ("给我一些理财建议吧", "理财建议"),
        ("What is an investment?", None),
        ("Any advice on cards?", None),
        ("", None),
    ],
)
def test_a_blocked_topic_needs_all_its_words(message: str, topic: str | None) -> None:
    assert blocked(message, RULES) == topic


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Write to jo.doe+bank@mail.example.org now", "Write to [e-mail] now"),
        ("My IBAN is DE89 3704 0044 0532 0130 00.", "My IBAN is [iban]."),
        ("Card 4111 1111 1111 1111 is lost", "Card [card] is lost"),
        ("Card 4111-1111-1111-1111", "Card [card]"),
        ("Ring +44 20 7946 0958 or 0800 555 0100", "Ring [phone] or [phone]"),
        ("+1 (415) 555-2671", "[phone]"),
        ("09 123 456, 12 345 678 or 800 123 000", "[phone], [phone] or [phone]"),
        ("我的电话是13812345678，谢谢", "我的电话是[phone]，谢谢"),
        ("邮箱zhang@example.com谢谢", "邮箱[e-mail]谢谢"),
        ("账户DE89370400440532013000有误", "账户[iban]有误"),
        ("身份证11010519491231002X", "身份证[id]"),
        ("a@b.example and c@d.example", "[e-mail] and [e-mail]"),
        ("Ask <jo@mail.example>.", "Ask <[e-mail]>."),
        (f"{'a' * 300}@mail.example", "[e-mail]"),
    ],
)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "What happened on 2024-01-15?",
        "The contract of 15-01-2024",
        "Rooms 12 and 14, 3.5 per cent, 1,250,000 euros",
        "Between 10 000 000 and 250 000 000 euros",
        "Form B12, paragraph 7, from 9:00 to 17:30",
        "Serial number 4111111111111112",
        "@home or a@b",
        "二零二四年一月十五日",
    ],
)
def test_dates_amounts_and_numbers_are_no_personal_data(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize("run", ["a", "1", "1 ", "@", "a.", "a@", "-", "DE89 ", "a@b."])
def test_masking_a_long_run_takes_no_longer_than_it_must(run: str) -> None:
    begun = time.perf_counter()
    mask(run * (60_000 // len(run)))
    assert time.perf_counter() - begun < 1.0
