"""A classifier at work: an encoder, adapted or not, and a head on its vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adapters.backbone import Backbone, load_backbone, vectors_of
from adapters.classifier.head import Head, Told
from adapters.models import ModelError, ModelFiles, locate
from adapters.registry import ENCODER, WEIGHTS, Adapter, find_adapter


class Classifier:
    """Tells what texts are; safe to share between threads.

    Args:
        backbone: Of an adapter of the same encoder that is loaded already; otherwise it is loaded.

    Raises:
        ModelError: The adapter is damaged, or its head does not fit its encoder.
    """

    def __init__(self, adapter: Adapter, backbone: Callable[[str], Backbone | None] = lambda key: None) -> None:
        self.adapter = adapter
        self.head = Head.load(adapter.path)
        self.backbone = backbone(encoder_key(adapter)) or encoder_of(adapter)
        if self.backbone.spec.dimension != self.head.weights.shape[1]:
            raise ModelError(
                f"the head in {adapter.path} takes vectors of {self.head.weights.shape[1]} numbers,"
                f" its encoder gives {self.backbone.spec.dimension}"
            )

    @classmethod
    def load(cls, folder: str | Path) -> Classifier:
        """Open a classifier's folder.

        Raises:
            ModelError: There is none, or it is damaged.
        """
        return cls(find_adapter(str(folder), "classifier"))

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of texts, shape (len(texts), dimension)."""
        return vectors_of(self.backbone, list(texts))

    def tell(self, texts: Sequence[str]) -> list[Told]:
        """What texts are."""
        return self.head.tell(self.vectors(texts))


def encoder_key(adapter: Adapter) -> str:
    """What adapters of the same encoder share: that of the plain base is its name."""
    plain = not (adapter.path / WEIGHTS).exists() and not (adapter.path / ENCODER).exists()
    return str(adapter.card.get("base", "default")) if plain else adapter.fingerprint


def encoder_of(adapter: Adapter) -> Backbone:
    """The encoder of a classifier: its base, its base with a LoRA merged in, or one of its own.

    Raises:
        ModelError: It cannot be loaded.
    """
    return load_backbone(*_base_and_lora(adapter))


def encoder_files(adapter: Adapter) -> ModelFiles:
    """The files of a classifier's encoder; see `encoder_of`.

    Raises:
        ModelError: They are not found.
    """
    base, lora = _base_and_lora(adapter)
    return replace(locate(base), adapter=lora)


def _base_and_lora(adapter: Adapter) -> tuple[str, Adapter | None]:
    if (adapter.path / ENCODER).is_dir():
        return str(adapter.path / ENCODER), None
    return str(adapter.card.get("base", "default")), adapter if (adapter.path / WEIGHTS).exists() else None
