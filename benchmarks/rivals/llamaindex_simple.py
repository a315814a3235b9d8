"""LlamaIndex as its starter tutorial with local models sets it up.

`SimpleDirectoryReader`, the default `SentenceSplitter` (1,024 of its tokens, overlapping by 200),
`HuggingFaceEmbedding` with its batches of 10, the default `SimpleVectorStore`. Dense search.
https://developers.llamaindex.ai/python/framework/getting_started/starter_example_local/
"""

from __future__ import annotations

from harness import TOP_K, Index, Save, Search, run


def indexer(documents: str, model: str, folder: str) -> Index:
    """Load what indexing needs."""
    from llama_index.core import Settings, SimpleDirectoryReader, VectorStoreIndex
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    Settings.embed_model = HuggingFaceEmbedding(model_name=model)

    def index() -> Save:
        built = VectorStoreIndex.from_documents(SimpleDirectoryReader(documents).load_data())
        return lambda: built.storage_context.persist(folder)

    return index


def searcher(model: str, folder: str) -> Search:
    """Load a saved index."""
    from llama_index.core import Settings, StorageContext, load_index_from_storage
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    Settings.embed_model = HuggingFaceEmbedding(model_name=model)
    index = load_index_from_storage(StorageContext.from_defaults(persist_dir=folder))
    search: Search = index.as_retriever(similarity_top_k=TOP_K).retrieve
    return search


if __name__ == "__main__":
    run(indexer, searcher, "dense")
