"""A bot as the destination of LangChain's indexing (`langchain_core.indexing.index`), for those who bring documents."""

from __future__ import annotations

import contextlib
import datetime
import json
import logging
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.indexing import DeleteResponse, DocumentIndex, UpsertResponse
from pydantic import ConfigDict, PrivateAttr

from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.build import build
from chatbot.encoders import encoder_of
from chatbot.home import NEXT, NOT_PUBLISHED, NotBuilt, published_at, read_manifest
from chatbot.langchain import passages
from chatbot.sources import find_sources
from chatbot.update import Brought
from retrieval.document import Document
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.loaders.clean import clean, one_line, valid
from retrieval.store import DATABASE, TOLD, Store


class BotIndex(DocumentIndex):
    """Documents brought by a program, beside those in the bot's files: vectors, words and graph follow every change.

    A document's `id` is kept, or made up where it has none. Its metadata comes back as it was told, with what a search
    finds and `get` gives; `title`, `source` and `date` (ISO) are also shown and asked for. Every call publishes an
    index of its own, so bring many documents at once (`batch_size`).

    Args:
        source: The bot; its knowledge folder may be empty.
        encoder: Of the bot's config; loaded when first needed.
        top_k: How many passages a search returns.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    source: BotSource
    encoder: Encoder | None = None
    top_k: int = 10
    _bot: Bot | None = PrivateAttr(None)

    def upsert(self, items: Sequence[LangChainDocument], /, **kwargs: Any) -> UpsertResponse:
        """Put documents in, each in place of the one with its id; the last one of those with the same id.

        Raises:
            GraftError: An id is that of a file of the bot, an id or metadata cannot be kept, and then nothing is
                changed; or the index is damaged or cannot be written.
        """
        documents = [_document(item) for item in items]
        if documents:
            self._bring(Brought(documents=list({document.id: document for document in documents}.values())))
        return UpsertResponse(succeeded=[document.id for document in documents], failed=[])

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> DeleteResponse:
        """Take documents out; ids that are not there are no failure, those of files fail and are logged.

        Raises:
            ValueError: No ids are given.
            GraftError: The index cannot be read or written.
        """
        if ids is None:
            raise ValueError("delete needs ids")
        files = find_sources(self.source.config, needed=False).names
        failed = [id_ for id_ in dict.fromkeys(ids) if id_ in files]
        for id_ in failed:
            logging.getLogger(__name__).warning("%r is a file of the bot: delete the file", id_)
        with self._published() as store:
            there = [id_ for id_ in _told_of(store, ids) if id_ not in files]
        gone = [id_ for id_ in ids if id_ not in files]
        if there or (gone and (self.source.home / "builds" / NEXT).exists()):  # an interrupted update may hold some
            self._bring(Brought(gone=gone))
        return DeleteResponse(num_deleted=len(there), succeeded=there, failed=failed, num_failed=len(failed))

    def get(self, ids: Sequence[str], /, **kwargs: Any) -> list[LangChainDocument]:
        """The documents with these ids, those left out that are not there.

        Raises:
            GraftError: The index is damaged or locked.
        """
        with self._published() as store:
            told = _told_of(store, ids)
            found = [document for id_ in told if store and (document := store.document(id_))]
        return [
            LangChainDocument(id=document.id, page_content=document.text, metadata=told[document.id])
            for document in found
        ]

    @contextlib.contextmanager
    def _published(self) -> Iterator[Store | None]:
        """The store of the index in use, None where none was ever published; another that replaces it is no trouble."""
        if published_at(self.source.home) == NOT_PUBLISHED:
            yield None
            return
        for last in (False, True):
            try:
                store = Store(self.source.home / "builds" / read_manifest(self.source.home).build / DATABASE)
                break
            except (NotBuilt, sqlite3.OperationalError) as error:
                if last:
                    raise GraftError(f"the index in {self.source.home} cannot be read: {error}") from None
        with contextlib.closing(store):
            yield store

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        return passages(self._opened().searcher, query, self.top_k)

    def _opened(self) -> Bot:
        """The bot over the index that is in use by now."""
        self._bot = self._bot.current() if self._bot else Bot.open(self.source, self._encoder())
        return self._bot

    def _bring(self, brought: Brought) -> None:
        build(self.source, encoder=self._encoder(), brought=brought)

    def _encoder(self) -> Encoder:
        if self.encoder is None:
            self.encoder = encoder_of(self.source.config)
        return self.encoder


def _told_of(store: Store | None, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Metadata of the documents that are there, by id, in the order in which these are given."""
    wanted = dict.fromkeys(id_ for id_ in ids if valid(id_) == id_)
    found = store.metadata_of(wanted) if store else {}
    return {id_: found[id_] for id_ in wanted if id_ in found}


def _document(item: LangChainDocument) -> Document:
    """What is kept of a document: clean text, its metadata, and what is shown and asked for of these.

    Raises:
        GraftError: The id is no Unicode, or JSON cannot hold a value of the metadata.
    """
    id_ = item.id or uuid.uuid4().hex
    if valid(id_) != id_:
        raise GraftError(f"{id_!r} cannot be an id: it holds half a character")
    told: dict[str, Any] = {}
    for key, value in item.metadata.items():
        told |= _told(id_, key, value)
    source = one_line(told.get("source") or id_)
    title = one_line(told.get("title") or source)
    return Document(id_, title, clean(item.page_content), source, {"date": _day(str(told.get("date"))), TOLD: told})


def _told(id_: str, key: object, value: object) -> dict[str, Any]:
    """An entry of a document's metadata as JSON gives it back; dates are ISO text.

    Raises:
        GraftError: It has no such form.
    """
    try:
        return json.loads(json.dumps({key: value}, default=_iso))  # type: ignore[no-any-return]
    except (TypeError, ValueError, RecursionError) as error:
        raise GraftError(f"document {id_!r}: metadata {key!r} cannot be kept as JSON ({error})") from None


def _iso(value: object) -> str:
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"got {type(value).__name__}")


def _day(told: str) -> str:
    """The day of a date or time in ISO format; empty for anything else."""
    try:
        return datetime.date.fromisoformat(told[: len("2026-01-31")]).isoformat()
    except ValueError:
        return ""
