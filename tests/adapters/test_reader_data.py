"""Training examples: read from SQuAD files, with negatives and leads, and encoded to token positions."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from transformers import AutoTokenizer

from adapters.models import locate
from adapters.reader.data import Example, encode, packed, read_examples, renamed, with_leads, with_negatives

PARIS = "Marie Curie studied in Paris. She died in Passy in 1934."
WARSAW = "Marie Curie was born in Warsaw. Her parents were teachers there."
LONDON = "Ada Lovelace lived in London. She wrote programs in 1843."
ARTICLE = [
    Example("Where did Marie Curie study?", "Science", PARIS, "Paris", PARIS.index("Paris")),
    Example("When was it that Marie Curie died?", "Science", PARIS, "1934", PARIS.index("1934")),
    Example("Where was Marie Curie born?", "Science", WARSAW, "Warsaw", WARSAW.index("Warsaw")),
    Example("Where did Ada Lovelace live?", "Science", LONDON, "London", LONDON.index("London")),
    Example("How tall was Ada Lovelace?", "Science", LONDON),
]


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    def qa(question: str, *answers: tuple[str, int]) -> dict[str, object]:
        found = [{"text": text, "answer_start": start} for text, start in answers]
        return {"question": question, "answers": found, "is_impossible": not found}

    paragraph = {
        "context": PARIS,
        "qas": [
            qa("Where did she study?", ("Paris", PARIS.index("Paris"))),
            qa("Who was her cat?"),
            qa("When did she die?", ("1934", 3)),
            {"question": "In what town did she die?", "answers": [{"text": "Passy"}]},
            {"question": "In what country did she die?", "answers": [{"text": "France"}]},
        ],
    }
    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"data": [{"title": "Marie_Curie", "paragraphs": [paragraph]}]}), encoding="utf8")
    return path


def test_an_answer_that_is_not_at_its_offset_or_not_in_its_passage_is_left_out(squad: Path) -> None:
    (examples,) = read_examples(squad)
    assert [(example.answer, example.start) for example in examples] == [
        ("Paris", PARIS.index("Paris")),
        ("", 0),
        ("Passy", PARIS.index("Passy")),
    ]
    assert {example.heading for example in examples} == {"Marie Curie"}


@pytest.mark.parametrize(
    ("question", "names", "expected"),
    [
        ("Where did Marie Curie study?", ["Ada Lovelace", "Passy", "1843"], "Where did Ada Lovelace study?"),
        ("Who died in 1934?", ["Ada Lovelace", "1843"], "Who died in 1843?"),
        ("Who died in 1934?", ["Ada Lovelace", "1934"], None),
        ("where did she study?", ["Ada Lovelace"], None),
    ],
)
def test_a_question_asks_for_a_name_of_the_same_kind_that_its_passage_does_not_hold(
    question: str, names: list[str], expected: str | None
) -> None:
    assert renamed(question, PARIS, names, Random(0)) == expected


def test_negatives_do_not_hold_the_answer_they_are_asked_for() -> None:
    found = with_negatives([ARTICLE] * 20, 1.0, 0)
    made = [example for example in found if example not in ARTICLE]
    assert len(made) >= 40 and not any(example.answer for example in made)
    answers = {example.question: example.answer for example in ARTICLE}
    for example in made:
        known = answers.get(example.question)
        # the same question over another passage, or another question over the same one
        assert known is None or known not in example.passage
    assert {example.question for example in made} - set(answers), "no question had its name or number changed"


def test_no_share_no_negatives() -> None:
    assert with_negatives([ARTICLE], 0.0, 0) == ARTICLE


def test_a_lead_names_what_the_question_no_longer_does() -> None:
    (found,) = with_leads([ARTICLE], 1.0, 0)
    led = found[len(ARTICLE) :]
    assert led and found[: len(ARTICLE)] == ARTICLE
    for example in led:
        asked, lead = example.question.split("? ", 1)
        assert "Marie Curie" in lead and "Marie Curie" not in asked
        assert lead not in example.passage and example.answer not in lead
        assert example.passage[example.start :].startswith(example.answer)


def test_packed_sentences_keep_the_answer_in_place() -> None:
    (found,) = packed([ARTICLE], 2, 0)
    for example, before in zip(found, ARTICLE, strict=True):
        assert example.passage[example.start :].startswith(before.answer)
        assert before.passage in example.passage and len(example.passage) > len(before.passage)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_tokens_of_the_answer_are_marked(share: float) -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(locate("default").path), local_files_only=True)
    *answered, without = encode(tokenizer, ARTICLE, 64, share, 0)
    for feature, example in zip(answered, ARTICLE, strict=False):
        ids = feature["input_ids"][feature["start"] : feature["end"] + 1]
        assert tokenizer.decode(ids) == example.answer.lower()
        assert ("science" in tokenizer.decode(feature["input_ids"])) is bool(share)
    assert (without["start"], without["end"]) == (0, 0)


def test_an_answer_cut_off_by_the_length_is_no_example() -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(locate("default").path), local_files_only=True)
    assert encode(tokenizer, [ARTICLE[1]], 16, 0.0, 0) == []
