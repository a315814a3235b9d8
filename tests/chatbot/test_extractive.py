"""Answers in the documents' own words, each unit with its citation."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from chatbot.extractive import compose
from chatbot.reply import Citation
from chatbot.support import Supported
from chatbot.units import Unit, units
from retrieval.document import Chunk

LIST = (
    "To replace a card you need these documents:\n\n- a passport or an identity card\n- a proof of address\n"
    "- the form B12\n\nThe desk keeps a copy."
)
TABLE = (
    "| Account | Daily limit | Fee |\n| --- | --- | --- |\n"
    "| Student | 300 euros | |\n| Gold | 2,000 euros | 12 euros |\n"
)
CODE = "Read a file like this:\n\n```python\nwith open(path) as file:\n    text = file.read()\n```\n\nThen close it."


def chunk(text: str, name: str = "a.md") -> Chunk:
    return Chunk(f"{name}#0", name, text, 50, 50 + len(text), "Section")


def pick(chunk: Chunk, start: str) -> Unit:
    return next(unit for unit in units(chunk) if unit.text.startswith(start))


def answer(question: str, *ranked: tuple[Unit, float]) -> tuple[str, list[Citation]]:
    text, citations = _composed(question, *ranked)
    for citation, unit in zip(citations, (unit for unit, _ in ranked), strict=False):
        start, end = citation.start - unit.chunk.start, citation.end - unit.chunk.start
        assert citation.quote and unit.chunk.text[start:end] == citation.quote
    return text, citations


def _composed(question: str, *ranked: tuple[Unit, float]) -> tuple[str, list[Citation]]:
    return compose(question, [Supported(unit, score, 0, unit.text) for unit, score in ranked], {"a.md": "Bike hire"})


def test_one_sentence_is_said_word_for_word() -> None:
    own = chunk("A card costs 9 euros.\nIt arrives\nwithin five days.")
    assert answer("What does it cost?", (pick(own, "A card"), 0.9))[0] == "A card costs 9 euros. [1]"
    assert answer("When?", (pick(own, "It arrives"), 0.9))[0] == "It arrives within five days. [1]"


def test_a_sentence_that_adds_something_joins_with_its_own_number() -> None:
    first = pick(chunk("A replacement card costs 9 euros."), "A replacement")
    second = pick(chunk("Students and pensioners pay only half of the price.", "b.md"), "Students")
    text, citations = answer("What does a card cost?", (first, 0.9), (second, 0.8))
    assert text == "A replacement card costs 9 euros. [1] Students and pensioners pay only half of the price. [2]"
    assert [citation.document for citation in citations] == ["a.md", "b.md"]


def test_items_of_a_list_are_told_after_the_sentence_that_introduces_it() -> None:
    own = chunk("Never mix these with\nanother painkiller:\n\n- aspirin from the ward\n- naproxen\n- codeine syrup")
    first, other = pick(own, "aspirin"), pick(own, "codeine")
    text, citations = answer("May I mix it with aspirin?", (first, 0.9), (other, 0.8))
    lead = "Never mix these with another painkiller:"
    assert text == f"{lead} aspirin from the ward [1] codeine syrup [2]"
    assert [citation.quote for citation in citations] == ["aspirin from the ward", "codeine syrup"]


def test_what_follows_the_best_stands_in_the_order_of_its_document() -> None:
    own = chunk("Cards are blocked at once. First ring the night desk. Then send form B12 to Harbour branch.")
    best, first, then = pick(own, "Cards"), pick(own, "First"), pick(own, "Then")
    text, citations = _composed("What must I do?", (best, 0.9), (then, 0.8), (first, 0.7))
    assert text == f"{best.text} [1] {first.text} [2] {then.text} [3]"
    assert [citation.quote for citation in citations] == [best.text, first.text, then.text]


def test_what_repeats_or_is_much_weaker_is_left_out() -> None:
    first = pick(chunk("A replacement card costs 9 euros."), "A replacement")
    again = pick(chunk("The replacement card costs 9 euros.", "b.md"), "The replacement")
    weak = pick(chunk("Wheelchair users enter through the garden gate.", "c.md"), "Wheelchair")
    text, citations = answer("What does a card cost?", (first, 2.0), (again, 1.9), (weak, -2.0))
    assert (text, len(citations)) == ("A replacement card costs 9 euros. [1]", 1)


def test_an_answer_has_at_most_three_parts() -> None:
    sentences = ["Cats purr softly.", "Ships sail north.", "Bakers rise early.", "Owls hunt mice."]
    ranked = [(pick(chunk(text, f"{n}.md"), text), 0.9) for n, text in enumerate(sentences)]
    assert len(answer("What do they do?", *ranked)[1]) == 3


def test_a_question_for_a_list_gets_all_of_it_under_one_number() -> None:
    own = chunk(LIST)
    text, citations = answer("Which documents do I need?", (pick(own, "a proof"), 0.9))
    assert text.split("\n") == [
        "To replace a card you need these documents:",
        "- a passport or an identity card",
        "- a proof of address",
        "- the form B12 [1]",
    ]
    assert citations[0].quote.startswith("To replace") and citations[0].quote.endswith("B12")


def test_a_question_for_what_a_list_announces_gets_all_of_it() -> None:
    own = chunk("The insurance covers:\n\n- broken screens\n- water in the case\n- theft from a locked room")
    item = (pick(own, "water"), 0.9)
    assert answer("What does the insurance cover?", item)[0].count("\n- ") == 3
    for question in (
        "Is water in the case covered by insurance?",
        "Does the insurance cover water?",
        "Does the insurance cover a wet phone?",
        "When does the insurance cover it?",
    ):
        assert answer(question, item)[0] == "The insurance covers: water in the case [1]"


def test_what_a_title_says_is_announced_too() -> None:
    own = chunk("What is covered:\n\n- broken screens\n- theft from a locked room")
    assert answer("What is covered for a bike?", (pick(own, "theft"), 0.9))[0].count("\n- ") == 2


def test_an_answer_of_a_faq_is_given_whole() -> None:
    own = chunk("Yes. Dogs are welcome.\n\n- on a lead\n- in the yard")
    ranked = [Supported(pick(own, "Dogs"), 0.9, 0, "")]
    text, citations = compose("May I bring a dog?", ranked, {}, {"a.md"})
    assert text == "Yes. Dogs are welcome.\n- on a lead\n- in the yard [1]"
    assert citations[0].quote == own.text
    chinese = [Supported(pick(chunk("可以。请牵好狗。"), "可以"), 0.9, 0, "")]
    assert compose("可以带狗吗？", chinese, {}, {"a.md"})[0] == "可以。请牵好狗。 [1]"


def test_a_list_does_not_take_the_one_before_along() -> None:
    own = chunk("Bring:\n\n- a pen\n- a pad\n\nTo replace a card you need:\n\n- form B12\n- a photo")
    text, _ = answer("What does replacing a card take?", (pick(own, "To replace"), 0.9))
    assert text == "To replace a card you need:\n- form B12\n- a photo [1]"


def test_the_steps_of_how_something_is_done_are_told_together() -> None:
    steps = "1. Ring the night desk.\n2. Send form B12.\n3. Wait for a letter."
    own, plain = chunk(steps), chunk(re.sub(r"\d\. ", "- ", steps))
    assert answer("How do I block a card?", (pick(own, "Send"), 0.9))[0].count("- ") == 3
    assert answer("How do I block a card?", (pick(plain, "Send"), 0.9))[0] == "Send form B12. [1]"


def test_a_question_for_kinds_gets_the_table_of_them() -> None:
    text, citations = answer("Which kinds of section are there?", (pick(chunk(TABLE), "| Gold"), 0.9))
    assert text.startswith("- Account: Student; Daily limit: 300 euros\n- Account: Gold;")
    assert citations[0].quote.startswith("| Student")


def test_the_line_that_opens_a_list_is_never_said_alone() -> None:
    text, _ = answer("What does replacing a card take?", (pick(chunk(LIST), "To replace"), 0.9))
    assert "the form B12" in text and "keeps a copy" not in text


def test_a_table_row_is_said_with_its_headings() -> None:
    own = chunk(TABLE)
    text, citations = answer("What is the limit?", (pick(own, "| Gold"), 0.9))
    assert text == "Account: Gold; Daily limit: 2,000 euros; Fee: 12 euros [1]"
    assert citations[0].quote == "| Gold | 2,000 euros | 12 euros |"
    assert answer("Limit?", (pick(own, "| Student"), 0.9))[0] == "Account: Student; Daily limit: 300 euros [1]"


def test_code_keeps_its_lines() -> None:
    text, _ = answer("How is a file read?", (pick(chunk(CODE), "```"), 0.9))
    assert "```python\nwith open(path) as file:\n    text = file.read()\n```\n" in text


def test_lines_of_chinese_are_joined_without_spaces() -> None:
    own = chunk("补办银行卡需要\n支付九欧元。")
    assert answer("多少钱？", (pick(own, "补办"), 0.9))[0] == "补办银行卡需要支付九欧元。 [1]"


def test_a_row_of_a_table_that_began_in_another_chunk_is_said_with_its_columns() -> None:
    rows = "| Gold | 9 euros |\n| Silver | 5 euros |"
    own = replace(chunk(rows), header="| Card | Fee |\n| --- | --- |")
    assert answer("What does Gold cost?", (pick(own, "| Gold"), 0.9))[0] == "Card: Gold; Fee: 9 euros [1]"


def test_the_short_answer_comes_first_where_the_reader_is_sure_and_nothing_rivals_it() -> None:
    own = chunk("A replacement Blue Card costs **8 euros** and arrives within five days. A Silver Card is free.")
    best, other = pick(own, "A replacement"), pick(own, "A Silver")

    def text(question: str, sure: bool = True, rival: float = 0.0, short: str = "costs **8 euros") -> str:
        ranked = [Supported(best, 3.0, 0, short, sure), Supported(other, rival, 1, other.text)]
        return compose(question, ranked, {"a.md": "Cards"})[0]

    whole = "A replacement Blue Card costs **8 euros** and arrives within five days. [1]"
    assert text("How much is a Blue Card?", short="8 euros") == f"**8 euros**\n\n{whole}"
    assert (
        text("How much is a Blue Card?", sure=False)
        == text("How much is it?", rival=2.9).split(" A Silver")[0]
        == whole
    )
    assert (
        text("Why does a Blue Card cost money?")
        == text("Is a Blue Card free?")
        == text("Blue Card, is it free?")
        == whole
    )
    assert text("How much is a Blue Card?", short=own.text[:60]) == whole
    assert text("When does it arrive?", short="within five days").startswith("**Within five days**\n\n")


@pytest.mark.parametrize(
    ("question", "short", "told"),
    [
        ("When is the gym open on Friday?", "08:00-18:00", False),
        ("What are the Saturday hours of the gym?", "08:00-18:00", True),
        ("How much is the gym?", "9 euros", True),
        ("Tell me of the gym", "9 euros", False),
    ],
)
def test_of_several_columns_the_short_answer_is_that_of_the_one_asked_for(
    question: str, short: str, told: bool
) -> None:
    header = "| Place | Weekdays | Saturday | Fee |\n| --- | --- | --- | --- |"
    own = chunk(f"{header}\n| Gym | 06:30-22:00 | 08:00-18:00 | 9 euros |")
    ranked = [Supported(pick(own, "| Gym"), 3.0, 0, short, True)]
    assert compose(question, ranked, {"a.md": "Hours"})[0].startswith("**") is told
