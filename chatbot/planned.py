"""What indexing a bot would do: found out by reading and cutting what has changed, with nothing written or sent."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from chatbot.bots import BotSource
from chatbot.sources import find_sources, shaping, stamp_of
from chatbot.stated_by_model import ModelFacts
from chatbot.work import sound_store
from retrieval.document import Document
from retrieval.errors import UnreadableFile
from retrieval.ingest import Stamp
from retrieval.loaders import load, source_name
from retrieval.reading import Cutting


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be done.

    Args:
        documents, chunks: How many are to be read and taken in.
        asked: Of how many chunks a language model is to be asked for the facts.
        tokens: How many it is to read and write, about.
    """

    documents: int
    chunks: int
    asked: int
    tokens: tuple[int, int]


def planned(bot: BotSource) -> Planned:
    """What indexing would do.

    Raises:
        GraftError: The sources are not found.
    """
    config = bot.config
    cut = Cutting(**config.knowledge.chunk.model_dump())
    documents = chunks = 0
    prose: list[str] = []
    for document in _changed(bot):
        texts = [chunk.text for chunk in cut(document)]
        documents, chunks = documents + 1, chunks + len(texts)
        prose += texts if "facts" not in document.metadata else []
    if config.graph.extractor != "llm":
        return Planned(documents, chunks, 0, (0, 0))
    asked = ModelFacts(config.generator).unasked(prose)
    return Planned(documents, chunks, len(asked), ModelFacts.tokens(asked))


def _changed(bot: BotSource) -> Iterator[Document]:
    """The documents that would be read, those left out that cannot be."""
    known = _stamps(bot)
    for path, root in find_sources(bot.config).files:
        old = known.get(source_name(path, root))
        with contextlib.suppress(UnreadableFile):
            if old is None or stamp_of(path, old).digest != old.digest:
                yield load(path, root)


def _stamps(bot: BotSource) -> dict[str, Stamp]:
    """The stamps of the documents that are there and need not be made anew."""
    if not (base := sound_store(bot.home)):
        return {}
    with closing(sqlite3.connect(f"{base.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        made = connection.execute("SELECT value FROM settings WHERE name = 'shaping'").fetchone()
        if made is None or json.loads(made[0]) != json.loads(json.dumps(shaping(bot.config))):
            return {}
        rows = connection.execute("SELECT id, date, size, changed, digest FROM documents WHERE digest != ''")
        return {row[0]: Stamp(*row[1:]) for row in rows}
