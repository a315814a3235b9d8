"""From a sentence-transformers model to OpenVINO's format, pooling and normalisation inside the graph."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adapters import precision
from adapters.backbone import CompiledBackbone
from adapters.compiled import CannotCompile
from adapters.models import ModelFiles

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

FAITHFUL = 0.999
"""Least cosine between a compiled vector and torch's own for a conversion to be accepted."""

PROBES = [
    "A short probe.",
    "How long does a replacement card take, and what does it cost?",
    "Encoders turn text into vectors. " * 12,
]


def export(files: ModelFiles, folder: Path) -> None:
    """Convert a model into `folder` and check the result against torch.

    Raises:
        CannotCompile: Conversion failed, or the vectors differ.
    """
    import openvino

    from adapters.torch_backbone import describe, open_sentence_transformer

    model = open_sentence_transformer(files)
    spec = describe(model, files)
    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise CannotCompile("the model has no fast tokenizer")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracer warns of branches on shapes; the probes below check them
            converted = openvino.convert_model(_wrap(model), example_input=_example(model))
    except Exception as error:
        raise CannotCompile(str(error)) from error
    openvino.save_model(converted, str(folder / "model.xml"), compress_to_fp16=False)
    backend.save(str(folder / "tokenizer.json"))
    (folder / "spec.json").write_text(json.dumps(asdict(spec)), encoding="utf8")
    theirs = model.encode(PROBES, normalize_embeddings=True, convert_to_numpy=True)
    chosen = precision.choose([_try(folder, name, theirs) for name in precision.candidates()], FAITHFUL)
    if chosen is None:
        raise CannotCompile("the compiled vectors differ from torch's")
    precision.write(folder, chosen)


def _try(folder: Path, name: str, theirs: NDArray[np.float32]) -> precision.Trial:
    compiled = CompiledBackbone(folder, name)
    ours = compiled.sentence_vectors(compiled.token_ids(PROBES))
    batch = compiled.token_ids([PROBES[-1] * 2] * 16)
    seconds = precision.measured(lambda: compiled.sentence_vectors(batch))
    return precision.Trial(name, seconds, float(np.min(np.sum(ours * theirs, axis=1))))


def _example(model: SentenceTransformer) -> dict[str, Any]:
    tokens = model.tokenizer(PROBES[:2], padding=True, return_tensors="pt")
    return {"input_ids": tokens["input_ids"], "attention_mask": tokens["attention_mask"]}


def _wrap(model: SentenceTransformer) -> Any:
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            return torch.nn.functional.normalize(self.model(features)["sentence_embedding"], dim=-1)

    return Pooled().eval()
