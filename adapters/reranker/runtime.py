"""Reranking at answer time: a question with every text in one batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adapters.pairs import PairModel
from adapters.registry import Adapter, find_adapter


class Reranker:
    """The reranker of one adapter; safe to share between threads."""

    def __init__(self, adapter: Adapter) -> None:
        self._model = PairModel(adapter, "BertForSequenceClassification", ("logits",))

    @classmethod
    def load(cls, name: str = "default") -> Reranker:
        """Load by name: `default`, or an adapter's folder.

        Raises:
            ModelError: There is no such adapter, or it does not fit.
        """
        return cls(find_adapter(name, "reranker"))

    def scores(self, question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """How well each text answers, shape (len(texts),): of texts that compete, the logits of a softmax."""
        outputs = self._model.run(self._model.encode(question, texts))
        return np.array([logits[0] for (logits,) in outputs], dtype=np.float32)
