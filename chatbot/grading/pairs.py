"""The models that a grader's features are told by: the bundled encoder and the shipped reader."""

from __future__ import annotations

from adapters.grader.features import Pairs
from adapters.registry import find_adapter
from chatbot.grafts import shared
from retrieval.encoder import Encoder
from retrieval.text import terms


def load_pairs(encoder: Encoder | None = None) -> Pairs:
    """The models, loaded.

    Args:
        encoder: The bundled one, where it is loaded already.

    Raises:
        ModelError: They are missing, or were altered.
    """
    encode = (encoder or Encoder.load()).sentences
    return Pairs(encode, terms, shared(find_adapter("default", "reader"), "reader"))
