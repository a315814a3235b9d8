"""LangChain as its tutorial on semantic search sets it up, with its FAISS store.

Chunks of 1,000 characters that overlap by 200, `HuggingFaceEmbeddings` with sentence-transformers' batches of 32, an
exact FAISS index. Dense search. https://docs.langchain.com/oss/python/langchain/knowledge-base
"""

from __future__ import annotations

from harness import TOP_K, Index, Save, Search, run


def indexer(documents: str, model: str, folder: str) -> Index:
    """Load what indexing needs."""
    from langchain_community.document_loaders import DirectoryLoader, TextLoader
    from langchain_community.vectorstores import FAISS
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    embeddings = HuggingFaceEmbeddings(model_name=model)

    def index() -> Save:
        loaded = DirectoryLoader(documents, glob="*.txt", loader_cls=TextLoader).load()
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)
        store = FAISS.from_documents(splitter.split_documents(loaded), embeddings)
        return lambda: store.save_local(folder)

    return index


def searcher(model: str, folder: str) -> Search:
    """Load a saved index."""
    from langchain_community.vectorstores import FAISS
    from langchain_huggingface import HuggingFaceEmbeddings

    store = FAISS.load_local(folder, HuggingFaceEmbeddings(model_name=model), allow_dangerous_deserialization=True)
    return lambda question: store.similarity_search(question, k=TOP_K)


if __name__ == "__main__":
    run(indexer, searcher, "dense")
