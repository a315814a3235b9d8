"""Tagging without torch: the backbone's states from OpenVINO, the heads, which are small, in numpy."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adapters.compiled import CannotCompile, CompiledModel, compiled_folder, padded
from adapters.models import ModelError, locate, verify_default
from adapters.registry import Adapter, find_adapter, read_weights
from adapters.tagger.data import LABELS, RELATIONS, Encoded, Entity, Relation, encode, pairs

BATCH = 2048
"""Padded tokens run together."""
Floats = NDArray[np.float32]


class Tagged(NamedTuple):
    """What a sentence names, in reading order, and how these are related."""

    entities: tuple[Entity, ...]
    relations: tuple[Relation, ...]


class Tagger:
    """The tagger of one adapter; safe to share between threads."""

    def __init__(self, adapter: Adapter) -> None:
        weights = read_weights(adapter.path)
        self._heads = {name.partition(".heads.")[2]: value for name, value in weights.items() if ".heads." in name}
        known = adapter.card.get("types")
        if not isinstance(known, list):
            raise ModelError(f"the card in {adapter.path} is damaged: expected types, those the tagger was trained for")
        self._none = [at for at, label in enumerate(LABELS) if label[2:] not in known]
        self._states = _compiled(adapter)

    @classmethod
    def load(cls, name: str = "default") -> Tagger:
        """Load by name: `default`, or an adapter's folder.

        Raises:
            ModelError: There is no such adapter, or it does not fit.
        """
        return cls(find_adapter(name, "tagger"))

    def tag(self, sentences: Sequence[str]) -> list[Tagged]:
        """Tag sentences; those of like length are run together."""
        encoded = encode(sentences)
        order = sorted(range(len(encoded)), key=lambda row: len(encoded[row].ids))
        found: dict[int, Tagged] = {}
        begin = 0
        while begin < len(order):
            end = begin + 1
            while end < len(order) and (end + 1 - begin) * len(encoded[order[end]].ids) <= BATCH:
                end += 1
            rows = order[begin:end]
            tokens, mask = padded([encoded[row].ids for row in rows])
            shapes, _ = padded([encoded[row].shapes for row in rows])
            inputs = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": shapes}
            for row, states in zip(rows, self._states(inputs), strict=True):
                found[row] = self._tagged(encoded[row], states)
            begin = end
        return [found[row] for row in range(len(encoded))]

    def _tagged(self, sentence: Encoded, states: Floats) -> Tagged:
        logits = self._linear("words", states[sentence.firsts])
        # in its training a type that was not looked for counted as no label
        logits[:, 0] = np.logaddexp.reduce(logits[:, self._none], axis=1)
        logits[:, self._none[1:]] = -np.inf
        spans = list(_spans(logits.argmax(1).tolist()))
        places = sentence.offsets.tolist()
        entities = tuple(Entity(places[begin][0], places[end - 1][1], kind) for begin, end, kind in spans)
        related = pairs([kind for *_, kind in spans])
        if not related:
            return Tagged(entities, ())
        ends = [*sentence.firsts.tolist(), len(sentence.ids) - 1]
        tokens = [(ends[begin], ends[end]) for begin, end, _ in spans]
        read = np.stack([_pair(states, tokens[first], tokens[second]) for first, second in related])
        scores = self._linear("relations", np.maximum(self._linear("ends", read), 0))
        relations = []
        for (first, second), row in zip(related, scores, strict=True):
            joined = spans[first][2], spans[second][2]
            allowed = [0, *(at for at, types in enumerate(RELATIONS.values(), 1) if types == joined)]
            if best := allowed[int(row[allowed].argmax())]:
                relations.append(Relation(first, list(RELATIONS)[best - 1], second))
        return Tagged(entities, tuple(relations))

    def _linear(self, name: str, rows: Floats) -> Floats:
        found: Floats = rows @ self._heads[f"{name}.weight"].T + self._heads[f"{name}.bias"]
        return found


def _spans(labels: Sequence[int]) -> list[tuple[int, int, str]]:
    """Begin, end and type of the entities that words' labels tell; one may begin with "I" where none goes on."""
    found: list[tuple[int, int, str]] = []
    for word, number in enumerate(labels):
        place, _, kind = LABELS[number].partition("-")
        if place == "I" and found and found[-1][1:] == (word, kind):
            found[-1] = (found[-1][0], word + 1, kind)
        elif kind:
            found.append((word, word + 1, kind))
    return found


def _pair(states: Floats, subject: tuple[int, int], object_: tuple[int, int]) -> Floats:
    """What is read of a pair: the greatest of each unit over subject, object and what lies between; the sentence."""
    first, second = sorted((subject, object_))
    between = states[first[1] : second[0]]
    none = np.zeros(states.shape[1], dtype=np.float32)
    parts = [states[slice(*subject)].max(0), states[slice(*object_)].max(0), between.max(0) if len(between) else none]
    return np.concatenate([*parts, states[0]])


def _compiled(adapter: Adapter) -> Any:
    """States of a batch: the compiled model, or torch where there is no compiled form."""
    try:
        model = CompiledModel(compiled_folder(f"{adapter.fingerprint} tagger", partial(_export, adapter)))
        return lambda inputs: model(inputs)[0]
    except CannotCompile:
        import torch

        inner = _states(adapter)

        def run(inputs: dict[str, NDArray[np.int64]]) -> Floats:
            with torch.inference_mode():
                found: Floats = inner(**{name: torch.from_numpy(value) for name, value in inputs.items()}).numpy()
                return found

        return run


def _states(adapter: Adapter) -> Any:
    """The torch module that gives states, the adapter merged in."""
    import torch
    from transformers.utils import logging

    from adapters.merge import grafted
    from adapters.tagger.model import Tagger as Whole

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    files = locate("default")
    verify_default(files)
    base = Whole.from_pretrained(str(files.path), local_files_only=True, num_hidden_layers=adapter.card["layers"])
    whole = grafted(base, adapter)

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.whole = whole

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
        ) -> torch.Tensor:
            found: torch.Tensor = self.whole.states(input_ids, attention_mask, token_type_ids)
            return found

    return States().eval()


def _export(adapter: Adapter, folder: Path) -> None:
    import openvino
    import torch

    example = torch.ones((2, 16), dtype=torch.long)
    inputs = {"input_ids": example, "attention_mask": example, "token_type_ids": example}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            converted = openvino.convert_model(_states(adapter), example_input=inputs)
    except Exception as error:
        raise CannotCompile(str(error)) from error
    openvino.save_model(converted, str(folder / "model.xml"), compress_to_fp16=False)
