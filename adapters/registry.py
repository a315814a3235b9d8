"""The adapters that ship with Graft, by name, and the check that an adapter fits its base model."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from adapters.models import ModelError, locate, sha256

SHIPPED = Path(__file__).parent / "shipped"
TASKS = ("reader", "matcher", "reranker")
"""Each has a shipped adapter."""
WEIGHTS, CARD, CHECKPOINT = "adapter_model.safetensors", "card.json", "checkpoint.safetensors"
"""Files of an adapter's folder; the last one while it is trained."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter's folder.

    Args:
        card: Its task, data with licences, recipe, seed and scores, and the sha256 of the base model it was trained on.
        fingerprint: Changes with its weights.
    """

    name: str
    path: Path
    card: dict[str, object]
    fingerprint: str


def find_adapter(name: str, task: str, other_task: bool = False) -> Adapter:
    """Find an adapter for a task.

    Args:
        name: `default` for the shipped one, or the path of a folder.
        other_task: Whether one for another task will do.

    Raises:
        ModelError: There is none, it is for another task, or for another base model than the bundled one.
    """
    path = SHIPPED / task if name == "default" else Path(os.path.expanduser(name))
    try:
        card = json.loads((path / CARD).read_text(encoding="utf8"))
        fingerprint = sha256(path / WEIGHTS)
    except (OSError, ValueError):
        raise ModelError(f"no adapter in {path}: expected {CARD} and {WEIGHTS}") from None
    if card.get("task") != task and not other_task:
        raise ModelError(f"the adapter in {path} is for the task {card.get('task')!r}, not {task!r}")
    if card.get("base_sha256") != locate("default").fingerprint:
        raise ModelError(f"the adapter in {path} was trained on another base model than all-MiniLM-L6-v2")
    return Adapter(name, path, card, fingerprint)
