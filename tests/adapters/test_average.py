"""Averaging adapters: the mean of the models, at the same rank."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner, Result

from adapters.registry import CONFIG, SHIPPED, WEIGHTS, find_adapter
from chatbot.cli.main import app


def copy_of(task: str, folder: Path, factor: float) -> Path:
    """A copy of a shipped adapter with its effect and its head multiplied."""
    shutil.copytree(SHIPPED / task, folder)
    weights = load_file(folder / WEIGHTS)
    save_file(
        {k: v if "lora_A" in k else (factor * v).astype(np.float16) for k, v in weights.items()}, folder / WEIGHTS
    )
    return folder


def graft(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["average", *(str(argument) for argument in arguments)])


def test_the_mean_of_a_model_and_thrice_it_is_twice_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = graft(copy_of("reader", tmp_path / "one", 1), copy_of("reader", tmp_path / "three", 3), "-o", out)
    assert (result.exit_code, result.stdout) == (0, f"{out}: reader, the average of 2 adapters\n")
    once, mean = (load_file(folder / WEIGHTS) for folder in (SHIPPED / "reader", out))
    assert mean.keys() == once.keys()
    for name in once:
        assert mean[name].shape == once[name].shape
        if "lora_A" in name:
            up = name.replace("lora_A", "lora_B")
            wanted, got = (w[up].astype(float) @ w[name].astype(float) for w in (once, mean))
            assert np.abs(got - 2 * wanted).max() < 0.01 * np.abs(wanted).max()
        elif "lora" not in name:
            assert np.allclose(mean[name], 2 * once[name], rtol=2e-3)
    card = find_adapter(str(out), "reader").card
    assert [part["name"] for part in card["average_of"]] == ["reader-en"] * 2  # type: ignore[index,attr-defined]


@pytest.mark.parametrize(
    ("others", "message"),
    [
        (["reranker"], "differ in task, base, layers, rank or scale"),
        (["nowhere"], "no adapter in"),
        (["reader"], "the same adapter is given twice"),
        ([], "expected two adapters or more, got 1"),
    ],
)
def test_what_does_not_fit_together_is_one_clear_line(tmp_path: Path, others: list[str], message: str) -> None:
    result = graft(SHIPPED / "reader", *(SHIPPED / other for other in others), "-o", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr and result.stderr.count("\n") == 1 and not (tmp_path / "out").exists()


def test_a_damaged_adapter_is_named_and_nothing_is_overwritten(tmp_path: Path) -> None:
    broken = copy_of("reader", tmp_path / "broken", 1)
    (broken / WEIGHTS).write_bytes(b"junk" * 100)
    assert f"{broken / WEIGHTS} is damaged" in graft(SHIPPED / "reader", broken, "-o", tmp_path / "out").stderr
    endless = copy_of("reader", tmp_path / "endless", np.inf)
    assert "holds weights that are no numbers" in graft(SHIPPED / "reader", endless, "-o", tmp_path / "out").stderr
    unscaled = copy_of("reader", tmp_path / "unscaled", 1)
    (unscaled / CONFIG).write_text("{}", encoding="utf8")
    wanted = f"{unscaled / CONFIG} is damaged: expected r and lora_alpha"
    assert wanted in graft(SHIPPED / "reader", unscaled, "-o", tmp_path / "out").stderr
    before = json.dumps(sorted(str(path) for path in broken.iterdir()))
    assert "exists and is not empty" in graft(SHIPPED / "reader", SHIPPED / "reader", "-o", broken).stderr
    assert json.dumps(sorted(str(path) for path in broken.iterdir())) == before
