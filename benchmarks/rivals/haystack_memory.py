"""Haystack as its tutorial on hybrid retrieval sets it up, without the cross-encoder at its end.

The default `DocumentSplitter` (200 words, no overlap), `SentenceTransformersDocumentEmbedder` with its batches of 32,
`InMemoryDocumentStore`. Hybrid search: its BM25 and its vectors, joined by reciprocal rank.
https://haystack.deepset.ai/tutorials/33_hybrid_retrieval
"""

from __future__ import annotations

from pathlib import Path

from harness import TOP_K, Index, Save, Search, run

FILE = "documents.json"


def indexer(documents: str, model: str, folder: str) -> Index:
    """Load what indexing needs."""
    from haystack import Pipeline
    from haystack.components.converters import TextFileToDocument
    from haystack.components.preprocessors import DocumentSplitter
    from haystack.components.writers import DocumentWriter
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersDocumentEmbedder

    store = InMemoryDocumentStore()
    pipeline = Pipeline()
    pipeline.add_component("converter", TextFileToDocument())
    pipeline.add_component("splitter", DocumentSplitter())
    pipeline.add_component("embedder", SentenceTransformersDocumentEmbedder(model=model))
    pipeline.add_component("writer", DocumentWriter(store))
    pipeline.connect("converter", "splitter")
    pipeline.connect("splitter", "embedder")
    pipeline.connect("embedder", "writer")
    pipeline.warm_up()

    def index() -> Save:
        pipeline.run({"converter": {"sources": sorted(Path(documents).iterdir())}})
        return save

    def save() -> None:
        Path(folder).mkdir()
        store.save_to_disk(str(Path(folder) / FILE))

    return index


def searcher(model: str, folder: str) -> Search:
    """Load a saved index."""
    from haystack import Pipeline
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersTextEmbedder

    store = InMemoryDocumentStore.load_from_disk(str(Path(folder) / FILE))
    pipeline = Pipeline()
    pipeline.add_component("embedder", SentenceTransformersTextEmbedder(model=model))
    pipeline.add_component("dense", InMemoryEmbeddingRetriever(store, top_k=TOP_K))
    pipeline.add_component("bm25", InMemoryBM25Retriever(store, top_k=TOP_K))
    pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=TOP_K))
    pipeline.connect("embedder", "dense")
    pipeline.connect("dense", "joiner")
    pipeline.connect("bm25", "joiner")
    pipeline.warm_up()

    def search(question: str) -> object:
        found = pipeline.run({"embedder": {"text": question}, "bm25": {"query": question}})
        return found["joiner"]["documents"]

    return search


if __name__ == "__main__":
    run(indexer, searcher, "hybrid")
