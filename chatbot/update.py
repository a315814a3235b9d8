"""Making a store hold what a bot's files hold, and what a program brings: only what has changed is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chatbot.config import BotConfig
from chatbot.sources import Sources, stamp_of
from retrieval.document import Chunk, Document
from retrieval.encoder import Encoder
from retrieval.errors import UnreadableFile
from retrieval.ingest import Ingest, Stamp
from retrieval.loaders import source_name
from retrieval.loaders.discover import UNLISTED
from retrieval.progress import Progress
from retrieval.reading import Cutting, File, Reader
from retrieval.vector_cache import VectorCache


@dataclass(frozen=True)
class Brought:
    """What a program changes about the documents of a bot, beside those in its files.

    Args:
        documents: To be put in, each in place of the one with its id.
        gone: Ids of documents to be taken out.
    """

    documents: Sequence[Document] = ()
    gone: Sequence[str] = ()


NOTHING = Brought()


class Update:
    """One pass over a bot's files.

    Args:
        progress: Called with "read" and numbers of files, or, once there is something to encode, with "encode" and
            numbers of chunks: as many more as there are more files.
    """

    def __init__(
        self, config: BotConfig, sources: Sources, brought: Brought, ingest: Ingest, progress: Progress
    ) -> None:
        self._files = {source_name(path, root): (path, root) for path, root in sources.files}
        self._failed = dict(sources.skipped)
        self.lost = any(reason.startswith(UNLISTED) for reason in self._failed.values())
        """Whether documents may be missing that are there, but cannot be read any more."""
        self._brought = brought
        self._cutting = Cutting(**config.knowledge.chunk.model_dump())
        self._ingest = ingest
        self._progress = progress
        self._known = ingest.stamps()
        self._done = 0
        self._encoding = False

    def run(self, reader: Reader, encoder: Encoder, cache: VectorCache) -> dict[str, str]:
        """Bring the store up to date; returns the files that cannot be read, by name, with the reason.

        Args:
            reader: Who reads and cuts the files.
        """
        of_files = {name for name, stamp in self._known.items() if stamp.digest}
        for name in (of_files - self._files.keys()) | set(self._brought.gone):
            self._ingest.remove(name)
        self._ingest.add(self._arriving(reader, cache), encoder, cache, self._encoded)
        return self._failed

    def _arriving(self, reader: Reader, cache: VectorCache) -> Iterator[tuple[Document, list[Chunk], Stamp]]:
        for file, outcome in reader(self._changed(), self._cutting, cache):
            if isinstance(outcome, UnreadableFile):
                self._fail(file.name, outcome)
            else:
                yield *outcome, file.stamp
                self._count()
        yield from ((document, self._cutting(document), Stamp()) for document in self._brought.documents)

    def _changed(self) -> Iterator[File]:
        for name, (path, root) in self._files.items():
            old = self._known.get(name)
            if old and not old.digest:
                self._failed[name] = "a program has brought a document of this name"
                self._count()
                continue
            try:
                stamp = stamp_of(path, old)
            except UnreadableFile as error:
                self._fail(name, error)
                continue
            if old and stamp.digest == old.digest:
                if stamp != old:
                    self._ingest.restamp(name, stamp)
                self._count()
            else:
                yield File(name, path, root, stamp)

    def _fail(self, name: str, reason: UnreadableFile) -> None:
        self._failed[name] = str(reason)
        self.lost |= name in self._known
        self._ingest.remove(name)
        self._count()

    def _count(self) -> None:
        self._done += 1
        if not self._encoding:
            self._progress("read", self._done, len(self._files))

    def _encoded(self, done: int, come: int) -> None:
        self._encoding = True
        self._progress("encode", done, round(come * len(self._files) / self._done) if self._done else come)
