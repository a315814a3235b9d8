"""Graft as `graft index` runs it on a bot that says nothing but where its documents are: hybrid search and a graph.

Chunks of 180 words that overlap by 30, the encoder compiled once on a machine, an exact FAISS index. The tokens are
those of the chunks and of the few sentences by which a build finds how well the encoder knows the documents.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from harness import TOP_K, Index, Save, Search, run

if TYPE_CHECKING:
    from retrieval.encoder import Encoder


class Graft:
    """A bot with or without a graph.

    Args:
        extractor: What the graph is made by, as in `bot.yaml`.
    """

    encoder: Encoder

    def __init__(self, extractor: str = "default") -> None:
        self.extractor = extractor

    def indexer(self, documents: str, model: str, folder: str) -> Index:
        """Load what indexing needs; `model` is the one that Graft takes by default."""
        from chatbot import bots
        from chatbot.build import build
        from retrieval.encoder import Encoder

        self.encoder = Encoder.load()

        def index() -> Save:
            Path(folder).mkdir()
            config = {"name": "bot", "knowledge": {"sources": [documents]}, "graph": {"extractor": self.extractor}}
            (Path(folder) / "bot.yaml").write_text(yaml.safe_dump(config), encoding="utf8")
            build(bots.find(folder), lambda step, done, total: None, self.encoder)
            return lambda: None  # a build is on disk

        return index

    def count_tokens(self, tokens: list[int]) -> None:
        """Count what the encoder is given."""
        backbone = self.encoder.backbone
        vectors, stream = backbone.sentence_vectors, backbone.stream

        def seen(ids: list[list[int]]) -> list[list[int]]:
            tokens.append(sum(map(len, ids)))
            return ids

        backbone.sentence_vectors = lambda ids: vectors(seen(ids))  # type: ignore[method-assign]
        backbone.stream = lambda batches: stream((tag, seen(ids)) for tag, ids in batches)  # type: ignore[method-assign]

    def searcher(self, model: str, folder: str) -> Search:
        """Open the bot."""
        from chatbot import bots
        from chatbot.bot import Bot

        bot = Bot.open(bots.find(folder))
        return lambda question: bot.searcher.search(question, TOP_K).passages

    def run(self) -> None:
        """Do what the command line says."""
        run(self.indexer, self.searcher, "hybrid", self.count_tokens)


if __name__ == "__main__":
    Graft().run()
