"""Models are found, fingerprinted and checked, and what is wrong is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters import ModelError, load_backbone, locate
from adapters.models import DEFAULT_SHA256, ModelFiles, sha256, verify_default


def test_the_bundled_model_is_the_original_release() -> None:
    files = locate("default")
    verify_default(files)
    assert sha256(files.path / "model.safetensors") == DEFAULT_SHA256 == files.fingerprint


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    shutil.copyfile(locate("default").path / "model.safetensors", weights)
    with weights.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x55")
    with pytest.raises(ModelError, match="weights were altered: sha256"):
        verify_default(ModelFiles("default", tmp_path, DEFAULT_SHA256))


def test_a_folder_is_known_by_its_weights(tmp_path: Path) -> None:
    for name, weights in (("one", b"same"), ("two", b"same"), ("three", b"other")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(weights)
    one, two, three = (locate(str(tmp_path / name)) for name in ("one", "two", "three"))
    assert one.fingerprint == two.fingerprint != three.fingerprint


def test_what_cannot_be_found_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match=r"no model weights in .*expected model\.safetensors"):
        locate(str(tmp_path))
    with pytest.raises(ModelError, match="'a b/c' is neither a folder nor a Hugging Face name"):
        locate("a b/c")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="'nobody/has-this' is not in the local cache and HF_HUB_OFFLINE is set"):
        locate("nobody/has-this")


def test_a_folder_that_holds_no_encoder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAFT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"not a model")
    (tmp_path / "model" / "config.json").write_text("{}")
    with pytest.raises(ModelError):
        load_backbone(str(tmp_path / "model"))
