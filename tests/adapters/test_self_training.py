"""Texts without labels: those that a head is sure of are learned from, where that does no harm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.classifier.data import Data
from adapters.labelled import Labelled
from adapters.models import TrainingError
from adapters.self_training import read_texts, self_trained
from adapters.squad import DataError

TEXTS = {
    "card": ["I lost my card", "my wallet was stolen, stop the card", "please freeze my debit card", "card gone"],
    "rate": ["what interest do savings earn", "how high is the loan rate", "the rate of the account?", "APR on loans"],
    "oos": ["will it rain tomorrow", "tell me a joke", "who won the match", "how do I bake bread"],
}
NEW = {
    "somebody took my bank card": "card",
    "my credit card has disappeared": "card",
    "which interest rate do savings accounts have": "rate",
    "the interest rate of a car loan": "rate",
    "what is the capital of France": None,
}


@pytest.fixture
def data() -> Data:
    examples = [Labelled(text, label) for label, texts in TEXTS.items() for text in texts]
    return Data(examples, examples, [Labelled("bank card stolen in Rome", "card")], [])


def test_sure_texts_are_learned_from_and_the_rest_is_not(data: Data, tmp_path: Path) -> None:
    path = tmp_path / "new.txt"
    known = ["I LOST MY CARD", "bank card stolen in Rome"]
    path.write_text("\n".join([*NEW, *known, "", *NEW]), encoding="utf8")
    more, told = self_trained(data, "default", path, 0.8, 0)
    added = more.train[len(data.train) :]
    assert len(added) >= 2 and all(NEW[one.text] == one.label for one in added)
    assert told.texts == 5 and told.kept and sum(told.added.values()) == len(added) and told.after >= told.before
    assert more.sources[-1]["name"] == "new.txt" and f"{len(added)} are told with 80% and more" in str(told)
    path.write_text("what is the capital of France", encoding="utf8")
    same, told = self_trained(data, "default", path, 0.8, 0)
    assert same.train == data.train and not told.kept and "left out" in str(told)


def test_no_label_grows_beyond_what_people_gave(data: Data, tmp_path: Path) -> None:
    path = tmp_path / "new.txt"
    path.write_text("\n".join(f"I lost my card {at} days ago" for at in range(20)), encoding="utf8")
    _, told = self_trained(data, "default", path, 0.5, 0)
    assert told.added == {"card": 4}


def test_files_in_no_form_say_where(data: Data, tmp_path: Path) -> None:
    path = tmp_path / "new.jsonl"
    path.write_text('{"text": " a "}\n{"text": "b"}\n{"text": "a"}\n', encoding="utf8")
    assert read_texts(path) == ["a", "b"]
    for text, message in (('{"text": "a"}\n{"txt": "b"}', "line 2: expected an object with text"), ("\n", "no texts")):
        path.write_text(text, encoding="utf8")
        with pytest.raises(DataError, match=message):
            read_texts(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_texts(tmp_path / "nowhere.txt")
    with pytest.raises(TrainingError, match="needs held-out texts"):
        self_trained(replace(data, dev=[]), "default", path, 0.9, 0)
