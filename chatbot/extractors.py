"""Who extracts what a bot's graph is made of."""

from __future__ import annotations

from adapters.registry import find_adapter
from chatbot.config import BotConfig
from knowledge_graph.extraction import Extractor


def extractor_of(config: BotConfig) -> Extractor | None:
    """What extracts beside the corpus itself; None with `default` and `none`.

    Raises:
        ModelError: The tagger is damaged.
        ProviderError: The language model cannot be opened.
    """
    if config.graph.extractor == "tagger":
        from knowledge_graph.tagged import TaggedEntities

        return TaggedEntities(config.adapter_folders.tagger)
    if config.graph.extractor == "llm":
        from chatbot.stated_by_model import ModelFacts

        return ModelFacts(config.generator)
    return None


def made_by(config: BotConfig) -> str:
    """What tells graphs of different extraction apart."""
    name = config.graph.extractor
    if name == "tagger":
        return f"{name} {find_adapter(config.adapter_folders.tagger, 'tagger').fingerprint}"
    return f"{name} {config.generator.model}" if name == "llm" else name
