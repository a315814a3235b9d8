"""Who extracts what a bot's graph is made of."""

from __future__ import annotations

from adapters.registry import find_adapter
from chatbot.config import BotConfig
from knowledge_graph.extraction import Extractor


def extractor_of(config: BotConfig) -> Extractor | None:
    """What extracts beside the corpus itself, loaded when it is first needed; None with `default` and `none`."""
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
    if name == "llm":
        model = config.generator
        return " ".join([name, model.model, model.base_url or "", model.adapter or ""])
    return name
