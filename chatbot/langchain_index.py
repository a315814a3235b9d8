"""A bot as the destination of LangChain's indexing (`langchain_core.indexing.index`), for those who bring documents."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.indexing import DeleteResponse, DocumentIndex, UpsertResponse
from pydantic import ConfigDict, PrivateAttr

from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.build import build
from chatbot.home import NOT_PUBLISHED, published_at
from chatbot.langchain import passages
from chatbot.update import Brought
from retrieval.document import Document
from retrieval.encoder import Encoder
from retrieval.loaders.clean import clean, one_line


class BotIndex(DocumentIndex):
    """Documents brought by a program, beside those in the bot's files: vectors, words and graph follow every change.

    A document's `id` is kept, or made up where it has none. Its metadata comes back with what a search finds and `get`
    gives; `title`, `source` and `date` (ISO) are also shown and asked for. Every call publishes an index of its own, so
    bring many documents at once (`batch_size`).

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
        """Put documents in, each in place of the one with its id.

        Raises:
            GraftError: An id is that of a file of the bot, or the index cannot be written.
        """
        ids = [item.id or uuid.uuid4().hex for item in items]
        self._bring(Brought(documents=[_document(id_, item) for id_, item in zip(ids, items, strict=True)]))
        return UpsertResponse(succeeded=ids, failed=[])

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> DeleteResponse:
        """Take documents out; ids that are not there are no failure.

        Raises:
            ValueError: No ids are given.
            GraftError: An id is that of a file of the bot, or the index cannot be written.
        """
        if ids is None:
            raise ValueError("delete needs ids")
        there = [document.id for document in self.get(ids) if document.id]
        if there:
            self._bring(Brought(gone=there))
        return DeleteResponse(num_deleted=len(there), succeeded=there, failed=[], num_failed=0)

    def get(self, ids: Sequence[str], /, **kwargs: Any) -> list[LangChainDocument]:
        """The documents with these ids, those left out that are not there.

        Raises:
            GraftError: The index is damaged, or of another encoder.
        """
        if published_at(self.source.home) == NOT_PUBLISHED:
            return []
        store = self._opened().index.store
        told = store.metadata_of(ids)
        found = [document for id_ in ids if (document := store.document(id_))]
        return [
            LangChainDocument(id=document.id, page_content=document.text, metadata=told[document.id])
            for document in found
        ]

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
            self.encoder = Encoder.load(self.source.config.retrieval.encoder)
        return self.encoder


def _document(id_: str, item: LangChainDocument) -> Document:
    """What is kept of a document: clean text, and metadata in which values that JSON does not know are text."""
    told = json.loads(json.dumps(item.metadata, default=str))
    told.pop("faq", None)  # what loaders call questions that have answers
    told["date"] = _day(str(told.get("date")))
    source = one_line(told.get("source") or id_)
    return Document(id_, one_line(told.get("title") or source), clean(item.page_content), source, told)


def _day(told: str) -> str:
    """The day of a date or time in ISO format; empty for anything else."""
    try:
        return datetime.date.fromisoformat(told[: len("2026-01-31")]).isoformat()
    except ValueError:
        return ""
