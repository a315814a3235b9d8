"""The encoder as LangChain's `Embeddings`."""

from __future__ import annotations

from langchain_core.embeddings import Embeddings

from retrieval.encoder import Encoder


class GraftEmbeddings(Embeddings):
    """Embeds texts with one of Graft's encoders."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        self.encoder = encoder or Encoder.load()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Unit vectors of texts to be found."""
        return [[float(value) for value in vector] for vector in self.encoder.documents(texts)]

    def embed_query(self, text: str) -> list[float]:
        """Unit vector of a question."""
        return [float(value) for value in self.encoder.query(text)]
