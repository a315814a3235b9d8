"""SQuAD-format files as documents and questions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from retrieval.document import Document


@dataclass(frozen=True)
class Question:
    """A question about one paragraph; `answers` are (text, start) pairs, empty when it has none."""

    text: str
    document_id: str
    answers: tuple[tuple[str, int], ...]


def read_squad(path: Path) -> tuple[list[Document], list[Question]]:
    """Each paragraph as a document, and every question."""
    documents, questions = [], []
    for number, article in enumerate(json.loads(path.read_text(encoding="utf8"))["data"]):
        title = str(article.get("title", "")).replace("_", " ")
        for index, paragraph in enumerate(article["paragraphs"]):
            document = Document(f"{number}/{index}", title, paragraph["context"], title)
            documents.append(document)
            for qa in paragraph["qas"]:
                answers = (
                    () if qa.get("is_impossible") else tuple((a["text"], a["answer_start"]) for a in qa["answers"])
                )
                questions.append(Question(qa["question"], document.id, answers))
    return documents, questions
