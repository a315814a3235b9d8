"""The questions of a bot's quiz."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.grader.data import same_question
from retrieval.errors import GraftError
from retrieval.json_lines import read_json_lines


@dataclass(frozen=True, slots=True)
class Item:
    """A question of a quiz.

    Args:
        reference: Its right answer.
        source: Of the document that holds it, as `Scope` takes it; empty where it may be any.
    """

    question: str
    reference: str
    source: str = ""


def read_quiz(path: Path) -> list[Item]:
    """Read a JSONL file of questions.

    Raises:
        GraftError: It cannot be read, a line is not of this form, or a question is asked twice.
    """
    items = read_json_lines(path, _item, "question and reference, and perhaps source, as text")
    if not items:
        raise GraftError(f"{path} holds no question")
    seen: dict[str, int] = {}
    for number, item in enumerate(items, 1):
        first = seen.setdefault(same_question(item.question), number)
        if first != number:
            raise GraftError(f"{path}: question {number} is asked before, as question {first}: {item.question}")
    return items


def _item(row: dict[str, Any]) -> Item:
    told = row["question"], row["reference"], row.get("source", "")
    if not all(isinstance(part, str) for part in told) or not (told[0].strip() and told[1].strip()):
        raise ValueError
    return Item(*(part.strip() for part in told))
