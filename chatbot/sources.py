"""What a bot is built from: its files, its facts, and what tells that they have changed."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from adapters.models import sha256
from chatbot.config import BotConfig
from chatbot.encoders import encoder_fingerprint
from chatbot.extractors import made_by
from chatbot.home import FORMAT, NothingToIndex
from retrieval.errors import GraftError, UnreadableFile
from retrieval.ingest import Stamp
from retrieval.loaders import discover
from retrieval.loaders.titles import below, source_name

LIBRARIES = ("PyStemmer", "jieba")
"""They decide which words and names a text holds: with another version, a question's may not be the index's.
What reads files is not among them: a document stays as it was read until its file changes."""
SETTLED = 2_000_000_000
"""Nanoseconds after which a further change of a file shows in its time, on any file system."""


@dataclass(frozen=True)
class Sources:
    """The files of a bot: those to read as (path, root), and those skipped with the reason."""

    files: list[tuple[Path, Path]]
    skipped: dict[str, str]

    @property
    def names(self) -> set[str]:
        """The ids of the files' documents."""
        return {source_name(path, root) for path, root in self.files}


def find_sources(config: BotConfig, needed: bool = True) -> Sources:
    """List a bot's files.

    Args:
        needed: Whether there must be one; documents may also be brought by a program.

    Raises:
        GraftError: A source does not exist.
        NothingToIndex: There is no file where one is needed.
    """
    sources = [*config.knowledge.sources, *([config.faq] if config.faq else [])]
    if config.faq and config.path(config.faq).is_dir():
        raise GraftError(f"{config.name}: faq must name a file of questions and answers, {config.faq} is a folder")
    _check_apart(config)
    files, skipped = discover(sources, config.folder)
    if needed and not files and not skipped:
        raise NothingToIndex(f"{config.name}: the knowledge folder is empty; put documents into {', '.join(sources)}")
    return Sources(files, dict(skipped))


def _check_apart(config: BotConfig) -> None:
    """Raises GraftError where a file of vectors would be read as a document."""
    uri = config.store_uri
    if uri is None or "://" in uri:
        return
    for source in config.knowledge.sources:
        inside = below(Path(os.path.abspath(uri)), Path(os.path.abspath(config.path(source))))
        if inside and not any(part.startswith(".") for part in Path(inside).parts):
            raise GraftError(f"{config.name}: store.uri lies in {source}, which is read; take .graft/vectors.db")


def shaping(config: BotConfig) -> dict[str, Any]:
    """What documents, chunks, words and graph are made by: where it differs, all are made anew."""
    return {
        "format": FORMAT,
        "language": config.language,
        "chunk": config.knowledge.chunk.model_dump(),
        "graph": made_by(config),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def digest(config: BotConfig, sources: Sources) -> str:
    """Changes when the index would: with the files, the settings that shape it, or the encoder."""
    told = shaping(config) | {
        "index": config.retrieval.index,
        "encoder": encoder_fingerprint(config),
        "triples": [_stamp(config.path(name), config.folder) for name in config.graph.triples],
        "aliases": [_stamp(config.path(name), config.folder) for name in config.graph.aliases],
        "files": [(source_name(path, root), *_stamp(path, config.folder)) for path, root in sources.files],
        "skipped": sources.skipped,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def stamp_of(path: Path, old: Stamp | None) -> Stamp:
    """A file's stamp; its content is read only where size or time differ from those of its `old` stamp.

    Raises:
        UnreadableFile: It cannot be opened, or is no regular file.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile("not a file")  # to open a pipe would wait for a writer
        if old and (status.st_size, status.st_mtime_ns) == (old.size, old.changed):
            return old
        date = datetime.fromtimestamp(status.st_mtime, UTC).date().isoformat()
        settled = time.time_ns() - status.st_mtime_ns > SETTLED
        return Stamp(date, status.st_size, status.st_mtime_ns if settled else 0, sha256(path))
    except OSError as error:
        raise UnreadableFile(f"cannot be opened: {(error.strerror or str(error)).lower()}") from error


def _stamp(path: Path, folder: Path) -> tuple[str, int, int | str]:
    """Where a file is, seen from the bot's folder, which may move, its size and when it was changed; its SHA-256 where
    that is yet to come, and further changes may not show in it."""
    name = below(path, folder) or os.path.relpath(path, folder)
    try:
        status = path.stat()
        if status.st_mtime_ns > time.time_ns() and stat.S_ISREG(status.st_mode):
            return name, status.st_size, sha256(path)
    except OSError:
        return name, 0, 0
    return name, status.st_size, status.st_mtime_ns
