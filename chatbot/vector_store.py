"""Where a bot keeps its vectors: in the folder of its index, or in Milvus."""

from __future__ import annotations

import os
from pathlib import Path

from chatbot.bots import BotSource
from retrieval.dense import DenseIndex
from retrieval.vectors import VectorsMissing, VectorStore

TOKEN = "MILVUS_TOKEN"
"""The environment variable that holds a token, or `user:password`."""


def vector_store(bot: BotSource, anew: bool = False) -> VectorStore:
    """What writes and opens a bot's vectors.

    Args:
        anew: Write every vector at the next build, whatever is there.

    Raises:
        MilvusError: Milvus does not answer, or its extra is not installed.
    """
    uri = bot.config.store_uri
    if uri is None:
        return DenseIndex
    from retrieval.milvus import MilvusStore

    return MilvusStore.connect(uri, os.environ.get(TOKEN, ""), bot.config.name, bot.home, anew)


def describe(bot: BotSource) -> str:
    """Where a bot's vectors are, once that answers.

    Raises:
        MilvusError: It does not.
    """
    store = vector_store(bot)
    return "in the folder of the index" if store is DenseIndex else str(store)


def holds(store: VectorStore, folder: Path) -> bool:
    """Whether a store holds the vectors of a build.

    Raises:
        MilvusError: Milvus does not answer.
    """
    try:
        store.open(folder)
    except (VectorsMissing, OSError, ValueError, RuntimeError):
        return False
    return True
