"""What a bot's language model writes: answers, and follow-ups made whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatbot.config import BotConfig
from chatbot.generators import ProviderError, load_model, stream
from chatbot.guardrails import mask
from chatbot.lazy import Lazy
from chatbot.prompt import PromptBuilder, condense_messages
from chatbot.sessions import Turn
from knowledge_graph import Fact
from retrieval.document import Passage
from retrieval.encoder import Encoder


class Writer:
    """Writes with one bot's language model, loaded when first needed; safe to share between threads.

    Args:
        refusal: What the model shall say where the passages do not answer.
        encoder: Finds the prompt's examples that are nearest to a question.
    """

    def __init__(self, config: BotConfig, refusal: str, encoder: Encoder) -> None:
        self._config = config
        self._prompt = Lazy(lambda: PromptBuilder(config, refusal, encoder))
        self._model = Lazy(lambda: load_model(config.generator))

    def condense(self, question: str, history: Sequence[Turn]) -> str:
        """A follow-up made whole by what went before it; empty where the model fails."""
        try:
            messages = condense_messages(self._outgoing(question), _pairs(history))
            return "".join(stream(self._model.get(), messages, self._config.generator))
        except ProviderError:
            return ""

    def answer(
        self,
        question: str,
        history: Sequence[Turn],
        passages: Sequence[Passage],
        facts: Sequence[Fact],
        titles: dict[str, str],
    ) -> Iterator[str]:
        """Pieces of an answer from the passages and facts, as they come.

        Raises:
            GraftError: The prompt's template or examples cannot be read.
            ProviderError: The model cannot be loaded or reached, or failed.
        """
        prompt, model = self._prompt.get(), self._model.get()
        messages = prompt.messages(self._outgoing(question), passages, facts, _pairs(history), titles)
        yield from stream(model, messages, self._config.generator)

    def _outgoing(self, text: str) -> str:
        """What may leave for a provider: personal data masked, unless the model runs here."""
        local = self._config.generator.model.startswith("hf:")
        return text if local or self._config.guardrails.pii == "keep" else mask(text)


def _pairs(history: Sequence[Turn]) -> list[tuple[str, str]]:
    return [(turn.question, turn.answer) for turn in history]
