"""Texts to unit vectors, in batches of equal cost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from adapters import Adapter, Backbone, load_backbone
from adapters.backbone import equal_cost, vectors_of

WINDOW = 1024
"""Texts of a stream that are looked at together."""
KEPT = 20_000
"""Vectors of sentences that an encoder keeps in memory: 30 MB at 384 dimensions."""


Key = TypeVar("Key")


class Encoder:
    """A backbone with batching and the prompts it was trained with; safe to share between threads."""

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone
        self._kept: dict[str, NDArray[np.float32]] = {}
        self._keeping = threading.Lock()

    @classmethod
    def load(cls, name: str = "default", adapter: Adapter | None = None) -> Encoder:
        """Load by name: `default`, a folder, or a Hugging Face name; with an adapter merged into it.

        Raises:
            ModelError: The model cannot be found, or was altered.
        """
        return cls(load_backbone(name, adapter))

    @property
    def fingerprint(self) -> str:
        """Changes with the weights; vectors of different fingerprints do not mix."""
        return self.backbone.spec.fingerprint

    def documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> NDArray[np.float32]:
        """Vectors of texts to be found, shape (len(texts), dimension).

        Args:
            progress: Called with the number of texts done since the last call.
        """
        return vectors_of(self.backbone, [self.backbone.spec.document_prompt + text for text in texts], progress)

    def stream(self, texts: Iterable[tuple[Key, str]]) -> Iterator[tuple[list[Key], NDArray[np.float32]]]:
        """Vectors of texts to be found, as these come, each with a key of its own.

        Texts are taken while earlier ones are encoded, `WINDOW` at a time, and batched by length.

        Yields:
            Some keys and their vectors, shape (len(keys), dimension), in any order.
        """
        return self.backbone.stream(self._batches(iter(texts)))

    def _batches(self, texts: Iterator[tuple[Key, str]]) -> Iterator[tuple[list[Key], list[list[int]]]]:
        while window := list(islice(texts, WINDOW)):
            ids = self.backbone.token_ids([self.backbone.spec.document_prompt + text for _, text in window])
            for rows in equal_cost(ids):
                yield [window[row][0] for row in rows], [ids[row] for row in rows]

    def sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts that are looked at again and again, kept from one question to the next; shape as above."""
        with self._keeping:
            known = {text: self._kept[text] for text in texts if text in self._kept}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known |= zip(new, self.documents(new), strict=True)
        with self._keeping:
            self._kept |= {text: known[text] for text in new}
            for text in list(self._kept)[: max(0, len(self._kept) - KEPT)]:
                del self._kept[text]
        return np.stack([known[text] for text in texts]) if texts else self.documents([])

    def query(self, text: str) -> NDArray[np.float32]:
        """Vector of a question, shape (dimension,)."""
        return np.asarray(self.queries([text])[0], dtype=np.float32)

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of questions, shape (len(texts), dimension)."""
        return vectors_of(self.backbone, [self.backbone.spec.query_prompt + text for text in texts])
