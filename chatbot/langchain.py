"""A bot at LangChain's edge: its retrieval as a `BaseRetriever`, the whole of it as a `Runnable`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig
from pydantic import ConfigDict

from chatbot.bot import Bot
from chatbot.reply import Reply
from chatbot.search import Searcher


class BotRetriever(BaseRetriever):
    """Passages of a bot, with the graph's help or without.

    Args:
        bot: An opened bot; what is searched is its index that is in use by then.
        top_k: How many passages to return.
        graph: Whether the graph takes part; False leaves dense and lexical search.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    bot: Bot
    top_k: int = 10
    graph: bool = True

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        own = self.bot.current().searcher
        return passages(own if self.graph else Searcher(own.index, None, own.lexical), query, self.top_k)


def passages(searcher: Searcher, query: str, top_k: int) -> list[LangChainDocument]:
    """What a search finds, as LangChain's documents.

    Their metadata is that of the document with its `title`, `source` and `date`, as a program told them or as Graft
    knows them, and of the passage `document` (its id), `section`, `start`, `end`, `score` and `why`: these are always
    the passage's, whatever the document's metadata calls by these names.
    """
    found = searcher.search(query, top_k).passages
    told = searcher.index.store.metadata_of({passage.chunk.document_id for passage in found})
    return [
        LangChainDocument(
            id=passage.chunk.id,
            page_content=passage.chunk.whole,
            metadata=told[passage.chunk.document_id]
            | {
                "document": passage.chunk.document_id,
                "section": passage.chunk.section,
                "start": passage.chunk.start,
                "end": passage.chunk.end,
                "score": passage.score,
                "why": passage.why,
            },
        )
        for passage in found
    ]


class BotRunnable(Runnable[str, Reply]):
    """A bot as a step of a chain: a question in, a `Reply` out, from the index that is in use by then.

    The conversation is that of `config["configurable"]["session"]`, where one is given.
    """

    def __init__(self, bot: Bot) -> None:
        self.bot = bot

    def invoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> Reply:
        """Answer a question."""
        return self.bot.current().ask(input, _session(config))

    def stream(self, input: str, config: RunnableConfig | None = None, **kwargs: Any | None) -> Iterator[Reply]:
        """Replies that grow: each holds the text so far, the last one everything."""
        text = ""
        for part in self.bot.current().stream(input, _session(config)):
            if isinstance(part, Reply):
                yield part
            else:
                text += part
                yield Reply(text)


def _session(config: RunnableConfig | None) -> str | None:
    return (config or {}).get("configurable", {}).get("session")
