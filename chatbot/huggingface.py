"""A local Hugging Face causal language model, with a LoRA or a soft prompt or without, as a LangChain chat model."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from adapters.generation.runtime import Answering, open_generator
from adapters.generation.template import adds_tokens, written
from adapters.models import ModelError
from chatbot.config import Generator

ROLES = {"system": "system", "human": "user", "ai": "assistant"}


class HuggingFaceChat(BaseChatModel):
    """Runs on the GPU where there is one; all that answer with one base share it, and generate one at a time."""

    name_or_path: str
    max_tokens: int = 400
    temperature: float = 0.0
    _answering: Answering = PrivateAttr()

    @classmethod
    def open(cls, config: Generator) -> HuggingFaceChat:
        """Load the model that `hf:NAME_OR_PATH` names, unless the process has it, and its adapter.

        Raises:
            ProviderError: It cannot be found or is no causal language model, or the adapter does not fit.
        """
        from chatbot.generators import ProviderError

        name = config.model.removeprefix("hf:")
        chat = cls(name_or_path=name, max_tokens=config.max_tokens, temperature=config.temperature)
        try:
            chat._answering = open_generator(name, config.adapter)
        except ModelError as error:
            raise ProviderError(str(error)) from None
        return chat

    @property
    def _llm_type(self) -> str:
        return "graft-huggingface"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = "".join(chunk.text for chunk in self._stream(messages, stop, run_manager, **kwargs))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        import torch
        from transformers import TextIteratorStreamer

        ids, tokenizer = self._ids(messages), self._answering.base.tokenizer
        streamer = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True, timeout=None)
        options: dict[str, Any] = {"do_sample": False}
        if self.temperature > 0:
            options = {"do_sample": True, "temperature": self.temperature}
        if stop:
            options |= {"stop_strings": stop, "tokenizer": tokenizer}
        given_up = threading.Event()
        options["stopping_criteria"] = [lambda told, *_, **__: torch.tensor([given_up.is_set()], device=told.device)]
        failure: list[BaseException] = []

        def run() -> None:
            try:
                self._answering.generate(ids, max_new_tokens=self.max_tokens, streamer=streamer, **options)
            except BaseException as error:
                failure.append(error)
                streamer.end()

        thread = threading.Thread(target=run, daemon=True, name="huggingface")
        thread.start()
        try:
            for piece in streamer:
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
                if run_manager:
                    run_manager.on_llm_new_token(piece, chunk=chunk)
                yield chunk
            thread.join()
        finally:
            given_up.set()
        if failure:
            raise failure[0]

    def _ids(self, messages: Sequence[BaseMessage]) -> Any:
        """Token ids of the conversation, shape (1, tokens); what exceeds the model's positions is cut from the oldest.

        The tokenizer is not told to cut: that would change it for other threads.
        """
        import torch

        base = self._answering.base
        turns = [{"role": ROLES.get(message.type, "user"), "content": str(message.content)} for message in messages]
        ids = base.tokenizer(
            written(base.tokenizer, turns, reply=True), add_special_tokens=adds_tokens(base.tokenizer)
        )["input_ids"]
        positions = int(getattr(base.config, "max_position_embeddings", 4096)) - self._answering.taken
        room = max(positions - self.max_tokens, 16)
        if len(ids) > room:
            begin = ids[:1] if ids[0] == base.tokenizer.bos_token_id else []
            ids = begin + ids[len(begin) - room :]
        return torch.tensor([ids], device=base.device)
