"""txtai as its RAG quick start sets it up, with the hybrid index of its README.

`Textractor(sections=True)`, which cuts a text at its headings, batches of 32. A section is embedded up to its 512th
token, the tokenizer's limit; the model's own is 256. Hybrid search.
https://github.com/neuml/txtai/blob/master/examples/rag_quickstart.py
"""

from __future__ import annotations

from pathlib import Path

from harness import TOP_K, Index, Save, Search, run


def indexer(documents: str, model: str, folder: str) -> Index:
    """Load what indexing needs."""
    from txtai import Embeddings
    from txtai.pipeline import Textractor

    embeddings = Embeddings(path=model, hybrid=True, content=True)

    def index() -> Save:
        textractor = Textractor(sections=True)
        embeddings.index([chunk for file in sorted(Path(documents).iterdir()) for chunk in textractor(str(file))])
        return lambda: embeddings.save(folder)

    return index


def searcher(model: str, folder: str) -> Search:
    """Load a saved index, which names its model."""
    from txtai import Embeddings

    embeddings = Embeddings()
    embeddings.load(folder)
    return lambda question: embeddings.search(question, TOP_K)


if __name__ == "__main__":
    run(indexer, searcher, "hybrid")
