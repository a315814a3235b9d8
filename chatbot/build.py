"""From a bot's sources to its built index: read, cut, encode, extract, publish."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from adapters import locate
from chatbot.bots import BotSource
from chatbot.config import BotConfig
from chatbot.home import FORMAT, Manifest, NotBuilt, new_build, publish, read_manifest
from knowledge_graph import KnowledgeGraph
from knowledge_graph import store as graph_store
from knowledge_graph.build import Extraction, extract
from retrieval.document import Chunk, Document
from retrieval.encoder import Encoder
from retrieval.errors import GraftError, UnreadableFile
from retrieval.index import Index, Progress
from retrieval.loaders import discover, load, source_name
from retrieval.loaders.clean import one_line
from retrieval.splitter import split


@dataclass(frozen=True)
class Sources:
    """The files of a bot: those to read as (path, root), and those skipped with the reason."""

    files: list[tuple[Path, Path]]
    skipped: dict[str, str]


def find_sources(config: BotConfig) -> Sources:
    """List a bot's files.

    Raises:
        GraftError: A source does not exist, or there is not one file.
    """
    sources = [*config.knowledge.sources, *([config.faq] if config.faq else [])]
    if config.faq and config.path(config.faq).is_dir():
        raise GraftError(f"{config.name}: faq must name a file of questions and answers, {config.faq} is a folder")
    files, skipped = discover(sources, config.folder)
    if not files and not skipped:
        raise GraftError(f"{config.name}: the knowledge folder is empty; put documents into {', '.join(sources)}")
    return Sources(files, dict(skipped))


def digest(config: BotConfig, sources: Sources) -> str:
    """Changes when the index would: with the files, the settings that shape it, or the encoder."""
    shaping = {
        "format": FORMAT,
        "language": config.language,
        "chunk": config.knowledge.chunk.model_dump(),
        "index": config.retrieval.index,
        "encoder": locate(config.retrieval.encoder).fingerprint,
        "graph": config.graph.extractor,
        "triples": [_stamp(config.path(name), config.folder) for name in config.graph.triples],
        "files": [_stamp(path, config.folder) for path, _ in sources.files],
    }
    return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()


def is_current(bot: BotSource) -> bool:
    """Whether the published build matches the bot's config and files."""
    try:
        return read_manifest(bot.home).inputs == digest(bot.config, find_sources(bot.config))
    except NotBuilt:
        return False


def build(
    bot: BotSource, progress: Progress = lambda step, done, total: None, encoder: Encoder | None = None
) -> Manifest:
    """Index a bot and publish the result; what was published before stays in use until then.

    Raises:
        GraftError: No document could be read, or the home cannot be written.
    """
    config = bot.config
    sources = find_sources(config)
    triples = [row for name in config.graph.triples for row in read_triples(config.path(name))]
    inputs = digest(config, sources)
    documents, failed = read(sources, progress)
    if not documents:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(failed.items())[:3])
        raise GraftError(f"{config.name}: no document could be read ({reasons})")
    chunks = [chunk for document in documents for chunk in split(document, **config.knowledge.chunk.model_dump())]
    if not chunks:
        raise GraftError(f"{config.name}: the documents hold no text")
    encoder = encoder or Encoder.load(config.retrieval.encoder)
    with new_build(bot.home) as folder:
        index = Index.build(folder, documents, chunks, encoder, config.retrieval.index, progress)
        graph = _graph(config, documents, chunks, triples, progress)
        graph_store.save(graph, index.store, folder)
        counts = KnowledgeGraph(index.store).counts()
        faq = len(index.store.faq())
        index.store.close()
        manifest = Manifest(
            build=folder.name,
            inputs=inputs,
            encoder=encoder.fingerprint,
            documents=len(documents),
            chunks=len(chunks),
            nodes=counts["nodes"],
            edges=counts["edges"],
            faq=faq,
            failed=failed,
        )
        publish(bot.home, manifest)
    return manifest


def read(sources: Sources, progress: Progress) -> tuple[list[Document], dict[str, str]]:
    """Load every file; those that cannot be read are returned by name with the reason."""
    documents: list[Document] = []
    failed = dict(sources.skipped)
    for number, (path, root) in enumerate(sources.files, 1):
        try:
            documents.append(load(path, root))
        except UnreadableFile as error:
            failed[source_name(path, root)] = str(error)
        progress("read", number, len(sources.files))
    return documents, failed


def read_triples(path: Path) -> list[tuple[str, str, str]]:
    """Facts from a CSV file with three columns; a header line `subject,relation,object` is left out.

    Raises:
        GraftError: The file cannot be read, or a row has not three columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [[one_line(cell) for cell in row] for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except OSError as error:
        raise GraftError(f"triples file {path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise GraftError(f"triples file {path} cannot be read: {error}") from None
    if rows and [cell.lower() for cell in rows[0]] == ["subject", "relation", "object"]:
        rows = rows[1:]
    for number, row in enumerate(rows, 1):
        if len(row) != 3 or not all(row):
            raise GraftError(f"{path}: row {number} must hold subject, relation, object, got {','.join(row)!r}")
    return [(row[0], row[1], row[2]) for row in rows]


def _graph(
    config: BotConfig,
    documents: list[Document],
    chunks: list[Chunk],
    triples: list[tuple[str, str, str]],
    progress: Progress,
) -> Extraction:
    titles = {document.id: document.title for document in documents}
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress("graph", done, len(chunks))

    if config.graph.extractor == "none":
        return Extraction(mentions=[{} for _ in chunks], topics=[set() for _ in chunks])
    return extract(chunks, titles, config.language, triples, advance)


def _stamp(path: Path, folder: Path) -> tuple[str, int, int]:
    """Where a file is, seen from the bot's folder, which may move, its size and when it was changed."""
    name = os.path.relpath(path, folder)
    try:
        status = path.stat()
    except OSError:
        return name, 0, 0
    return name, status.st_size, status.st_mtime_ns
