"""The tagger: its data, a short training, and that the compiled model tells the same as torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from adapters.squad import DataError
from adapters.tagger.data import LABELS, TYPES, encode, labels, read_examples, shape
from adapters.tagger.runtime import Tagger
from adapters.tagger.scores import score

CONLL04 = """#doc 7
0\tMs.\tO\t['N']\t[0]
1\tAda\tB-Peop\t['N']\t[1]
2\tKern\tI-Peop\t['Live_In', 'Work_For']\t[5, 7]
3\tof\tO\t['N']\t[3]
4\tPort\tB-Loc\t['N']\t[4]
5\tAlder\tI-Loc\t['N']\t[5]
6\tjoined\tO\t['N']\t[6]
7\tNorthwind\tB-Org\t['OrgBased_In']\t[5]
8\t.\tO\t['N']\t[8]
"""


@pytest.fixture
def conll04(tmp_path: Path) -> Path:
    path = tmp_path / "train.txt"
    path.write_text(CONLL04)
    return path


def test_conll04_is_read_with_its_relations(conll04: Path) -> None:
    (example,) = read_examples(conll04)
    named = [(example.text[start:end], kind) for start, end, kind in example.entities]
    assert named == [("Ada Kern", "Peop"), ("Port Alder", "Loc"), ("Northwind", "Org")]
    assert set(example.relations) == {(0, "Live_In", 1), (0, "Work_For", 2), (2, "OrgBased_In", 1)}


def test_words_are_labelled_where_they_stand(conll04: Path) -> None:
    (example,) = read_examples(conll04)
    (encoded,) = encode([example.text])
    numbers, spans = labels(example, encoded)
    told = [LABELS[number] for number in numbers if number]
    assert told == ["B-Peop", "I-Peop", "B-Loc", "I-Loc", "B-Org"]
    assert [encoded.offsets[begin].tolist()[0] for begin, _ in spans] == [4, 16, 34]
    assert [shape(word) for word in ("bank", "Bank", "BANK", "12", ",")] == [1, 2, 3, 4, 5]


def test_files_in_no_format_are_refused(tmp_path: Path) -> None:
    for name, text in (("a.jsonl", '{"text": "x", "entities": [[0, 9, "Org"]]}'), ("a.txt", "#doc 1\nOne two")):
        (tmp_path / name).write_text(text)
        with pytest.raises(DataError, match=name):
            read_examples(tmp_path / name)


def test_the_shipped_one_names_people_and_places_and_who_lives_where() -> None:
    text = "Ada Kern , a painter , lives in Boston ."
    tagger = Tagger.load()
    (found, nothing) = tagger.tag([text, "the weather stays as it was ."])
    named = [(text[start:end], kind) for start, end, kind in found.entities]
    assert named == [("Ada Kern", "Peop"), ("Boston", "Loc")]
    assert found.relations == ((0, "Live_In", 1),)
    assert nothing.entities == () and tagger.tag([]) == []


def test_a_short_run_learns(tmp_path: Path, conll04: Path) -> None:
    pytest.importorskip("torch")
    from adapters.tagger.train import train_tagger
    from adapters.training import Recipe

    own = tmp_path / "own.jsonl"
    own.write_text(json.dumps({"text": "A bond ladder spreads risk.", "entities": [[2, 13, "Term"]]}))
    losses: list[float] = []
    recipe = Recipe(rank=8, rate=3e-3, epochs=4, budget=512)
    data = [(conll04, 20.0), (own, 20.0)]
    card = train_tagger(data, None, tmp_path / "out", recipe, None, lambda *told: losses.append(told[2]["loss"]), 1)
    assert card["layers"] == 1 and card["types"] == list(TYPES)
    assert losses[-1] < losses[0] / 2


def test_scores_count_what_is_right() -> None:
    found = score([[1, 2], [3]], [[1], [3, 4, 5]])
    assert np.allclose(found, (2 / 4, 2 / 3, 4 / 7))
