"""The check that an adapter is whole and of the form that loads, before it is given away and after it is taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from adapters.classifier.head import Head
from adapters.generation.config import TASK as GENERATOR
from adapters.grader.head import GradeHead
from adapters.registry import CARD, CHECKPOINT, CONFIG, ENCODER, ON_BACKBONE, WEIGHTS, Adapter, read_adapter
from adapters.sharing.files import SharingError, files_of

HEADS: dict[str, Callable[[Path], Head | GradeHead]] = {"classifier": Head.load, "grader": GradeHead.load}
TASKS = (*ON_BACKBONE, *HEADS, GENERATOR)
LARGEST_CARD = 4 * 2**20
"""Bytes."""
DEEPEST_CARD = 100
"""Objects within each other; a card holds those of the adapters that it goes on from."""


def check_whole(folder: Path) -> Adapter:
    """Read an adapter and check all but its base model.

    Raises:
        ModelError: It is missing, damaged, or still in training; says what of it.
    """
    if (folder / CHECKPOINT).exists():
        raise SharingError(f"the training of {folder} is not finished; go on with --resume")
    card = folder / CARD
    if card.is_file() and card.stat().st_size > LARGEST_CARD:
        raise SharingError(f"{card} has {card.stat().st_size:,} bytes; at most {LARGEST_CARD:,} are read")
    adapter = read_adapter(str(folder))
    if problem := _problem(adapter.card):
        raise SharingError(f"{card} is damaged: {problem}")
    files = files_of(folder)
    for name in files:
        if name.endswith(".safetensors"):
            _check_weights(folder / name)
    if head := HEADS.get(str(adapter.card["task"])):
        if list(head(folder).labels) != adapter.card["labels"]:
            raise SharingError(f"{folder}: its head has other labels than its card")
    elif WEIGHTS not in files:
        raise SharingError(f"no adapter in {folder}: it has no {WEIGHTS}")
    if (folder / ENCODER).exists() and not {f"{ENCODER}/config.json", f"{ENCODER}/model.safetensors"} <= files.keys():
        raise SharingError(f"{folder / ENCODER} is not whole: expected config.json and model.safetensors")
    if CONFIG in files:
        _check_config(folder / CONFIG)
    return adapter


def _problem(card: dict[str, object]) -> str | None:
    """What a card lacks to be used and shown."""
    if card.get("task") not in TASKS:
        return f"expected task, one of {', '.join(TASKS)}, got {card.get('task')!r}"
    if not isinstance(card.get("base_sha256"), str) or not isinstance(card.get("base", ""), str):
        return "expected base_sha256, the checksum of its base model, and base, this model's name"
    labels = card.get("labels", [])
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        return "expected labels, a list of names"
    if card["task"] in HEADS and not labels:
        return f"expected labels, those that the {card['task']} tells"
    if not isinstance(card.get("scores", {}), dict):
        return "expected scores, numbers by name"
    return "it is nested too deep" if _deeper_than(card, DEEPEST_CARD) else None


def _deeper_than(value: object, most: int) -> bool:
    level = [value]
    for _ in range(most):
        parts = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list))
        level = [part for some in parts for part in some]
    return bool(level)


def _check_weights(path: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise SharingError(f"{path} is damaged: {error}") from None
    if not shapes:
        raise SharingError(f"{path} is damaged: it holds no weights")


def _check_config(path: Path) -> None:
    try:
        config = json.loads(path.read_text(encoding="utf8"))
        kind, megatron = config["peft_type"], config.get("megatron_config")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise SharingError(f"{path} is damaged: expected peft's configuration") from None
    if not isinstance(kind, str) or megatron is not None:  # peft would import the module that megatron_core names
        raise SharingError(f"{path} is not taken: expected a peft_type, and no megatron_config")
