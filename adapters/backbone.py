"""The backbone: a sentence encoder that runs compiled (OpenVINO) and falls back to torch where it cannot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from adapters.compiled import CannotCompile, CompiledModel, Tag, compiled_folder, padded
from adapters.models import ModelFiles, locate, verify_default
from adapters.registry import Adapter


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

    def stream(self, batches: Iterable[tuple[Tag, list[list[int]]]]) -> Iterator[tuple[Tag, NDArray[np.float32]]]:
        """The same for many batches, several at a time, in the order they are done; batches are taken meanwhile."""
        ...


TOKENS_PER_BATCH = 2048


def vectors_of(
    backbone: Backbone, texts: list[str], progress: Callable[[int], None] | None = None
) -> NDArray[np.float32]:
    """Unit vectors of texts, shape (len(texts), dimension), in batches of equal cost.

    Args:
        progress: Called with the number of texts done since the last call.
    """
    vectors = np.empty((len(texts), backbone.spec.dimension), dtype=np.float32)
    ids = backbone.token_ids(texts) if texts else []
    for rows, found in backbone.stream((rows, [ids[row] for row in rows]) for rows in equal_cost(ids)):
        vectors[rows] = found
        if progress:
            progress(len(rows))
    return vectors


def equal_cost(ids: list[list[int]]) -> Iterator[list[int]]:
    """Row numbers of texts, batched so that none is padded much and every batch has about as many tokens."""
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    start = 0
    while start < len(order):
        width = len(ids[order[min(start + TOKENS_PER_BATCH // len(ids[order[start]]), len(order)) - 1]])
        rows = order[start : start + max(1, TOKENS_PER_BATCH // width)]
        yield rows
        start += len(rows)


def load_backbone(name: str = "default", adapter: Adapter | None = None) -> Backbone:
    """Load an encoder, compiling it at its first use on this machine.

    Args:
        adapter: Merged into the model.

    Raises:
        ModelError: The model cannot be found, or was altered.
    """
    files = files_of(name, adapter)
    try:
        return CompiledBackbone(compiled_folder(files.fingerprint, lambda folder: _export(files, folder)))
    except CannotCompile as error:
        from adapters.torch_backbone import TorchBackbone

        verify_default(files)
        return TorchBackbone.load(files, str(error))


def files_of(name: str = "default", adapter: Adapter | None = None) -> ModelFiles:
    """The files of an encoder, with the fingerprint that it has with an adapter merged into it.

    Raises:
        ModelError: The model cannot be found.
    """
    files = locate(name)
    if adapter:
        return replace(files, fingerprint=f"{files.fingerprint} {adapter.fingerprint}", adapter=adapter)
    return files


def _export(files: ModelFiles, folder: Path) -> None:
    from adapters.export import export

    verify_default(files)
    export(files, folder)


class CompiledBackbone:
    """An encoder in OpenVINO's format, fed by `tokenizers`; imports neither torch nor transformers.

    Args:
        folder, trial: See `CompiledModel`.
    """

    def __init__(self, folder: Path, trial: str | None = None) -> None:
        from tokenizers import Tokenizer

        self.spec = EncoderSpec(**json.loads((folder / "spec.json").read_text(encoding="utf8")))
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.spec.max_tokens)
        self._model = CompiledModel(folder, trial)
        self.runtime = self._model.runtime

    def token_ids(self, texts: list[str]) -> list[list[int]]:
        """See `Backbone.token_ids`."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]

    def sentence_vectors(self, ids: list[list[int]]) -> NDArray[np.float32]:
        """See `Backbone.sentence_vectors`."""
        return self._model(_inputs(ids))[0]

    def stream(self, batches: Iterable[tuple[Tag, list[list[int]]]]) -> Iterator[tuple[Tag, NDArray[np.float32]]]:
        """See `Backbone.stream`."""
        for tag, outputs in self._model.stream((tag, _inputs(ids)) for tag, ids in batches):
            yield tag, outputs[0]


def _inputs(ids: list[list[int]]) -> dict[str, NDArray[np.int64]]:
    tokens, mask = padded(ids)
    return {"input_ids": tokens, "attention_mask": mask}
