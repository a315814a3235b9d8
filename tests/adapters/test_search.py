"""The search for settings: on held-out texts alone, gone on with where it was interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.classifier.data import Data
from adapters.head.config import HeadConfig
from adapters.labelled import Labelled
from adapters.methods import METHODS
from adapters.models import ModelError, TrainingError
from adapters.search import FOLDER, found_settings

TEXTS = {
    "card": ["I lost my card", "my wallet was stolen, stop the card", "please freeze my debit card", "card gone"],
    "rate": ["what interest do savings earn", "how high is the loan rate", "the rate of the account?", "APR on loans"],
}
EXAMPLES = [Labelled(text, label) for label, texts in TEXTS.items() for text in texts]
DATA = Data(EXAMPLES, EXAMPLES, [Labelled("a card", "card")], [])
HEAD = METHODS["head"]


def test_an_interrupted_search_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("optuna")

    def stop(trial: dict[str, Any]) -> None:
        if trial["trial"] == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        found_settings(HEAD, DATA, "default", tmp_path, HeadConfig(seed=3), 3, stop)
    assert (tmp_path / FOLDER).is_dir()
    told: list[dict[str, Any]] = []
    best, trials = found_settings(HEAD, DATA, "default", tmp_path, HeadConfig(seed=3), 3, told.append)
    assert len(told) == 2, "one was finished before"
    assert len(trials) == 3 and best.seed == 3
    top = max(trials, key=lambda trial: trial["accuracy"])
    assert best.strength == top["settings"]["strength"] and 0.1 <= best.strength <= 1000
    again, _ = found_settings(HEAD, DATA, "default", tmp_path, HeadConfig(seed=3), 3, stop)
    assert again == best, "a search that is over is not made again"


def test_what_cannot_be_searched_says_why(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    prompt = METHODS["prompt"]
    with pytest.raises(TrainingError, match="prompt has no settings to search"):
        found_settings(prompt, DATA, "default", tmp_path, prompt.config(), 2, lambda trial: None)
    with pytest.raises(TrainingError, match="needs held-out texts"):
        found_settings(HEAD, replace(DATA, dev=[]), "default", tmp_path, HeadConfig(), 2, lambda trial: None)
    lora = METHODS["lora"]
    with pytest.raises(ModelError, match="no layers called nothing"):
        found_settings(lora, DATA, "default", tmp_path, lora.config(layers="nothing"), 2, lambda trial: None)
