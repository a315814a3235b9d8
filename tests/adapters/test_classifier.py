"""Classifiers: data, heads, tuning, distillation; each learns real texts and tells what is none of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from adapters.backbone import Backbone, load_backbone, vectors_of
from adapters.checking import check_data
from adapters.classifier.data import Data, read_data
from adapters.classifier.fitting import fit_head
from adapters.classifier.head import Head
from adapters.classifier.runtime import Classifier
from adapters.distil.config import DistilConfig
from adapters.head.config import HeadConfig
from adapters.labelled import Labelled, part, read_labelled
from adapters.methods import METHODS
from adapters.models import ModelError, TrainingError
from adapters.registry import CHECKPOINT, ENCODER, WEIGHTS
from adapters.squad import DataError
from adapters.tuning.config import FreezeConfig, FullConfig, LoraConfig, TuningConfig
from adapters.tuning.steps import Batch, Steps
from adapters.tuning.train import train_tuned, tuned

TEXTS = {
    "block_card": ["I lost my card", "my wallet was stolen, stop the card", "please freeze my debit card", "card gone"],
    "rate": ["what interest do savings earn", "how high is the loan rate", "the rate of the account?", "APR on loans"],
    "hours": ["when do you open", "is the branch open on Sunday", "opening hours please", "closing time today?"],
    "oos": ["will it rain tomorrow", "tell me a joke", "who won the match", "how do I bake bread"],
}
ASKED = {
    "someone took my bank card": "block_card",
    "which interest rate do I get": "rate",
    "open on Saturday?": "hours",
}


@pytest.fixture(scope="module")
def data() -> Data:
    examples = [Labelled(text, label) for label, texts in TEXTS.items() for text in texts]
    return Data(examples * 2, examples, [Labelled(text, label) for text, label in ASKED.items()], [])


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone()


def trained(method: str, data: Data, out: Path, config: Any, base: str = "default") -> dict[str, Any]:
    return METHODS[method].train(data, base, out, config, lambda step, total, values: None)


def test_every_form_of_labelled_texts_is_read_alike(tmp_path: Path) -> None:
    rows = [{"text": "a card", "label": "card"}, {"text": "a rate", "label": "rate"}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "a.csv").write_text("Text,Label\na card,card\na rate,rate\n")
    (tmp_path / "a.tsv").write_text("text\tintent\na card\tcard\na rate\trate\n")
    (tmp_path / "a.json").write_text(json.dumps({"train": [["a card", "card"]], "more": [rows[1]], "x": []}))
    expected = [Labelled("a card", "card"), Labelled("a rate", "rate")]
    for name in ("a.jsonl", "a.csv", "a.tsv", "a.json#train+more"):
        assert read_labelled(tmp_path / name) == expected


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"text": "x"}', 'line 1: expected a label, found {"text": "x"}'),
        ("a.jsonl", "{", "line 1: no JSON"),
        ("a.csv", "text,label\n,card\n", "line 2: expected a text"),
        ("a.json", '{"train": [], "dev": []}', "name some as a.json#NAME"),
        ("a.txt", "x", "are read from .jsonl"),
        ("a.jsonl", "", "holds no text"),
    ],
)
def test_files_in_no_form_say_where(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message):
        read_labelled(tmp_path / name)


def test_parting_keeps_groups_together_and_every_label_in_what_is_left() -> None:
    examples = [Labelled(f"{label} {at}", label, str(at)) for at in range(10) for label in "ab"]
    left, aside = part(examples, 0.3, 0)
    assert len(aside) == 6 and not {one.group for one in left} & {one.group for one in aside}
    lone = [Labelled("only", "rare"), *(Labelled(f"t{at}", "common") for at in range(9))]
    for seed in range(5):
        left, aside = part(lone, 0.5, seed)
        assert {one.label for one in left} == {"rare", "common"} and len(left) + len(aside) == 10


def test_what_spoils_a_training_is_told() -> None:
    train = [Labelled(f"text {at}", "card" if at % 2 else "rate") for at in range(30)]
    train += [Labelled("text 1", "rate"), Labelled("Text, 3", "card"), Labelled("lone", "cards")]
    found = {one.kind for one in check_data(train, {"test": [Labelled("text 7", "card")]}, _words, 3)}
    assert found == {"label typos", "few examples", "imbalance", "duplicates", "conflicts", "leakage"}
    long = check_data([*train, Labelled("a b c d", "card")], {}, _words, 3)
    assert "texts of more than 3 tokens" in next(one.text for one in long if one.kind == "too long")
    with pytest.raises(TrainingError, match=r"test has labels that the training data lacks: crad; like them .* card"):
        check_data(train, {"test": [Labelled("x", "crad")]}, _words, 3)
    with pytest.raises(TrainingError, match="two or more"):
        check_data([Labelled("x", "card"), Labelled("y", "oos")], {}, _words, 3)


def _words(texts: list[str]) -> list[int]:
    return [len(text.split()) for text in texts]


@pytest.mark.parametrize(
    ("method", "config", "layout"),
    [
        ("head", HeadConfig(), []),
        ("lora", LoraConfig(epochs=2, batch=8), [WEIGHTS]),
        ("freeze", FreezeConfig(epochs=2, batch=8, last=1), [ENCODER]),
        ("full", FullConfig(epochs=2, batch=8, adversarial="fgm"), [ENCODER]),
    ],
)
def test_every_method_learns_intents_and_what_is_none_of_them(
    data: Data, tmp_path: Path, method: str, config: Any, layout: list[str]
) -> None:
    card = trained(method, data, tmp_path / "out", config)
    assert card["labels"] == ["block_card", "hours", "rate"] and card["scores"]["test"]["accuracy"] == 1.0
    assert card["trained_parameters"] <= card["parameters"]
    assert [name for name in (WEIGHTS, ENCODER) if (tmp_path / "out" / name).exists()] == layout
    assert not (tmp_path / "out" / CHECKPOINT).exists()
    classifier = Classifier.load(tmp_path / "out")
    assert [told.label for told in classifier.tell(list(ASKED))] == list(ASKED.values())
    inside, outside = classifier.tell(list(ASKED)), classifier.tell(["a recipe for lasagne", "the weather in Rome"])
    assert min(told.near for told in inside) > max(told.near for told in outside)
    assert classifier.tell([]) == []


def test_a_student_of_three_layers_says_what_its_teacher_says(data: Data, tmp_path: Path) -> None:
    trained("lora", data, tmp_path / "teacher", LoraConfig(epochs=1, batch=8))
    config = DistilConfig(epochs=8, batch=16, narrow=0.5)
    card = trained("distil", data, tmp_path / "student", config, str(tmp_path / "teacher"))
    teacher, student = Classifier.load(tmp_path / "teacher"), Classifier.load(tmp_path / "student")
    assert [one.label for one in student.tell(list(ASKED))] == [one.label for one in teacher.tell(list(ASKED))]
    told = json.loads((tmp_path / "student" / ENCODER / "config.json").read_text())
    assert (told["num_hidden_layers"], told["intermediate_size"]) == (3, 768)
    assert card["parameters"] < 0.75 * 22_713_216
    with pytest.raises(TrainingError, match="knows 3 labels, the data others"):
        trained("distil", replace(data, train=data.train[:8]), tmp_path / "x", config, str(tmp_path / "teacher"))


def test_gradients_in_several_passes_are_those_of_one(data: Data, backbone: Backbone) -> None:
    texts, rows = data.inside(data.train)
    head = fit_head(vectors_of(backbone, texts), rows, data.labels, 10.0)
    found = []
    for budget in (4096, 64):
        torch.manual_seed(0)
        config = LoraConfig(budget=budget, rank=2)
        model = tuned("default", head, config)
        model.partial.dtype = torch.float32
        model.classifier.float()
        with torch.no_grad():
            for weight in model.partial.up:  # type: ignore[union-attr]
                weight.normal_(0, 0.1)
        weights = np.array([0.5, 1.0, 3.0], dtype=np.float32)
        Steps(config, weights=weights).backward(model, Batch(backbone.token_ids(texts), rows))
        found.append(torch.cat([value.grad.flatten() for value in model.parameters() if value.grad is not None]))
    assert torch.allclose(*found, atol=1e-5) and found[0].abs().max() > 1e-3


@pytest.mark.parametrize("config", [LoraConfig(epochs=2, batch=8), FreezeConfig(epochs=2, batch=8, last=1)])
def test_an_interrupted_training_ends_as_an_uninterrupted_one(data: Data, tmp_path: Path, config: TuningConfig) -> None:
    class Stop(Exception):
        pass

    def stop(step: int, total: int, values: dict[str, float]) -> None:
        if step == total // 2 + 1:
            raise Stop

    train_tuned(data, "default", tmp_path / "whole", config)
    with pytest.raises(Stop):
        train_tuned(data, "default", tmp_path / "again", config, stop)
    assert (tmp_path / "again" / CHECKPOINT).exists()
    train_tuned(data, "default", tmp_path / "again", config)
    whole, again = Head.load(tmp_path / "whole"), Head.load(tmp_path / "again")
    assert np.array_equal(whole.weights, again.weights) and np.array_equal(whole.kept, again.kept)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (LoraConfig(layers="nothing"), "no layers called nothing; its linear layers are: dense, key, query, value"),
        (FreezeConfig(last=7), "--last must be at most 6"),
        (LoraConfig(augment="shout"), "--augment shout: expected some of typos"),
    ],
)
def test_what_cannot_be_trained_says_why(data: Data, tmp_path: Path, config: TuningConfig, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        train_tuned(data, "default", tmp_path / "out", config)


def test_settings_out_of_their_range_are_refused() -> None:
    for wrong, message in (
        ({"rate": 0.0}, "--rate must be from 1e-08 to 1"),
        ({"adversarial": "x"}, "one of none, fgm"),
    ):
        with pytest.raises(TrainingError, match=message):
            LoraConfig(**wrong)  # type: ignore[arg-type]


def test_a_damaged_head_is_refused(data: Data, tmp_path: Path) -> None:
    trained("head", data, tmp_path, HeadConfig())
    path = tmp_path / "head.safetensors"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ModelError, match="missing or damaged"):
        Head.load(tmp_path)


def test_data_is_read_with_a_part_put_aside(tmp_path: Path) -> None:
    rows = [{"text": f"{label} number {at}", "label": label} for label in ("a", "b") for at in range(20)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = read_data([(tmp_path / "a.jsonl", 1.0)], None, None, 0)
    assert (len(data.train), len(data.dev)) == (34, 6) and data.labels == ["a", "b"]


def test_others_may_read_what_was_trained(data: Data, tmp_path: Path) -> None:
    trained("head", data, tmp_path, HeadConfig())
    (tmp_path / "new").touch()
    assert (tmp_path / "head.safetensors").stat().st_mode == (tmp_path / "new").stat().st_mode


def test_mixed_precision_learns_as_well(data: Data, tmp_path: Path) -> None:
    card = trained("lora", data, tmp_path, LoraConfig(epochs=2, batch=8, precision="bfloat16"))
    assert card["recipe"]["precision"] == "bfloat16" and card["scores"]["test"]["accuracy"] == 1.0
