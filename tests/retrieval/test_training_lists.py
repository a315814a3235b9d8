"""Training lists from files of lists, SQuAD-format files and BEIR folders."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from adapters.lists import TextList
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.training_lists import read_lists

CITIES = ("Harrow", "Millbrook", "Stonewick", "Larkspur", "Quayside", "Fernleigh")


def lists_of(path: Path, encoder: Encoder) -> list[TextList]:
    return list(read_lists(path, encoder, random.Random(0)))


def write_lines(path: Path, entries: list[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in entries), encoding="utf8")


def test_a_file_of_lists_is_read_line_by_line(tmp_path: Path, encoder: Encoder) -> None:
    path = tmp_path / "own.jsonl"
    entries: list[dict[str, Any]] = [
        {"question": "Who\u2028sings?", "answer": "Monks.\u2029", "others": ["Nuns.\x85", "Nobody."]},
        {"question": "Who?", "answer": None, "others": []},
    ]
    write_lines(path, entries)
    assert lists_of(path, encoder) == [TextList(**entry) for entry in entries]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            '{"question": "Café?", "answer": null, "others": []}'.encode("latin-1"),
            " cannot be read: it is not in UTF-8",
        ),
        (b'{"question": "Who?", "answer": 0, "others": []}', ":1: expected an object with question, answer"),
        (b'{"question": "Who?", "answer": "I", "others": "we"}', ":1: expected an object with question, answer"),
    ],
)
def test_a_file_that_holds_no_lists_is_one_readable_error(
    tmp_path: Path, encoder: Encoder, written: bytes, message: str
) -> None:
    path = tmp_path / "own.jsonl"
    path.write_bytes(written)
    with pytest.raises(GraftError) as raised:
        lists_of(path, encoder)
    assert str(raised.value).startswith(f"{path}{message}") and "\n" not in str(raised.value)


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    """Every passage says its answer twice, and every other passage of the article says it once."""
    paragraphs = []
    for number, city in enumerate(CITIES):
        context = (
            f"The gate of {city} opens at 9 o'clock. A ticket costs {number} euros. A meal in {city} costs more. "
            f"At 9 O'CLOCK the bells of {city} ring."
        )
        qas = [
            {"question": f"When does the gate of {city} open?", "answers": [{"text": "9 o'clock"}]},
            {"question": f"Who reigns over {city}?", "answers": [], "is_impossible": True},
        ]
        paragraphs.append({"context": context, "qas": qas})
    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"data": [{"title": "Cities", "paragraphs": paragraphs}]}), encoding="utf8")
    return path


def test_what_does_not_answer_never_holds_the_answer(squad: Path, encoder: Encoder) -> None:
    answered = [entry for entry in lists_of(squad, encoder) if entry.answer]
    assert len(answered) == len(CITIES)
    for entry in answered:
        assert "9 o'clock" in str(entry.answer).lower()
        assert len(entry.others) >= len(CITIES) and not any("9 o'clock" in text.lower() for text in entry.others)


def test_a_question_without_an_answer_is_set_against_its_own_passage(squad: Path, encoder: Encoder) -> None:
    bare = [entry for entry in lists_of(squad, encoder) if "reigns" in entry.question]
    assert len(bare) == len(CITIES)
    for entry in bare:
        city = next(city for city in CITIES if city.lower() in entry.question.lower())
        assert entry.answer is None and len(entry.others) == 4 and sum(city in text for text in entry.others) >= 3


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    """Of four texts about a city three are relevant to the question about it, which is asked twice."""
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    kinds = ("was founded by monks", "was founded in spring", "was founded on a hill", "trades in wool")
    corpus = [{"_id": f"{c}{n}", "title": c, "text": f"{c} {kind}."} for c in CITIES for n, kind in enumerate(kinds)]
    queries = [{"_id": f"{time}{c}", "text": f"How was {c} founded?"} for time in ("once", "twice") for c in CITIES]
    write_lines(folder / "corpus.jsonl", corpus)
    write_lines(folder / "queries.jsonl", queries)
    judged = "once{0}\t{0}0\t1\nonce{0}\t{0}1\t2\ntwice{0}\t{0}2\t1\nonce{0}\t{0}3\t0\nonce{0}\tgone\t1\n"
    (folder / "qrels" / "train.tsv").write_text("".join(judged.format(c) for c in CITIES), encoding="utf8")
    return folder


def test_no_relevant_text_of_a_beir_folder_is_among_the_others(beir: Path, encoder: Encoder) -> None:
    found = lists_of(beir, encoder)
    assert len(found) == len(CITIES)
    for entry in found:
        city = next(city for city in CITIES if city.lower() in entry.question.lower())
        assert entry.answer == f"{city}: {city} was founded by monks."
        assert [text for text in entry.others if city in text] == [f"{city}: {city} trades in wool."]
        assert len(entry.others) > 8


def test_a_beir_folder_without_training_questions_is_refused(beir: Path, encoder: Encoder) -> None:
    (beir / "qrels" / "train.tsv").rename(beir / "qrels" / "dev.tsv")
    with pytest.raises(GraftError, match=r"is no BEIR folder: qrels/train\.tsv cannot be read"):
        lists_of(beir, encoder)
    (beir / "qrels" / "dev.tsv").rename(beir / "qrels" / "train.tsv")
    (beir / "corpus.jsonl").write_text("", encoding="utf8")
    assert lists_of(beir, encoder) == []
