"""What a language model is given: the bot's template filled with passages, facts and the nearest examples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from chatbot.config import BotConfig
from chatbot.config_file import ConfigError
from chatbot.units import heading
from knowledge_graph import Fact
from retrieval.document import Passage
from retrieval.encoder import Encoder
from retrieval.json_lines import read_json_lines

TEMPLATES = Path(__file__).parent / "prompts"
HISTORY_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Example:
    """A question with the answer the bot should give."""

    question: str
    answer: str


class PromptBuilder:
    """Fills one bot's template.

    Raises:
        GraftError: The template or the examples cannot be read.
    """

    def __init__(self, config: BotConfig, refusal: str, encoder: Encoder) -> None:
        self._config = config
        self._refusal = refusal
        self._encoder = encoder
        own = config.path(config.prompt.template) if config.prompt.template else None
        path = own or TEMPLATES / f"{config.language}.md"
        if own is None and not path.exists():
            path = TEMPLATES / "en.md"
        try:
            self._template = path.read_text(encoding="utf8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"prompt template {path} cannot be read: {error}") from None
        self._examples = read_examples(config.path(config.prompt.examples)) if config.prompt.examples else []
        nearest = config.prompt.choice == "nearest"
        self._vectors = encoder.queries([example.question for example in self._examples]) if nearest else None

    def messages(
        self,
        question: str,
        passages: Sequence[Passage],
        facts: Sequence[Fact],
        history: Sequence[tuple[str, str]],
        titles: dict[str, str],
    ) -> list[BaseMessage]:
        """The conversation to send: instructions with passages first, then the last turns, then the question.

        Args:
            history: Earlier (question, answer) pairs, oldest first.
        """
        values = {
            "persona": self._config.prompt.persona,
            "refusal": self._refusal,
            "instructions": "\n".join(f"- {rule}" for rule in self._config.prompt.instructions),
            "examples": self._chosen(question),
            "passages": "\n\n".join(
                f"[{n}] ({heading(passage.chunk, titles)})\n{passage.chunk.whole}"
                for n, passage in enumerate(passages, 1)
            ),
            "facts": "\n".join(f"- {f.subject} — {f.relation} — {f.object}" for f in facts),
        }
        system = _filled(self._template, values)
        said: list[BaseMessage] = [SystemMessage(system)]
        for asked, answered in history[-HISTORY_SHOWN:]:
            said += [HumanMessage(asked), AIMessage(answered)]
        return [*said, HumanMessage(question)]

    def _chosen(self, question: str) -> str:
        count = self._config.prompt.shown
        if not self._examples or not count:
            return ""
        shown = self._examples[:count]
        if self._vectors is not None:
            order = np.argsort(-(self._vectors @ self._encoder.query(question)))[:count]
            shown = [self._examples[number] for number in order]
        return "Examples:\n" + "\n".join(f"Question: {e.question}\nAnswer: {e.answer}" for e in shown)


def condense_messages(question: str, history: Sequence[tuple[str, str]]) -> list[BaseMessage]:
    """Ask a model to make a follow-up question stand on its own."""
    conversation = "\n".join(f"User: {asked}\nAssistant: {answered}" for asked, answered in history[-HISTORY_SHOWN:])
    template = (TEMPLATES / "condense.md").read_text(encoding="utf8")
    return [HumanMessage(_filled(template, {"conversation": conversation, "question": question}))]


def _filled(template: str, values: dict[str, str]) -> str:
    """A template with its names in braces replaced; braces in the values stay as they are."""
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), template)


def read_examples(path: Path) -> list[Example]:
    """Read few-shot examples, one JSON object with `question` and `answer` a line.

    Raises:
        GraftError: The file cannot be read, or a line is not such an object.
    """
    return read_json_lines(
        path, lambda entry: Example(str(entry["question"]), str(entry["answer"])), "question and answer"
    )
