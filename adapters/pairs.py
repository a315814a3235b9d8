"""Models that read a question and a text together: an adapter merged into the backbone, run by OpenVINO or torch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from adapters.compiled import CannotCompile, CompiledModel, compiled_folder, padded
from adapters.models import locate, verify_default
from adapters.registry import Adapter

MAX_TOKENS = 384
LONGEST_QUESTION = 128
"""Tokens of a question that are read."""
LEAST_FILLED = 0.7
"""Texts are run together when the shortest has at least this share of the longest one's tokens."""

Forward = Callable[[dict[str, NDArray[np.int64]]], list[NDArray[np.float32]]]


class PairModel:
    """One adapter's model and its tokenizer; safe to share between threads.

    Args:
        kind: The name of the transformers class that the adapter was trained for.
        outputs: Which of that class's outputs are wanted.
    """

    def __init__(self, adapter: Adapter, kind: str, outputs: tuple[str, ...]) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(locate("default").path / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
        self._forward = _forward(adapter, kind, outputs)

    def encode(self, question: str, texts: Sequence[str]) -> list[Any]:
        """Encodings of the question with each text; the end of what is too long is cut off."""
        question = self._cut(question)
        return list(self._tokenizer.encode_batch([(question, text) for text in texts]))

    def run(self, encodings: Sequence[Any]) -> list[list[NDArray[np.float32]]]:
        """The wanted outputs of every pair, padding included."""
        found: dict[int, list[NDArray[np.float32]]] = {}
        for rows in _alike([len(encoding.ids) for encoding in encodings]):
            tokens, mask = padded([encodings[row].ids for row in rows])
            types, _ = padded([encodings[row].type_ids for row in rows])
            outputs = self._forward({"input_ids": tokens, "attention_mask": mask, "token_type_ids": types})
            for place, row in enumerate(rows):
                found[row] = [output[place] for output in outputs]
        return [found[row] for row in range(len(encodings))]

    @cached_property
    def mask(self) -> int:
        """The token that stands for a hidden word."""
        return self._tokenizer.get_vocab()["[MASK]"]

    @cached_property
    def _uncut(self) -> Any:
        """A tokenizer that cuts nothing off."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(locate("default").path / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def _cut(self, question: str) -> str:
        if len(normalize("NFD", question.lower())) <= LONGEST_QUESTION:
            return question  # a token holds at least one character
        ends = [end for _, end in self._uncut.encode(question, add_special_tokens=False).offsets]
        return question[: ends[LONGEST_QUESTION - 1]] if len(ends) > LONGEST_QUESTION else question


def _alike(lengths: Sequence[int]) -> list[list[int]]:
    """Rows in groups of like length, so that little is spent on padding."""
    groups: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if groups and lengths[row] >= LEAST_FILLED * lengths[groups[-1][0]]:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def merged(adapter: Adapter, kind: str) -> Any:
    """The torch module of the backbone with the adapter merged in."""
    import transformers
    from transformers.utils import logging

    from adapters.merge import grafted

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    files = locate("default")
    verify_default(files)
    more = {"num_labels": 1} if kind == "BertForSequenceClassification" else {}
    base = getattr(transformers, kind).from_pretrained(str(files.path), local_files_only=True, **more)
    return grafted(base, adapter)


def _forward(adapter: Adapter, kind: str, outputs: tuple[str, ...]) -> Forward:
    """The compiled model, or torch where there is no compiled form."""

    def export(folder: Path) -> None:
        _export(merged(adapter, kind), outputs, folder)

    try:
        return CompiledModel(compiled_folder(f"{adapter.fingerprint} {kind}", export))
    except CannotCompile:
        return _in_torch(merged(adapter, kind), outputs)


def _export(inner: Any, outputs: tuple[str, ...], folder: Path) -> None:
    import openvino
    import torch

    class Wanted(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
        ) -> tuple[torch.Tensor, ...]:
            out = self.inner(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
            return tuple(out[name] for name in outputs)

    example = torch.ones((2, 16), dtype=torch.long)
    inputs = {"input_ids": example, "attention_mask": example, "token_type_ids": example}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            converted = openvino.convert_model(Wanted().eval(), example_input=inputs)
    except Exception as error:
        raise CannotCompile(str(error)) from error
    openvino.save_model(converted, str(folder / "model.xml"), compress_to_fp16=False)


def _in_torch(model: Any, outputs: tuple[str, ...]) -> Forward:
    import torch

    def forward(inputs: dict[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        with torch.inference_mode():
            out = model(**{name: torch.from_numpy(value) for name, value in inputs.items()})
        return [out[name].numpy() for name in outputs]

    return forward
