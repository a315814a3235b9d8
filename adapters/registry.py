"""The adapters that ship with Graft, by name, and the check that an adapter fits its base model."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adapters.models import DEFAULT, ModelError, locate, sha256

SHIPPED = Path(__file__).parent / "shipped"
ON_BACKBONE = ("reader", "matcher", "reranker", "tagger", "embedder")
"""Those whose adapters are put on the bundled base, whatever their cards say; others name their base."""
WEIGHTS, CONFIG, CARD = "adapter_model.safetensors", "adapter_config.json", "card.json"
"""Files of an adapter's folder."""
HEAD = "head.safetensors"
"""That of a classifier's or a grader's head."""
ENCODER = "encoder"
"""A folder within it with a whole encoder, where all of one was trained."""
CHECKPOINT = "checkpoint.safetensors"
"""One more while it is trained."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter's folder.

    Args:
        card: Its task, data with licences, recipe, seed and scores, and the sha256 of the base model it was trained on.
        fingerprint: Changes with its weights and their scale.
    """

    name: str
    path: Path
    card: dict[str, object]
    fingerprint: str


def find_adapter(name: str, task: str | None) -> Adapter:
    """Find an adapter for a task, or a folder's for any.

    Args:
        name: `default` for the shipped one, or the path of a folder.

    Raises:
        ModelError: There is none, it is for another task, or for another base model than the bundled one.
    """
    adapter = read_adapter(name, task)
    path, card = adapter.path, adapter.card
    if task and card.get("task") != task:
        raise ModelError(f"the adapter in {path} is for the task {card.get('task')!r}, not {task!r}")
    base = base_of(adapter)
    if base and card.get("base_sha256") != locate(base).fingerprint:
        raise ModelError(f"the adapter in {path} was trained on another base model than {base_title(base)}")
    return adapter


def read_adapter(name: str, task: str | None = None) -> Adapter:
    """An adapter as it is stored, for whatever task and base model; see `find_adapter`.

    Raises:
        ModelError: There is none.
    """
    path = SHIPPED / task if name == "default" and task else Path(os.path.expanduser(name))
    try:
        card = json.loads((path / CARD).read_text(encoding="utf8"))
        fingerprint = _fingerprint(path)
        if not isinstance(card, dict):
            raise ValueError
    except (OSError, ValueError, RecursionError):
        parts = f"{CARD} and {HEAD}" if task in ("classifier", "grader") else f"{CARD}, {CONFIG} and {WEIGHTS}"
        raise ModelError(f"no adapter in {path}: expected {parts}") from None
    return Adapter(name, path, card, fingerprint)


def base_of(adapter: Adapter) -> str | None:
    """The name of an adapter's base model; None where it has a whole encoder of its own."""
    if adapter.card.get("task") in ON_BACKBONE:
        return DEFAULT
    return None if (adapter.path / ENCODER).is_dir() else str(adapter.card.get("base", DEFAULT))


def base_title(base: str) -> str:
    """A base model's name for people."""
    return "all-MiniLM-L6-v2" if base == DEFAULT else base


def lora_config(adapter: Adapter) -> tuple[int, float]:
    """An adapter's rank and its scale: `lora_alpha` over the rank.

    Raises:
        ModelError: They are not told.
    """
    try:
        config = json.loads((adapter.path / CONFIG).read_text(encoding="utf8"))
        return int(config["r"]), config["lora_alpha"] / config["r"]
    except (OSError, ValueError, TypeError, KeyError, ZeroDivisionError, RecursionError):
        raise ModelError(f"{adapter.path / CONFIG} is damaged: expected r and lora_alpha") from None


def read_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """The weights in an adapter's folder, by name.

    Raises:
        ModelError: They are damaged, or no numbers.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        weights = {name: weight.astype(np.float32) for name, weight in load_file(path / WEIGHTS).items()}
    except (SafetensorError, OSError):
        raise ModelError(f"{path / WEIGHTS} is damaged") from None
    if not all(np.isfinite(weight).all() for weight in weights.values()):
        raise ModelError(f"{path / WEIGHTS} holds weights that are no numbers")
    return weights


def verify(adapter: Adapter) -> None:
    """Check that an adapter's weights are those that were found, since what is made of them is kept by its fingerprint.

    Raises:
        ModelError: They were replaced or removed.
    """
    try:
        same = _fingerprint(adapter.path) == adapter.fingerprint
    except (OSError, ValueError):
        same = False
    if not same:
        raise ModelError(f"the adapter in {adapter.path} was replaced while it was in use; start again")


def _fingerprint(path: Path) -> str:
    """Of all that an adapter's folder holds of a model; a LoRA's weights and configuration come together."""
    found = [path / name for name in (WEIGHTS, CONFIG, HEAD) if (path / name).exists()]
    found += sorted((path / ENCODER).glob("*.safetensors"))
    if not found or (path / WEIGHTS in found) != (path / CONFIG in found):
        raise ValueError("no model")
    return sha256(*found)


def as_any_file(path: Path) -> None:
    """Give a file the permissions that any new file has; safetensors writes them for their owner alone."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
