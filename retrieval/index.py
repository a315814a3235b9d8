"""The indexes of a built bot: the store, the vectors, the words, and a search over both."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.dense import DenseIndex, IndexKind
from retrieval.derive import WORDS, derive
from retrieval.document import Chunk, Document
from retrieval.encoder import Encoder
from retrieval.fusion import Candidates, fuse
from retrieval.ingest import Ingest, Stamp, connect, seal
from retrieval.language import language_of
from retrieval.lexical import LexicalIndex, highest
from retrieval.progress import Progress, silent
from retrieval.store import DATABASE, Store
from retrieval.vector_cache import VectorCache
from retrieval.vectors import VectorIndex, VectorStore

CANDIDATES = 100
"""How many chunks each ranker proposes."""

SAMPLE = 50
"""Chunks that tell the language."""


class Index:
    """Opened from the folder that `build` wrote."""

    def __init__(
        self,
        store: Store,
        dense: VectorIndex,
        lexical: LexicalIndex,
        encoder: Encoder,
        weight: float,
        faq: NDArray[np.float32],
    ) -> None:
        self.store = store
        self.dense = dense
        self.lexical = lexical
        self.encoder = encoder
        self.dense_weight = weight
        self.faq_vectors = faq

    @classmethod
    def build(
        cls,
        folder: Path,
        documents: Sequence[Document],
        chunks: Sequence[Chunk],
        encoder: Encoder,
        kind: IndexKind = "auto",
        progress: Progress = silent,
        finish: Callable[[sqlite3.Connection], None] = lambda connection: None,
        vectors: VectorStore = DenseIndex,
    ) -> Index:
        """Write the indexes of some documents into an empty folder; their chunks are numbered as they come.

        Args:
            finish: May write more into the store before it is sealed.
            vectors: Keeps the vectors.
        """
        connection = connect(folder / DATABASE)
        cache = VectorCache(None, encoder.backbone.spec.dimension)
        of: dict[str, list[Chunk]] = {document.id: [] for document in documents}
        for chunk in chunks:
            of[chunk.document_id].append(chunk)

        def arriving() -> Iterator[tuple[Document, list[Chunk], Stamp]]:
            for number, document in enumerate(documents, 1):
                yield document, of[document.id], Stamp()
                progress("index", number, len(documents))

        Ingest(connection).add(arriving(), encoder, cache)
        finish(connection)
        seal(connection)
        derive(folder, encoder, cache, kind, vectors)
        return cls.open(folder, encoder, vectors)

    @cached_property
    def in_english(self) -> bool:
        """Whether the documents are in English, told by a sample."""
        sample = self.store.chunks(self.store.sample(SAMPLE))
        return language_of("\n".join(chunk.text for chunk in sample)) == "en"

    @classmethod
    def open(cls, folder: Path, encoder: Encoder, vectors: VectorStore = DenseIndex) -> Index:
        """Open a built folder, what is in it memory-mapped.

        Args:
            vectors: Keeps the vectors.

        Raises:
            VectorsMissing: The vectors are not where they are kept.
            ValueError: Its files differ in how many chunks they hold.
        """
        with ExitStack() as failing:
            index = cls(
                failing.enter_context(closing(Store(folder / DATABASE))),
                vectors.open(folder),
                LexicalIndex.open(folder / WORDS),
                encoder,
                float(json.loads((folder / "fusion.json").read_text(encoding="utf8"))["dense_weight"]),
                np.load(folder / "faq.npy", allow_pickle=False),
            )
            sizes = {len(index.dense), index.store.count()}
            if len(sizes) > 1 or len(index.faq_vectors) != len(index.store.faq()):
                raise ValueError(f"the files in {folder} are of different builds")
            failing.pop_all()
        return index

    def candidates(
        self,
        question: str,
        vector: NDArray[np.float32] | None = None,
        lexical: bool = True,
        among: NDArray[np.int64] | None = None,
    ) -> Candidates:
        """The best chunks of each ranker for a question, each with both scores.

        Args:
            vector: The question's vector, where the caller has it.
            lexical: Whether words are searched too.
            among: Positions of the chunks to look at, ascending; None looks at all.
        """
        query = self.encoder.query(question) if vector is None else vector
        positions, _ = self.dense.search(query, CANDIDATES, among)
        scores = self.lexical.scores(question)
        if among is not None:
            inside = np.zeros_like(scores)
            inside[among] = scores[among]
            scores = inside
        if lexical:
            positions = np.union1d(positions, highest(scores, CANDIDATES))
        return Candidates(positions, self.dense.cosines(query, positions), scores[positions])

    def fused(self, candidates: Candidates, lexical: bool = True) -> NDArray[np.float32]:
        """Fused scores with this index's weight of the dense ranking."""
        return fuse(candidates, self.dense_weight if lexical else 1.0)
