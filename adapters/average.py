"""One adapter from several of the same task: the mean of the models they make (model soups, Wortsman et al. 2022).

The mean of updates of rank r has a higher rank; of its singular vectors the first r are kept, which is the nearest
update of that rank (Eckart & Young 1936).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adapters.models import ModelError
from adapters.registry import CARD, CONFIG, WEIGHTS, Adapter, as_any_file, lora_config, read_weights

DOWN, UP = ".lora_A.", ".lora_B."


def average(adapters: Sequence[Adapter], out: Path) -> dict[str, object]:
    """Write the mean of adapters into the folder `out`, and return its card.

    Args:
        adapters: At least two, of the same task, rank and layers.

    Raises:
        ModelError: They do not fit together.
    """
    from safetensors.numpy import save_file

    first = adapters[0]
    if len({adapter.fingerprint for adapter in adapters}) < len(adapters):
        raise ModelError("the same adapter is given twice")
    weights = [read_weights(adapter.path) for adapter in adapters]
    for adapter, own in zip(adapters[1:], weights[1:], strict=True):
        if _kind(adapter, own) != _kind(first, weights[0]):
            raise ModelError(
                f"the adapters in {first.path} and {adapter.path} differ in task, base, layers, rank or scale"
            )
    mean: dict[str, NDArray[np.float32]] = {}
    for name in weights[0]:
        if DOWN in name:
            up = name.replace(DOWN, UP)
            update = np.mean([own[up] @ own[name] for own in weights], axis=0)
            mean[up], mean[name] = _cut(update, len(weights[0][name]))
        elif UP not in name:
            mean[name] = np.mean([own[name] for own in weights], axis=0)
    shared = ("task", "base", "base_sha256", "layers", "types")
    card: dict[str, object] = {key: first.card[key] for key in shared if key in first.card}
    card["average_of"] = [adapter.card for adapter in adapters]
    out.mkdir(parents=True, exist_ok=True)
    shutil.copy(first.path / CONFIG, out)
    save_file({name: np.ascontiguousarray(w.astype(np.float16)) for name, w in mean.items()}, out / WEIGHTS)
    as_any_file(out / WEIGHTS)
    (out / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
    return card


def _kind(adapter: Adapter, weights: dict[str, NDArray[np.float32]]) -> tuple[object, ...]:
    """What adapters must share to be averaged."""
    return (
        adapter.card["task"],
        adapter.card["base_sha256"],
        lora_config(adapter),
        {name: weight.shape for name, weight in weights.items()},
    )


def _cut(update: NDArray[np.float32], rank: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The factors, of shapes (out, rank) and (rank, in), of the nearest update of a rank."""
    left, values, right = np.linalg.svd(update, full_matrices=False)
    root = np.sqrt(values[:rank])
    return left[:, :rank] * root, root[:, None] * right[:rank]
