"""Texts to unit vectors, in batches of equal cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from adapters import Backbone, load_backbone

TOKENS_PER_BATCH = 4096


class Encoder:
    """A backbone with batching and the prompts it was trained with; safe to share between threads."""

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone

    @classmethod
    def load(cls, name: str = "default") -> Encoder:
        """Load by name: `default`, a folder, or a Hugging Face name.

        Raises:
            ModelError: The model cannot be found, or was altered.
        """
        return cls(load_backbone(name))

    @property
    def fingerprint(self) -> str:
        """Changes with the weights; vectors of different fingerprints do not mix."""
        return self.backbone.spec.fingerprint

    def documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> NDArray[np.float32]:
        """Vectors of texts to be found, shape (len(texts), dimension).

        Args:
            progress: Called with the number of texts done since the last call.
        """
        return self._encode([self.backbone.spec.document_prompt + text for text in texts], progress)

    def query(self, text: str) -> NDArray[np.float32]:
        """Vector of a question, shape (dimension,)."""
        return np.asarray(self.queries([text])[0], dtype=np.float32)

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of questions, shape (len(texts), dimension)."""
        return self._encode([self.backbone.spec.query_prompt + text for text in texts], None)

    def _encode(self, texts: list[str], progress: Callable[[int], None] | None) -> NDArray[np.float32]:
        vectors = np.empty((len(texts), self.backbone.spec.dimension), dtype=np.float32)
        ids = self.backbone.token_ids(texts) if texts else []
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        start = 0
        while start < len(order):
            width = len(ids[order[min(start + TOKENS_PER_BATCH // len(ids[order[start]]), len(order)) - 1]])
            rows = order[start : start + max(1, TOKENS_PER_BATCH // width)]
            vectors[rows] = self.backbone.sentence_vectors([ids[row] for row in rows])
            start += len(rows)
            if progress:
                progress(len(rows))
        return vectors
