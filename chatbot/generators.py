"""Language models as LangChain chat models, and their failures as sentences a user can read."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from chatbot.config import Generator
from retrieval.errors import GraftError

LONGEST_OUTPUT = 200_000
"""Characters of a model's output that are read; more than this is cut off."""


class ProviderError(GraftError):
    """A model that cannot be loaded, reached or used."""


def load_model(config: Generator) -> BaseChatModel:
    """Open the configured model.

    Raises:
        ProviderError: A package is missing, the model is unknown, or its key is.
    """
    if config.model.startswith("hf:"):
        from chatbot.huggingface import HuggingFaceChat

        return HuggingFaceChat.open(config)
    try:
        from langchain.chat_models import init_chat_model
    except ImportError:
        raise ProviderError(f"model {config.model} needs the llm extra: pip install 'graft-bots[llm]'") from None
    options: dict[str, Any] = {
        "temperature": config.temperature,
        "max_tokens": config.max_tokens,
        "timeout": config.timeout,
        "max_retries": 1,
    }
    if config.base_url:
        options["base_url"] = config.base_url
    try:
        provider, _, name = config.model.partition(":")
        return init_chat_model(name, model_provider=provider, **options)  # type: ignore[no-any-return]
    except ImportError as error:
        raise ProviderError(f"model {config.model} needs another package: {_line(error)}") from None
    except ValueError as error:
        raise ProviderError(f"model {config.model} cannot be used: {_line(error)}") from None
    except Exception as error:
        raise ProviderError(explain(config, error)) from None


def stream(model: BaseChatModel, messages: Sequence[BaseMessage], config: Generator) -> Iterator[str]:
    """The model's text, piece by piece, at most `LONGEST_OUTPUT` characters of it.

    Raises:
        ProviderError: The model failed, or sent no text for longer than `config.timeout` seconds.
    """
    pieces: queue.Queue[str | BaseException | None] = queue.Queue()
    stopped = threading.Event()

    def run() -> None:
        left = LONGEST_OUTPUT
        try:
            for chunk in model.stream(list(messages)):
                if stopped.is_set():
                    return
                if text := chunk.text[:left]:
                    pieces.put(text)
                left -= len(text)
                if not left:
                    break
            pieces.put(None)
        except BaseException as error:
            pieces.put(error)

    threading.Thread(target=run, daemon=True, name="generate").start()
    try:
        while True:
            try:
                piece = pieces.get(timeout=config.timeout)
            except queue.Empty:
                raise ProviderError(f"The language model did not answer within {config.timeout:g} seconds.") from None
            if piece is None:
                return
            if isinstance(piece, BaseException):
                raise ProviderError(explain(config, piece)) from piece
            yield piece
    finally:
        stopped.set()


def explain(config: Generator, error: BaseException) -> str:
    """A provider's failure in words, without keys or addresses with credentials."""
    if isinstance(error, ProviderError):
        return str(error)
    name = type(error).__name__.lower()
    status = getattr(error, "status_code", None)
    if "timeout" in name:
        return f"The language model did not answer within {config.timeout:g} seconds."
    if status in (401, 403) or "authentication" in name or "permission" in name:
        return f"The language model {config.model} refused the API key."
    if "api_key" in str(error).lower() or "api key" in str(error).lower():
        return f"The language model {config.model} needs an API key in the environment."
    if status == 429 or "ratelimit" in name:
        return "The language model's rate limit is reached; try again in a moment."
    if status == 404:
        return f"The language model {config.model} does not exist at its provider."
    if "connect" in name or isinstance(error, ConnectionError):
        address = re.split(r"[?#]", config.base_url or "", maxsplit=1)[0].rpartition("@")[2]
        where = f" at {address}" if address else ""
        return f"The language model{where} cannot be reached."
    if isinstance(status, int) and status >= 500:
        return f"The language model's provider failed (HTTP {status}); try again in a moment."
    if isinstance(error, ValueError) and not config.model.startswith("hf:"):
        return f"The language model {config.model} sent something that is no answer."
    return f"The language model {config.model} failed ({type(error).__name__})."


def _line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:200]
