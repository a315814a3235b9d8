"""A local Hugging Face causal language model, with an optional LoRA adapter, as a LangChain chat model."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from adapters import ModelError, locate
from chatbot.config import Generator

ROLES = {"system": "system", "human": "user", "ai": "assistant"}


class HuggingFaceChat(BaseChatModel):
    """Runs on the GPU where there is one; one generation at a time."""

    name_or_path: str
    max_tokens: int = 400
    temperature: float = 0.0
    _model: Any = PrivateAttr()
    _tokenizer: Any = PrivateAttr()
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @classmethod
    def open(cls, config: Generator) -> HuggingFaceChat:
        """Load the model that `hf:NAME_OR_PATH` names.

        Raises:
            ProviderError: It cannot be found or is no causal language model, or the adapter does not fit.
        """
        from chatbot.generators import ProviderError

        name = config.model.removeprefix("hf:")
        chat = cls(name_or_path=name, max_tokens=config.max_tokens, temperature=config.temperature)
        try:
            chat._load(str(locate(name).path), config.adapter)
        except ModelError as error:
            raise ProviderError(str(error)) from None
        except Exception as error:  # whatever the libraries raise on damaged files
            reason = str(error).strip().split("\n")[0][:200]
            raise ProviderError(f"model {name} cannot be loaded: {reason}") from None
        return chat

    def _load(self, path: str, adapter: str | None) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        logging.set_verbosity_error()
        device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.bfloat16 if device == "cuda" else "auto"
        self._tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, local_files_only=True).to(device)
        if adapter:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
        self._model = model.eval()

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
        from transformers import TextIteratorStreamer

        inputs = self._inputs(messages)
        streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True, timeout=None)
        sampling = (
            {"do_sample": True, "temperature": self.temperature} if self.temperature > 0 else {"do_sample": False}
        )
        failure: list[BaseException] = []

        def run() -> None:
            try:
                options = {"stop_strings": stop, "tokenizer": self._tokenizer} if stop else {}
                self._model.generate(**inputs, **sampling, **options, max_new_tokens=self.max_tokens, streamer=streamer)
            except BaseException as error:
                failure.append(error)
                streamer.end()

        with self._lock:
            thread = threading.Thread(target=run, daemon=True, name="huggingface")
            thread.start()
            for piece in streamer:
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
                if run_manager:
                    run_manager.on_llm_new_token(piece, chunk=chunk)
                yield chunk
            thread.join()
        if failure:
            raise failure[0]

    def _inputs(self, messages: Sequence[BaseMessage]) -> Any:
        """Token ids of the conversation; the oldest part is cut where it exceeds the model's positions."""
        turns = [{"role": ROLES.get(message.type, "user"), "content": str(message.content)} for message in messages]
        if self._tokenizer.chat_template:
            text = self._written_out(turns)
        else:
            text = "\n\n".join(turn["content"] for turn in turns) + "\n\n"
        limit = int(getattr(self._model.config, "max_position_embeddings", 4096)) - self.max_tokens
        self._tokenizer.truncation_side = "left"
        inputs = self._tokenizer(
            text,
            return_tensors="pt",
            add_special_tokens=not self._tokenizer.chat_template,
            truncation=True,
            max_length=max(limit, 16),
        )
        return inputs.to(self._model.device)

    def _written_out(self, turns: list[dict[str, str]]) -> str:
        """The conversation in the model's own format; where that has no system turn, it joins the first question."""
        from jinja2 import TemplateError

        write = partial(self._tokenizer.apply_chat_template, tokenize=False, add_generation_prompt=True)
        try:
            return str(write(turns))
        except TemplateError:
            if len(turns) < 2 or turns[0]["role"] != "system":
                raise
            first = {"role": turns[1]["role"], "content": f"{turns[0]['content']}\n\n{turns[1]['content']}"}
            return str(write([first, *turns[2:]]))
