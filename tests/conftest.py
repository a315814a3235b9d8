"""What tests share: the bundled encoder, loaded once, and small corpora built into indexes and graphs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from knowledge_graph import KnowledgeGraph
from knowledge_graph.rank import GraphRanker
from knowledge_graph.store import SCHEMA, load_matrix, save_matrix
from knowledge_graph.update import GraphUpdate
from retrieval.document import Chunk, Document
from retrieval.encoder import Encoder
from retrieval.index import Index
from retrieval.ingest import Ingest, connect, seal
from retrieval.splitter import split
from retrieval.store import DATABASE, Store
from tests.guards import loopback_only

__all__ = ["loopback_only"]


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder.load()


@pytest.fixture(scope="session")
def graft_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home for the indexes of bundled bots, shared by the tests that run Graft as a process."""
    return tmp_path_factory.mktemp("graft-home")


@dataclass(frozen=True)
class Corpus:
    """Documents, their chunks, and their graph in a database."""

    folder: Path
    documents: list[Document]
    chunks: list[Chunk]
    store: Store

    @property
    def graph(self) -> KnowledgeGraph:
        return KnowledgeGraph(self.store)

    @property
    def ranker(self) -> GraphRanker:
        return GraphRanker(load_matrix(self.folder, self.store), self.store)

    def index(self, encoder: Encoder) -> Index:
        """The search index of the same chunks."""
        folder = self.folder / "index"
        folder.mkdir()
        return Index.build(folder, self.documents, self.chunks, encoder)


MakeCorpus = Callable[..., Corpus]


@pytest.fixture
def make_corpus(tmp_path: Path) -> MakeCorpus:
    """Makes a corpus of texts by title."""

    def make(texts: dict[str, str], language: str = "en", triples: list[tuple[str, str, str]] | None = None) -> Corpus:
        folder = tmp_path / f"corpus{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        documents = [
            Document(f"{number}.md", title, text, f"{number}.md") for number, (title, text) in enumerate(texts.items())
        ]
        chunks = [chunk for document in documents for chunk in split(document)]
        connection = connect(folder / DATABASE, SCHEMA)
        graph = GraphUpdate(connection, language)
        ingest = Ingest(connection, graph)
        for document in documents:
            ingest.put(document, [chunk for chunk in chunks if chunk.document_id == document.id])
        graph.settle(triples or [])
        seal(connection)
        store = Store(folder / DATABASE)
        save_matrix(store, folder)
        return Corpus(folder, documents, chunks, store)

    return make
