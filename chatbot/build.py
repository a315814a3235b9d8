"""From a bot's sources to its built index: read, cut, encode, extract, publish."""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing

from chatbot.bots import BotSource
from chatbot.changes import changes
from chatbot.checksums import check
from chatbot.config import BotConfig
from chatbot.encoders import encoder_of
from chatbot.extractors import extractor_of
from chatbot.home import CannotBuild, Manifest, NotBuilt, NothingToIndex, publish, read_manifest, updating
from chatbot.sources import Sources, digest, find_sources
from chatbot.update import NOTHING, Brought, Update
from chatbot.vector_store import holds, vector_store
from chatbot.work import cache_file, sound_build, sound_store, work_store
from knowledge_graph import KnowledgeGraph, holders
from knowledge_graph.aliases import read_aliases
from knowledge_graph.store import save_matrix
from knowledge_graph.triples import read_triples
from knowledge_graph.update import GraphUpdate
from retrieval.derive import derive
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.ingest import Ingest, seal
from retrieval.progress import Progress, silent
from retrieval.reading import Reader, read_here
from retrieval.store import DATABASE, Store
from retrieval.vector_cache import VectorCache

CHANGED = "the documents or settings have changed"
"""Why a whole index is outdated."""


def is_current(bot: BotSource) -> bool:
    """Whether the published build is whole and matches the bot's config and files; raises what `outdated` does."""
    return not outdated(bot)


def outdated(bot: BotSource) -> str:
    """Why the published build cannot stay as it is; empty where it can.

    Raises:
        GraftError: The store of its vectors does not answer.
    """
    try:
        manifest = read_manifest(bot.home)
        check(bot.home / "builds" / manifest.build)
    except NotBuilt as error:
        return str(error).split("; run: ")[0]
    except (OSError, ValueError):
        return "the index is damaged"
    if manifest.inputs != digest(bot.config, find_sources(bot.config, needed=False)):
        return CHANGED
    return "" if holds(vector_store(bot), bot.home / "builds" / manifest.build) else "the vectors of the index are gone"


def build(
    bot: BotSource,
    progress: Progress = silent,
    encoder: Encoder | None = None,
    compact: bool = False,
    waiting: Callable[[], None] = lambda: None,
    brought: Brought = NOTHING,
    reader: Reader = read_here,
) -> Manifest:
    """Bring a bot's index up to date and publish it; what was published before stays in use until then.

    Only files whose content has changed are read again, and only texts that were never encoded are encoded. Nothing is
    done where nothing has changed and no file of the index is damaged.

    Args:
        compact: Give back the space of what was deleted.
        waiting: Called once if another process is indexing the bot, before it is waited for.
        brought: Documents of a program; those that were brought before stay.
        reader: Who reads and cuts the files.

    Raises:
        NothingToIndex: No document could be read, or there is none and there was none; not where a program changes
            them.
        GraftError: A program brings a document with the name of a file, or changes some where the others are
            damaged; the home or the store of vectors cannot be written.
    """
    try:
        return _build(bot, progress, encoder, compact, waiting, brought, reader)
    except CannotBuild:
        if compact or brought != NOTHING or outdated(bot):
            raise
        return read_manifest(bot.home)  # a medium that cannot be written need not be, where nothing has changed


def _build(
    bot: BotSource,
    progress: Progress,
    encoder: Encoder | None,
    compact: bool,
    waiting: Callable[[], None],
    brought: Brought,
    reader: Reader,
) -> Manifest:
    config = bot.config
    vectors = vector_store(bot, anew=compact)
    by_program = brought != NOTHING
    with updating(bot.home, waiting, resumable=not by_program) as folder:
        sources = find_sources(config, needed=False)
        _check_ids(brought, sources)
        triples = [row for name in config.graph.triples for row in read_triples(config.path(name))]
        aliases = [row for name in config.graph.aliases for row in read_aliases(config.path(name))]
        inputs = digest(config, sources)
        current = None if compact or by_program else sound_build(bot.home, inputs, sources.skipped)
        if current and holds(vectors, bot.home / "builds" / current.build):
            shutil.rmtree(folder)
            return current
        base = sound_store(bot.home)
        if not base and not by_program:
            find_sources(config)
        if by_program and not base and any(folder.parent.glob("b-*")) and not (folder / DATABASE).exists():
            raise GraftError(
                f"{folder.parent} is damaged, and with it what programs brought: delete it, bring all again"
            )
        encoder = encoder_of(config, encoder)
        with closing(VectorCache(cache_file(encoder.fingerprint), encoder.backbone.spec.dimension)) as cache:
            connection, carried = work_store(folder, base, config)
            kept = [document for document in carried if document.id not in brought.gone]
            brought = Brought([*kept, *brought.documents], brought.gone)
            with closing(connection):
                wanted = config.graph.extractor != "none"
                graph = (
                    GraphUpdate(connection, config.language, encoder.documents, extractor_of(config))
                    if wanted
                    else None
                )
                update = Update(config, sources, brought, Ingest(connection, graph), progress)
                failed = update.run(reader, encoder, cache)
                counts = _counts(config, connection, failed, base is not None and not update.lost, by_program)
                if graph:
                    graph.settle(triples, lambda done, total: progress("graph", done, total), aliases)
                if compact:
                    holders.compact(connection)
                connection.commit()
                if compact:
                    connection.execute("VACUUM")
                seal(connection)
            progress("write", 0, 1)
            with closing(Store(folder / DATABASE)) as store:
                save_matrix(store, folder)
                of_graph = KnowledgeGraph(store).counts()
            derive(folder, encoder, cache, config.retrieval.index, vectors, progress)
            progress("write", 1, 1)
        manifest = Manifest(
            build=f"b-{uuid.uuid4().hex[:8]}",
            inputs=inputs,
            encoder=encoder.fingerprint,
            **counts,
            **of_graph,
            failed=failed,
            changes=changes(folder / DATABASE, base),
        )
        publish(bot.home, manifest)
    return manifest


def _check_ids(brought: Brought, sources: Sources) -> None:
    """Raises GraftError where a program changes the document of a file, which would come back or be lost by it."""
    files = sources.names
    for id_ in (*(document.id for document in brought.documents), *brought.gone):
        if id_ in files:
            raise GraftError(f"{id_!r} is a file of the bot: change or delete the file, or bring another id")


def _counts(
    config: BotConfig, connection: sqlite3.Connection, failed: dict[str, str], emptied: bool, by_program: bool
) -> dict[str, int]:
    """How many documents, chunks and FAQ entries the store holds.

    Args:
        emptied: Whether it may hold none, as all that were there were deleted.
        by_program: Whether it may hold what it likes: a program knows what it deletes.

    Raises:
        NothingToIndex: It holds none, or none with text.
    """
    counts = {
        name: int(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0])
        for name in ("documents", "chunks", "faq")
    }
    if by_program:
        return counts
    if not counts["documents"] and not emptied:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(failed.items())[:3])
        raise NothingToIndex(f"{config.name}: no document could be read ({reasons})")
    if counts["documents"] and not counts["chunks"]:
        raise NothingToIndex(f"{config.name}: the documents hold no text")
    return counts
