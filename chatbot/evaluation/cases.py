"""A bot's evaluation questions, as its `eval.jsonl` holds them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.errors import GraftError
from retrieval.json_lines import read_json_lines


@dataclass(frozen=True, slots=True)
class Case:
    """A question; `answer` is None and `documents` empty where the bot's documents do not answer it."""

    question: str
    answer: str | None
    documents: tuple[str, ...]


def read_cases(path: Path) -> list[Case]:
    """Read evaluation questions, one JSON object with `question`, `answer`, `documents` a line.

    Raises:
        GraftError: The file cannot be read, a line is not such an object, or there is none.
    """

    def case(entry: dict[str, Any]) -> Case:
        question, answer, documents = entry["question"], entry["answer"], entry["documents"]
        texts = [question, *documents] if answer is None else [question, answer, *documents]
        if not isinstance(documents, list) or not all(isinstance(text, str) and text.strip() for text in texts):
            raise ValueError
        return Case(question, answer, tuple(documents))

    cases = read_json_lines(path, case, "question, answer (text or null) and documents (a list of texts)")
    if not cases:
        raise GraftError(f"{path} holds no questions")
    return cases
