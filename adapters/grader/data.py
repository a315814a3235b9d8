"""Answers to questions whose right answer is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.labelled import json_lines
from adapters.squad import DataError


@dataclass(frozen=True, slots=True)
class Answer:
    """A student's answer and the reference it is compared with.

    Args:
        label: Its grade; empty where it has none.
        group: The question's name, by default the question: answers of one group are never parted.
    """

    question: str
    reference: str
    text: str
    label: str = ""
    group: str = ""


def read_answers(
    path: Path, references: Mapping[str, str] | None = None, labels: tuple[str, ...] = (), needed: bool = False
) -> list[Answer]:
    """Read a JSONL file of objects with `question`, `text`, `reference`, and perhaps `label` and `group`.

    Args:
        references: By question, as `same_question` writes it, for rows that have none.
        labels: Those that a row may have; any where there are none.
        needed: Every row must have a label.

    Raises:
        DataError: The file cannot be read, or a row is not of this form; says the line.
    """
    try:
        rows = list(json_lines(path))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if not rows:
        raise DataError(f"{path} holds no answer")
    return [_answer(row, f"{path}, line {line}", references or {}, labels, needed) for line, row in rows]


def same_question(question: str) -> str:
    """A question as it is compared: without case, outer spaces and its last stop."""
    return " ".join(question.lower().split()).rstrip("?.! ")


def _answer(row: Any, where: str, references: Mapping[str, str], labels: tuple[str, ...], needed: bool) -> Answer:
    if not isinstance(row, dict):
        raise DataError(f"{where}: expected an object with question and text")
    question, text, reference = (row.get(name) for name in ("question", "text", "reference"))
    if not isinstance(question, str) or not question.strip():
        raise DataError(f"{where}: expected a question")
    if not isinstance(text, str):
        raise DataError(f"{where}: expected the answer as text, which may be empty")
    if reference is None:
        reference = references.get(same_question(question))
        if reference is None:
            raise DataError(f"{where}: no reference, and the quiz has no question {question[:80]!r}")
    if not isinstance(reference, str) or not reference.strip():
        raise DataError(f"{where}: expected the reference as text")
    label, group = (str(row.get(name) or "").strip() for name in ("label", "group"))
    if (needed and not label) or (label and labels and label not in labels):
        raise DataError(f"{where}: expected a label of {', '.join(labels)}, found {label or 'none'}")
    return Answer(question.strip(), reference.strip(), text.strip(), label, group or question.strip())
