"""A grader is trained from a file, graded by its reloaded weights as by those in memory, and names what is wrong."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters import ModelError
from adapters.grader.config import GraderConfig
from adapters.grader.data import Answer, read_answers
from adapters.grader.features import FEATURES, Pairs
from adapters.grader.head import GradeHead
from adapters.grader.runtime import Grader
from adapters.grader.train import train_grader
from adapters.models import TrainingError
from adapters.registry import CARD, find_adapter
from adapters.squad import DataError
from chatbot.grading.pairs import load_pairs
from retrieval.encoder import Encoder

THINGS = {
    "a kettle": "It boils water for tea.",
    "a lighthouse": "It warns ships of rocks by its lamp.",
    "a compass": "Its needle points to the north.",
    "a pump": "It lifts water out of a well.",
    "a loom": "It weaves threads into cloth.",
    "a sieve": "It parts fine flour from coarse grains.",
    "an anvil": "A smith shapes hot iron on it.",
}
GRADES = GraderConfig(grades="wrong,right", strays=1)


@pytest.fixture(scope="module")
def pairs(encoder: Encoder) -> Pairs:
    return load_pairs(encoder)


@pytest.fixture(scope="module")
def answers() -> list[Answer]:
    chance, found = random.Random(0), []
    for thing, use in THINGS.items():
        asked = f"What is {thing} for?"
        other = chance.choice([text for name, text in THINGS.items() if name != thing])
        found += [Answer(asked, use, text, "right", thing) for text in (use, use.lower().rstrip("."))]
        found += [Answer(asked, use, text, "wrong", thing) for text in (other, "I have never seen one.")]
    return found


@pytest.fixture(scope="module")
def trained(
    pairs: Pairs, answers: list[Answer], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("grader") / "grader"
    return out, train_grader(answers, answers[-4:], [Path("use.jsonl")], out, GRADES, pairs)


def test_a_grader_tells_right_answers_to_questions_it_does_not_know(trained: tuple[Path, dict[str, Any]]) -> None:
    scores = trained[1]["scores"]
    assert scores["held_out"]["accuracy"] >= 0.9
    assert scores["test"]["kappa"] == 1.0
    assert scores["test_baselines"]["majority"]["accuracy"] == 0.5
    assert json.loads((trained[0] / CARD).read_text()) == json.loads(json.dumps(trained[1]))


def test_a_grader_of_a_folder_grades_new_answers(trained: tuple[Path, dict[str, Any]], pairs: Pairs) -> None:
    grader = Grader(find_adapter(str(trained[0]), "grader"), pairs)
    asked, use = "What is a broom for?", "It sweeps dust off the floor."
    told = grader.grade([Answer(asked, use, text) for text in ("It sweeps the dust off a floor", "Ships need it.", "")])
    assert [one.grade for one in told] == ["right", "wrong", "wrong"]
    assert told[0].sure and abs(sum(told[0].probabilities.values()) - 1) < 1e-3


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    weights = np.asfortranarray(np.random.default_rng(0).normal(size=(3, len(FEATURES))).astype(np.float32))
    head = GradeHead(("a", "b", "c"), weights, np.zeros(3, dtype=np.float32), 0.25)
    head.save(tmp_path)
    again = GradeHead.load(tmp_path)
    assert np.array_equal(again.weights, weights) and again.least == 0.25


def test_a_damaged_or_foreign_grader_is_refused(
    trained: tuple[Path, dict[str, Any]], pairs: Pairs, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"card\.json and head\.safetensors"):
        find_adapter(str(tmp_path), "grader")
    (tmp_path / "head.safetensors").write_bytes(b"nothing")
    (tmp_path / CARD).write_text(json.dumps(trained[1] | {"reader_sha256": "another"}))
    with pytest.raises(ModelError, match="damaged"):
        Grader(find_adapter(str(tmp_path), "grader"), pairs)
    (tmp_path / "head.safetensors").write_bytes((trained[0] / "head.safetensors").read_bytes())
    with pytest.raises(ModelError, match="another reader"):
        Grader(find_adapter(str(tmp_path), "grader"), pairs)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: no JSON"),
        ("[1]", "line 2: expected an object"),
        ('{"text": "x"}', "line 2: expected a question"),
        ('{"question": "q", "reference": "r"}', "line 2: expected the answer"),
        ('{"question": "q", "text": "x", "label": "right"}', "line 2: no reference"),
        ('{"question": "q", "text": "x", "reference": "r", "label": "good"}', "line 2: expected a label of wrong"),
        ('{"question": "q", "text": "x", "reference": "r"}', "line 2: expected a label of wrong"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "answers.jsonl"
    good = {"question": "q", "text": "x", "reference": "r", "label": "right"}
    path.write_text(f"{json.dumps(good)}\n{line}\n")
    with pytest.raises(DataError, match=said):
        read_answers(path, labels=("wrong", "right"), needed=True)


def test_settings_and_data_that_cannot_be_trained_on_are_refused(answers: list[Answer], pairs: Pairs) -> None:
    with pytest.raises(TrainingError, match="two or more labels"):
        GraderConfig(grades="right")
    with pytest.raises(TrainingError, match="2 questions are too few"):
        train_grader(answers[:8], [], [], Path("unused"), GRADES, pairs)
    with pytest.raises(TrainingError, match="no answer is labelled best"):
        train_grader(answers, [], [], Path("unused"), GraderConfig(grades="wrong,right,best"), pairs)
