"""Files to documents and their chunks: the part of a build that can be done anywhere, in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from retrieval.document import Chunk, Document
from retrieval.errors import UnreadableFile
from retrieval.ingest import Stamp
from retrieval.loaders import load
from retrieval.splitter import split
from retrieval.vector_cache import VectorCache


@dataclass(frozen=True, slots=True)
class File:
    """A file to be read.

    Args:
        path, root: As `load` takes them.
        stamp: Of its content.
    """

    name: str
    path: Path
    root: Path
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Cutting:
    """How documents are cut; see `split`."""

    words: int
    overlap: int

    def __call__(self, document: Document) -> list[Chunk]:
        """The chunks of a document."""
        return split(document, self.words, self.overlap)


Outcome = tuple[Document, list[Chunk]] | UnreadableFile
"""What became of a file."""


class Reader(Protocol):
    """Who reads and cuts files."""

    def __call__(self, files: Iterable[File], cutting: Cutting, cache: VectorCache) -> Iterator[tuple[File, Outcome]]:
        """Every file with what became of it, in any order; vectors of the chunks may be put into the cache before."""
        ...


def read_here(files: Iterable[File], cutting: Cutting, cache: VectorCache) -> Iterator[tuple[File, Outcome]]:
    """Read and cut in this process, each file when it is asked for."""
    for file in files:
        try:
            document = load(file.path, file.root)
            yield file, (document, cutting(document))
        except UnreadableFile as error:
            yield file, error
