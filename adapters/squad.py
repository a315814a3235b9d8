"""Files in SQuAD's format: paragraphs of articles, and questions about them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.models import ModelError


class DataError(ModelError):
    """A file of examples that cannot be used; the message is for people."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Words of a paragraph; `start` is their offset in it, -1 where it does not hold them."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a paragraph, which has no `answers` where the paragraph does not answer it."""

    text: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph under the title of its article."""

    title: str
    text: str
    questions: tuple[Question, ...]


def read_squad(path: Path) -> list[list[Paragraph]]:
    """The paragraphs of a file, one list an article.

    An answer without `answer_start` is the first occurrence of its text.

    Raises:
        DataError: The file cannot be read, is not in SQuAD's format, or holds no questions.
    """
    try:
        articles = [
            [_paragraph(entry, str(article.get("title") or "").replace("_", " ")) for entry in article["paragraphs"]]
            for article in json.loads(path.read_text(encoding="utf-8-sig"))["data"]
        ]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        wanted = "JSON with data, paragraphs, context, qas, question and answers"
        raise DataError(f"{path} is not in SQuAD's format: expected {wanted}") from None
    except RecursionError:
        raise DataError(f"{path} is not in SQuAD's format: nested too deeply") from None
    if not any(paragraph.questions for article in articles for paragraph in article):
        raise DataError(f"{path} holds no questions")
    return articles


def _paragraph(entry: dict[str, Any], title: str) -> Paragraph:
    text = _text(entry["context"])
    return Paragraph(title, text, tuple(_question(qa, text) for qa in entry["qas"]))


def _question(qa: dict[str, Any], paragraph: str) -> Question:
    answers = () if qa.get("is_impossible") else qa["answers"]
    return Question(_text(qa["question"]), tuple(_answer(entry, paragraph) for entry in answers))


def _answer(entry: dict[str, Any], paragraph: str) -> Answer:
    text = _text(entry["text"])
    start = int(entry["answer_start"]) if "answer_start" in entry else paragraph.find(text)
    return Answer(text, start if start >= 0 and paragraph.startswith(text, start) else -1)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.encode("utf8", "backslashreplace").decode("utf8")  # lone surrogates, which no tokenizer takes
