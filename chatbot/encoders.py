"""Which encoder a bot's texts and questions are turned into vectors with."""

from __future__ import annotations

from adapters import Adapter, find_adapter
from adapters.backbone import files_of
from chatbot.config import BotConfig
from retrieval.encoder import Encoder


def embedder_of(config: BotConfig) -> Adapter | None:
    """The adapter that is merged into the bundled encoder; None where that is used as it is.

    Raises:
        ModelError: There is none in the folder, or it does not fit.
    """
    name = config.adapter_folders.embedder
    return None if name == "default" else find_adapter(name, "embedder")


def encoder_fingerprint(config: BotConfig) -> str:
    """What the bot's encoder is known by, without loading it; raises what `encoder_of` does."""
    return files_of(config.retrieval.encoder, embedder_of(config)).fingerprint


def encoder_of(config: BotConfig, shared: Encoder | None = None) -> Encoder:
    """The bot's encoder.

    Args:
        shared: Taken if it is the one; otherwise the bot's own is loaded.

    Raises:
        ModelError: The encoder or its adapter cannot be found, or was altered.
    """
    if shared and shared.fingerprint == encoder_fingerprint(config):
        return shared
    return Encoder.load(config.retrieval.encoder, embedder_of(config))
