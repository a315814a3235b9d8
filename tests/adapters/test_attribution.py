"""Which words an answer rests on: found by hiding them, placed where they stand, the same for what was not read."""

from __future__ import annotations

import math

import pytest

from adapters.reader.attribution import Attribution, attribute
from adapters.reader.runtime import Reader

QUESTION = "How quickly must I report a lost laptop?"
TEXT = "Report a lost device to the help desk within one hour. Well-worn devices are replaced every three years."
ANSWER = "within one hour"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load()


def weigh(reader: Reader, question: str = QUESTION, text: str = TEXT, answer: str = ANSWER) -> Attribution:
    start = text.index(answer)
    return attribute(reader, question, "Devices › Lost devices", text, start, start + len(answer))


def test_what_is_asked_for_and_what_answers_outweigh_the_rest(reader: Reader) -> None:
    found = weigh(reader)
    question = {word.text: word.weight for word in found.question}
    passage = {word.text: word.weight for word in found.passage}
    assert question["quickly"] > max(0.5, question["a"], question["I"], question["must"])
    assert passage["hour"] > max(0.2, passage["desk"], passage["years"], passage["replaced"])


def test_words_stand_where_they_say_and_the_strongest_weighs_one(reader: Reader) -> None:
    found = weigh(reader)
    assert [word.text for word in found.question] == QUESTION.rstrip("?").split()
    assert all(QUESTION[word.start : word.end] == word.text for word in found.question)
    assert all(TEXT[word.start : word.end] == word.text for word in found.passage)
    assert "Well-worn" in {word.text for word in found.passage}
    weights = [word.weight for word in [*found.question, *found.passage]]
    assert all(map(math.isfinite, weights)) and max(map(abs, weights)) == 1.0


def test_the_heading_and_its_absence_move_no_offsets(reader: Reader) -> None:
    start = TEXT.index(ANSWER)
    bare = attribute(reader, QUESTION, "", TEXT, start, start + len(ANSWER))
    assert [(w.start, w.end) for w in bare.passage] == [(w.start, w.end) for w in weigh(reader).passage]


def test_of_a_long_passage_the_words_nearest_to_the_answer_are_tried(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.reader.attribution.TRIED", 4)
    assert [word.text for word in weigh(reader).passage] == ["desk", "within", "one", "hour"]


def test_an_answer_beyond_what_is_read_has_no_words(reader: Reader) -> None:
    assert weigh(reader, text=f"{'Nothing here. ' * 300}{TEXT}") == Attribution()
