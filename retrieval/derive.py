"""From a store to what searches need beside it: vectors, words, the weight of each, and the FAQ's vectors.

All of it is made anew from the store at every change, in blocks, so that memory does not grow with the corpus; what
takes long, the encoding, comes from the cache.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.aptitude import SAMPLE, dense_weight
from retrieval.bags import BAG
from retrieval.dense import DenseIndex, IndexKind
from retrieval.encoder import Encoder
from retrieval.ingest import indexed_text
from retrieval.lexical import Block, LexicalIndex
from retrieval.progress import Progress, silent
from retrieval.store import DATABASE, Store
from retrieval.vector_cache import VectorCache
from retrieval.vectors import VectorStore

WORDS = "bm25"
"""Folder of the lexical index."""
BLOCK, KEPT_TOGETHER = 2_000, 256
"""Chunks that are looked at together, and texts that are encoded before their vectors are written."""


def derive(
    folder: Path,
    encoder: Encoder,
    cache: VectorCache,
    kind: IndexKind = "auto",
    vectors: VectorStore = DenseIndex,
    progress: Progress = silent,
) -> None:
    """Write the indexes of the store in a folder beside it, its vectors where `vectors` keeps them.

    Args:
        progress: Called with "encode" and numbers of chunks where the cache lacks vectors: after a kill, on another
            machine, or for another encoder.
    """
    with closing(Store(folder / DATABASE)) as store:
        positions = store.positions()
        found = _Vectors(store, encoder, cache, progress, len(positions))
        vectors.write(folder, found, positions, cache.dimension, kind)
        dense = vectors.open(folder)
        (folder / WORDS).mkdir(exist_ok=True)
        LexicalIndex.write(folder / WORDS, lambda: _bags(store), store.size())
        lexical = LexicalIndex.open(folder / WORDS)
        sample = store.sample(SAMPLE)
        chunks = list(zip(sample, store.chunks(sample), strict=True))
        weight = dense_weight(chunks, dense, lexical, encoder, lambda texts: cache.questions(texts, encoder.queries))
        (folder / "fusion.json").write_text(json.dumps({"dense_weight": weight}), encoding="utf8")
        np.save(folder / "faq.npy", cache.questions([entry.question for entry in store.faq()], encoder.queries))


@dataclass(frozen=True)
class _Vectors:
    """The vectors of all chunks by position, a block at a time; what the cache lacks is encoded."""

    store: Store
    encoder: Encoder
    cache: VectorCache
    progress: Progress
    total: int

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        seen = wanted = done = 0

        def encoded(number: int) -> None:
            nonlocal done
            done += number
            self.progress("encode", done, round(wanted * self.total / seen))

        for rows in self.store.blocks("SELECT position, digest FROM chunks ORDER BY position", BLOCK):
            found = self.cache.get([key for _, key in rows])
            seen += len(rows)
            if lacking := {key: position for position, key in rows if key not in found}:
                chunks = self.store.chunks(list(lacking.values()))
                titles = self.store.titles_of({chunk.document_id for chunk in chunks})
                texts = [indexed_text(titles[chunk.document_id], chunk) for chunk in chunks]
                wanted += len(texts)
                encode = partial(self.encoder.documents, progress=encoded)
                keyed = list(zip(lacking, texts, strict=True))
                for begin in range(0, len(keyed), KEPT_TOGETHER):
                    found |= self.cache.fill(dict(keyed[begin : begin + KEPT_TOGETHER]), encode)
            yield np.stack([found[key] for _, key in rows])


def _bags(store: Store) -> Iterator[Block]:
    for rows in store.blocks("SELECT position, terms FROM bags ORDER BY position", BLOCK):
        bags = np.frombuffer(b"".join(data for _, data in rows), dtype=BAG)
        lengths = [len(data) // BAG.itemsize for _, data in rows]
        yield np.repeat(np.array([position for position, _ in rows]), lengths), bags
