"""Going on from a trained classifier: new labels are learned, and the old ones are not forgotten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters.classifier.data import Data, read_data
from adapters.classifier.fitting import with_known
from adapters.classifier.head import Head
from adapters.classifier.runtime import Classifier
from adapters.head.config import HeadConfig
from adapters.labelled import Labelled
from adapters.methods import METHODS
from adapters.models import TrainingError
from adapters.tuning.config import FullConfig, LoraConfig

OLD = {
    "block_card": ["I lost my card", "my wallet was stolen, stop the card", "please freeze my debit card", "card gone"],
    "rate": ["what interest do savings earn", "how high is the loan rate", "the rate of the account?", "APR on loans"],
}
NEW = {
    "hours": ["when do you open", "is the branch open on Sunday", "opening hours please", "closing time today?"],
    "person": ["let me talk to a human", "connect me to an agent", "I want a real person", "can somebody call me"],
}
ASKED = {
    "someone took my bank card": "block_card",
    "which interest rate do I get": "rate",
    "open on Saturday?": "hours",
    "may I speak to a person": "person",
}


def write(path: Path, texts: dict[str, list[str]]) -> Path:
    rows = [{"text": text, "label": label} for label, some in texts.items() for text in some]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    return path


def trained(method: str, data: Data, out: Path, config: Any, base: str = "default") -> dict[str, Any]:
    return METHODS[method].train(data, base, out, config, lambda step, total, values: None)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    folder = tmp_path_factory.mktemp("texts")
    asked = {label: [text] for text, label in ASKED.items()}
    return write(folder / "old.jsonl", OLD), write(folder / "new.jsonl", NEW), write(folder / "asked.jsonl", asked)


@pytest.fixture(scope="module")
def start(files: tuple[Path, Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    old, _, _ = files
    out = tmp_path_factory.mktemp("start") / "head"
    trained("head", read_data([(old, 1.0)], old, None, 0), out, HeadConfig(strength=10.0))
    return out


def test_a_head_learns_new_labels_without_the_old_texts(files: Any, start: Path, tmp_path: Path) -> None:
    _, new, asked = files
    data = read_data([(new, 1.0)], new, asked, 0, start)
    assert data.labels == ["block_card", "hours", "person", "rate"] and data.known == ("block_card", "rate")
    card = trained("head", data, tmp_path, HeadConfig(strength=10.0))
    test = card["scores"]["test"]
    assert (test["known_before"], test["known"], test["new"]) == (1.0, 1.0, 1.0)
    told = Classifier.load(tmp_path).tell(list(ASKED))
    assert [one.label for one in told] == list(ASKED.values())


@pytest.mark.parametrize(("share", "ewc"), [(0.5, 0.0), (0.0, 100.0)])
def test_lora_goes_on_and_tells_what_became_of_the_old_labels(
    files: Any, start: Path, tmp_path: Path, share: float, ewc: float
) -> None:
    old, new, asked = files
    data = read_data([(new, 1.0)], new, asked, 0, start, [(old, share)])
    assert sum(one.label in OLD for one in data.train) == (4 if share else 0) and len(data.before) == 8
    card = trained("lora", data, tmp_path / "lora", LoraConfig(epochs=3, batch=4, ewc=ewc))
    test = card["scores"]["test"]
    assert test["known"] == 1.0 and test["new"] == 1.0 and card["data"][-1] == {"name": "old.jsonl", "replayed": share}


def test_weights_that_mattered_move_less(files: Any, start: Path, tmp_path: Path) -> None:
    old, new, _ = files
    first = tmp_path / "first"
    trained("lora", read_data([(old, 1.0)], old, None, 0), first, LoraConfig(epochs=2, batch=4))
    before = Classifier.load(first).vectors(OLD["rate"])
    moved = {}
    for ewc in (0.0, 1e6):
        data = read_data([(new, 1.0)], new, None, 0, first, [(old, 0.0)])
        trained("lora", data, tmp_path / str(ewc), LoraConfig(epochs=2, batch=4, ewc=ewc))
        moved[ewc] = float(np.abs(Classifier.load(tmp_path / str(ewc)).vectors(OLD["rate"]) - before).max())
    assert moved[1e6] < 0.8 * moved[0.0]


def test_kept_vectors_make_up_for_labels_learned_from_fewer_texts() -> None:
    vectors = np.eye(6, dtype=np.float32)
    rows = np.array([0, 0, 0, 1, 1, 1])
    known = Head(("a", "b"), vectors[:2], np.zeros(2, np.float32), vectors.astype(np.float16), rows)
    new = np.full((5, 6), 0.4, np.float32)
    found, numbers = with_known(known, ["a", "b", "c"], new, np.array([0, 0, 0, 1, 2]))
    assert numbers.tolist() == [0, 0, 0, 1, 2, 1, 1, 1], "of label a there are as many texts as were kept"
    assert np.array_equal(found[5:], vectors[3:])


def test_what_cannot_be_gone_on_with_says_why(files: Any, start: Path, tmp_path: Path) -> None:
    _, new, _ = files
    data = read_data([(new, 1.0)], new, None, 0, start)
    with pytest.raises(TrainingError, match="--ewc needs texts that were learned before"):
        trained("lora", data, tmp_path / "out", LoraConfig(ewc=1.0))
    full = tmp_path / "full"
    trained("full", Data([Labelled("a b", "x"), Labelled("c d", "y")] * 2, [], [], []), full, FullConfig(epochs=1))
    for method, message in (("lora", "has an encoder of its own"), ("head", "has another encoder")):
        with pytest.raises(TrainingError, match=message):
            trained(method, read_data([(new, 1.0)], new, None, 0, full), tmp_path / method, METHODS[method].config())
