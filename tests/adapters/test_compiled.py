"""Compiled models are made once, published whole or not at all, and shared."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from adapters.compiled import CannotCompile, compiled_folder, padded


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("openvino")
    monkeypatch.setenv("GRAFT_CACHE", str(tmp_path))
    return tmp_path / "compiled"


def test_a_model_is_exported_once(cache: Path) -> None:
    calls: list[Path] = []

    def export(folder: Path) -> None:
        calls.append(folder)
        (folder / "model.xml").write_text("model")

    first, again = compiled_folder("weights", export), compiled_folder("weights", export)
    assert first == again and len(calls) == 1
    assert (first / "model.xml").read_text() == "model"
    assert compiled_folder("other weights", export) != first


@pytest.mark.parametrize("error", [CannotCompile("no"), KeyboardInterrupt()])
def test_a_failed_export_leaves_nothing_and_can_be_repeated(cache: Path, error: BaseException) -> None:
    def fail(folder: Path) -> None:
        (folder / "model.xml").write_text("half")
        raise error

    with pytest.raises(type(error)):
        compiled_folder("weights", fail)
    assert list(cache.iterdir()) == []
    folder = compiled_folder("weights", lambda target: (target / "model.xml").write_text("whole") and None)
    assert (folder / "model.xml").read_text() == "whole"


def test_exports_at_the_same_time_give_one_whole_folder(cache: Path) -> None:
    together = threading.Barrier(4)
    found: list[Path] = []

    def export(folder: Path) -> None:
        together.wait(5)
        (folder / "model.xml").write_text("model")
        (folder / "spec.json").write_text("spec")

    threads = [threading.Thread(target=lambda: found.append(compiled_folder("w", export))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1
    assert sorted(path.name for path in found[0].iterdir()) == ["model.xml", "spec.json"]
    assert list(cache.iterdir()) == [found[0]]


def test_padding_keeps_every_token_and_masks_the_rest() -> None:
    tokens, mask = padded([[1, 2, 3], list(range(1, 10))])
    assert tokens.shape == mask.shape == (2, 16)
    assert tokens[0].tolist() == [1, 2, 3] + [0] * 13
    assert mask.sum(axis=1).tolist() == [3, 9]
