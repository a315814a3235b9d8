"""The adapters that weigh units: one copy of each in a process, however many bots use it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.reader.runtime import Reader
from adapters.registry import Adapter, find_adapter
from adapters.reranker.runtime import Reranker
from chatbot.config import Adapters
from retrieval.encoder import Encoder

DEFAULTS = Adapters()
"""The shipped ones."""
_LOADERS: dict[str, Callable[[Adapter], Any]] = {
    "reader": Reader,
    "matcher": lambda adapter: Encoder.load(adapter=adapter),
    "reranker": Reranker,
}
_loaded: dict[tuple[str, str], Any] = {}
_loading = threading.Lock()


@dataclass(frozen=True, slots=True)
class Grafts:
    """The backbone's adapters that weigh units.

    Args:
        reader: Finds the words of a passage that answer.
        matcher: Brings a question near to the unit that answers it.
        reranker: Judges a unit and the question together.
    """

    reader: Reader
    matcher: Encoder
    reranker: Reranker

    @classmethod
    def load(cls, adapters: Mapping[str, Adapter]) -> Grafts:
        """Load what was found, by task; one whose weights were replaced is another, and who has the old one keeps it.

        Raises:
            ModelError: An adapter does not fit, or was replaced since it was found.
        """
        return cls(**{task: shared(adapter, task) for task, adapter in adapters.items()})


def find_all(names: Adapters = DEFAULTS) -> dict[str, Adapter]:
    """The adapters of a bot's config that weigh units, by task, by default the shipped ones, not yet loaded.

    Raises:
        ModelError: An adapter is missing or does not fit.
    """
    return {task: find_adapter(getattr(names, task), task) for task in _LOADERS}


def shared(adapter: Adapter, task: str) -> Any:
    """The one copy of an adapter that weighs units, loaded when first asked for.

    Raises:
        ModelError: It does not fit, or was replaced since it was found.
    """
    key = (task, adapter.fingerprint)
    with _loading:
        if key not in _loaded:
            _loaded[key] = _LOADERS[task](adapter)
        return _loaded[key]
