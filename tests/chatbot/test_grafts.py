"""Adapters in use: one copy for all bots, exchanged by config, safe when many threads mix them."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from adapters import ModelError
from adapters.registry import CONFIG, SHIPPED, WEIGHTS
from chatbot.config import Adapters
from chatbot.grafts import Grafts, find_all
from tests.chatbot.small_bot import Reconfigured

QUESTIONS = [
    f"{asked} the {thing} card?" for asked in ("What costs", "How long takes", "Who sends") for thing in "ABCD"
]
PASSAGE = "A card costs 9 euros and takes five days. The desk at Harbour sends the B card. C and D are free."


def weaker(folder: Path, task: str) -> str:
    """A copy of a shipped adapter with half of its effect."""
    shutil.copytree(SHIPPED / task, folder)
    weights = load_file(folder / WEIGHTS)
    save_file({k: v / 2 if "lora_B" in k else v for k, v in weights.items()}, folder / WEIGHTS)
    return str(folder)


def told(grafts: Grafts, question: str) -> list[float]:
    (reading,) = grafts.reader.read(question, [("Cards", PASSAGE)])
    cosine = grafts.matcher.documents([PASSAGE])[0] @ grafts.matcher.query(question)
    return [
        reading.none,
        float(reading.starts.max()),
        float(cosine),
        *grafts.reranker.scores(question, [PASSAGE, "Hi."]),
    ]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> list[Grafts]:
    folder = tmp_path_factory.mktemp("adapters")
    own = {task: weaker(folder / task, task) for task in ("reader", "matcher", "reranker")}
    return [Grafts.load(find_all(names)) for names in (Adapters(), Adapters(**own), Adapters(reader=own["reader"]))]


def test_threads_that_mix_adapters_get_what_one_gets_alone(mixed: list[Grafts]) -> None:
    jobs = [(grafts, question) for question in QUESTIONS for grafts in mixed]
    alone = [told(*job) for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda job: told(*job), jobs * 2))
    assert np.allclose(together, alone * 2, atol=1e-4)
    by_adapter = np.array(alone).reshape(len(QUESTIONS), len(mixed), -1)
    assert np.abs(by_adapter[:, 0] - by_adapter[:, 1]).min(axis=0).max() > 0.1, "the adapters differ"


def test_one_copy_of_each_adapter_serves_all(mixed: list[Grafts]) -> None:
    shipped, own, partly = mixed
    assert partly.matcher is shipped.matcher and partly.reranker is shipped.reranker
    assert partly.reader is own.reader is not shipped.reader


def test_a_bot_reads_with_the_adapters_of_its_config(
    reconfigured: Reconfigured, tmp_path: Path, mixed: list[Grafts]
) -> None:
    folder = weaker(tmp_path / "own", "reader")
    bot = reconfigured(adapters={"reader": folder})
    assert bot.support.grafts is not None and bot.support.grafts.reader is mixed[1].reader, "the same weights"
    assert bot.support.grafts.matcher is mixed[0].matcher
    assert "9 euros" in bot.ask("What does a replacement card cost?").text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "reranker"}, "is for the task 'reranker', not 'reader'"),
        ({"base_sha256": "0"}, "was trained on another base model"),
        (None, "no adapter in"),
    ],
)
def test_an_adapter_that_does_not_fit_is_named_when_the_bot_opens(
    reconfigured: Reconfigured, tmp_path: Path, change: dict[str, Any] | None, message: str
) -> None:
    folder = tmp_path / "own"
    shutil.copytree(SHIPPED / "reader", folder)
    card = folder / "card.json"
    if change is None:
        card.unlink()
    else:
        card.write_text(json.dumps({**json.loads(card.read_text(encoding="utf8")), **change}), encoding="utf8")
    with pytest.raises(ModelError, match=message):
        reconfigured(adapters={"reader": str(folder)})


def test_a_damaged_adapter_is_named_and_answers_nothing(tmp_path: Path) -> None:
    scaleless, numberless = tmp_path / "scaleless", tmp_path / "numberless"
    for folder in (scaleless, numberless):
        shutil.copytree(SHIPPED / "reader", folder)
    (scaleless / CONFIG).write_text("[]", encoding="utf8")
    weights = load_file(numberless / WEIGHTS)
    save_file({name: weight * np.float16("nan") for name, weight in weights.items()}, numberless / WEIGHTS)
    for folder, message in ((scaleless, "is damaged or does not fit"), (numberless, "holds weights that are no")):
        with pytest.raises(ModelError, match=f"{folder.name} {message}"):
            Grafts.load(find_all(Adapters(reader=str(folder))))


def test_an_adapter_that_is_replaced_before_it_is_read_is_refused(reconfigured: Reconfigured, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(SHIPPED / "reranker", folder)
    weights = load_file(folder / WEIGHTS)
    save_file(weights, folder / WEIGHTS, metadata={"only": "here"})
    bot = reconfigured(adapters={"reranker": str(folder)})
    shutil.copy(SHIPPED / "reranker" / WEIGHTS, folder)
    with pytest.raises(ModelError, match="own was replaced while it was in use; start again"):
        bot.ask("What does a replacement card cost?")
