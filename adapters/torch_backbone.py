"""The encoder in torch, through sentence-transformers: the reference, and the fallback for OpenVINO."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from adapters.backbone import EncoderSpec
from adapters.compiled import Tag
from adapters.models import ModelError, ModelFiles, first_line

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class TorchBackbone:
    """A sentence-transformers model behind the `Backbone` contract."""

    def __init__(self, model: SentenceTransformer, files: ModelFiles, why: str) -> None:
        import torch

        self.spec = describe(model, files)
        self._model = model
        self._lock = threading.Lock()
        self.runtime = f"torch {torch.__version__}, {model.device} ({why})"

    @classmethod
    def load(cls, files: ModelFiles, why: str) -> TorchBackbone:
        """Open a model's folder.

        Args:
            why: Said of it, why it does not run compiled.
        """
        return cls(open_sentence_transformer(files), files, why)

    def token_ids(self, texts: list[str]) -> list[list[int]]:
        """See `Backbone.token_ids`."""
        encoded = self._model.tokenizer(texts, truncation=True, max_length=self.spec.max_tokens)
        return [list(ids) for ids in encoded["input_ids"]]

    def sentence_vectors(self, ids: list[list[int]]) -> NDArray[np.float32]:
        """See `Backbone.sentence_vectors`."""
        import torch

        tokens = self._model.tokenizer.pad({"input_ids": ids}, return_tensors="pt").to(self._model.device)
        with self._lock, torch.inference_mode():
            vectors = self._model(dict(tokens))["sentence_embedding"]
            unit = torch.nn.functional.normalize(vectors.float(), dim=-1)
        return np.asarray(unit.cpu().numpy(), dtype=np.float32)

    def stream(self, batches: Iterable[tuple[Tag, list[list[int]]]]) -> Iterator[tuple[Tag, NDArray[np.float32]]]:
        """See `Backbone.stream`; torch takes one batch at a time."""
        return ((tag, self.sentence_vectors(ids)) for tag, ids in batches)


def open_sentence_transformer(files: ModelFiles) -> SentenceTransformer:
    """Open a model's folder with sentence-transformers, without any network, and merge its adapter.

    Raises:
        ModelError: The folder is no sentence-transformers or transformers encoder.
    """
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    from adapters.merge import grafted

    try:
        model = SentenceTransformer(str(files.path), local_files_only=True)
        if files.adapter:
            model[0].auto_model = grafted(model[0].auto_model, files.adapter)
        return model
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{files.name}: not a sentence encoder: {first_line(error)}") from error


def describe(model: SentenceTransformer, files: ModelFiles) -> EncoderSpec:
    """Read an encoder's dimension, length limit and prompts off the model.

    The limit is the model's positions where it has them, since sentence-transformers' own default (256 for
    all-MiniLM-L6-v2) silently drops the end of longer passages.
    """
    positions = getattr(model[0].auto_model.config, "max_position_embeddings", None) if len(model) else None
    limit = int(model.max_seq_length or 512)
    if isinstance(positions, int) and positions > limit:
        limit = min(positions, 512)
    prompts = dict(model.prompts or {})
    return EncoderSpec(
        fingerprint=files.fingerprint,
        dimension=int(model.get_embedding_dimension() or 0),
        max_tokens=limit,
        query_prompt=prompts.get("query") or "",
        document_prompt=prompts.get("document") or prompts.get("passage") or "",
    )
