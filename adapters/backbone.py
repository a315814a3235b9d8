"""The backbone: a sentence encoder that runs compiled (OpenVINO) and falls back to torch where it cannot."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from adapters.models import ModelFiles, locate, verify_default

FORMAT = 1
"""Version of a compiled model's folder; raise it when its files change."""


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """What a caller must know of an encoder.

    Args:
        fingerprint: Changes with the weights; vectors of different fingerprints do not mix.
        dimension: Length of a sentence vector.
        max_tokens: Longer texts are cut here.
        query_prompt: What the model wants before a question, often empty.
        document_prompt: What it wants before a document.
    """

    fingerprint: str
    dimension: int
    max_tokens: int
    query_prompt: str = ""
    document_prompt: str = ""


class Backbone(Protocol):
    """A loaded encoder; safe to call from several threads."""

    spec: EncoderSpec
    runtime: str

    def token_ids(self, texts: list[str]) -> list[list[int]]:
        """Token ids of each text, special tokens included, cut at `spec.max_tokens`."""
        ...

    def sentence_vectors(self, ids: list[list[int]]) -> NDArray[np.float32]:
        """Unit vectors of a batch, shape (len(ids), spec.dimension)."""
        ...


def load_backbone(name: str = "default") -> Backbone:
    """Load an encoder, compiling it at its first use on this machine.

    Raises:
        ModelError: The model cannot be found, or was altered.
    """
    files = locate(name)
    try:
        import openvino
    except ImportError:
        from adapters.torch_backbone import TorchBackbone

        return TorchBackbone.load(files)
    folder = _cache_folder(files, openvino.__version__)
    if not (folder / "spec.json").exists():
        verify_default(files)
        from adapters.export import CannotCompile, export

        try:
            _publish(folder, lambda target: export(files, target))
        except CannotCompile:
            from adapters.torch_backbone import TorchBackbone

            return TorchBackbone.load(files)
    return CompiledBackbone(folder)


class CompiledBackbone:
    """An encoder in OpenVINO's format, with the `tokenizers` package in front; imports neither torch nor transformers."""

    def __init__(self, folder: Path) -> None:
        import openvino
        from tokenizers import Tokenizer

        self.spec = EncoderSpec(**json.loads((folder / "spec.json").read_text(encoding="utf8")))
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.spec.max_tokens)
        core = openvino.Core()
        bf16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        config: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "CACHE_DIR": str(folder / "blobs"),
        }
        self._model = core.compile_model(str(folder / "model.xml"), "CPU", config)
        self._local = threading.local()
        self.runtime = f"OpenVINO {openvino.__version__.split('-')[0]}, {config['INFERENCE_PRECISION_HINT']}"

    def token_ids(self, texts: list[str]) -> list[list[int]]:
        """See `Backbone.token_ids`."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]

    def sentence_vectors(self, ids: list[list[int]]) -> NDArray[np.float32]:
        """See `Backbone.sentence_vectors`."""
        width = -(-max(map(len, ids)) // 8) * 8
        tokens = np.zeros((len(ids), width), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for row, text in enumerate(ids):
            tokens[row, : len(text)] = text
            mask[row, : len(text)] = 1
        if not hasattr(self._local, "request"):
            self._local.request = self._model.create_infer_request()
        result = self._local.request.infer({"input_ids": tokens, "attention_mask": mask})
        return np.array(result[0], dtype=np.float32)


def cache_home() -> Path:
    """Where compiled models are kept: `GRAFT_CACHE`, or the user's cache folder."""
    return Path(os.environ["GRAFT_CACHE"]) if os.environ.get("GRAFT_CACHE") else user_cache_path("graft")


def _cache_folder(files: ModelFiles, version: str) -> Path:
    key = hashlib.sha256(json.dumps([FORMAT, files.fingerprint, version]).encode()).hexdigest()[:16]
    return cache_home() / "compiled" / key


def _publish(folder: Path, write: Callable[[Path], None]) -> None:
    """Fill a folder aside and rename it into place, so that a reader sees all of it or nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    try:
        write(aside)
        try:
            aside.rename(folder)
        except OSError:
            if not (folder / "spec.json").exists():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
