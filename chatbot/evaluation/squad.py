"""Reading measured on a SQuAD-format file: each question over its own paragraph, as extractive answering does it."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.evaluation.metrics import contains, exact, f1, mean
from chatbot.evidence import MARGIN
from chatbot.search import Found
from chatbot.support import SupportModel
from retrieval.document import Chunk, Document, Passage
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.fusion import Candidates
from retrieval.index import Index, Progress
from retrieval.loaders.clean import valid
from retrieval.splitter import split


@dataclass(frozen=True, slots=True)
class Question:
    """A question about one paragraph; `answers` is empty when the paragraph does not answer."""

    text: str
    document_id: str
    answers: tuple[str, ...]


def read_squad(path: Path) -> tuple[list[Document], list[Question]]:
    """Each paragraph as a document, and every question.

    Raises:
        GraftError: The file cannot be read or is not in SQuAD's format.
    """
    documents: list[Document] = []
    questions: list[Question] = []
    try:
        for number, article in enumerate(json.loads(path.read_text(encoding="utf8"))["data"]):
            title = str(article.get("title", "")).replace("_", " ")
            for index, paragraph in enumerate(article["paragraphs"]):
                document = Document(f"{number}/{index}", title, _text(paragraph["context"]), title)
                documents.append(document)
                for qa in paragraph["qas"]:
                    answers = () if qa.get("is_impossible") else tuple(_text(a["text"]) for a in qa["answers"])
                    questions.append(Question(_text(qa["question"]), document.id, answers))
    except OSError as error:
        raise GraftError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        wanted = "JSON with data, paragraphs, context, qas, question and answers"
        raise GraftError(f"{path} is not in SQuAD's format: expected {wanted}") from None
    except RecursionError:
        raise GraftError(f"{path} is not in SQuAD's format: nested too deeply") from None
    if not questions:
        raise GraftError(f"{path} holds no questions")
    return documents, questions


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return valid(value)


def evaluate_squad(path: Path, encoder: Encoder, progress: Progress = lambda step, done, total: None) -> dict[str, Any]:
    """Answer every question from its paragraph.

    `sentence_hit` and `has_answer_f1` are taken over answerable questions with abstention off, `exact_match` and `f1`
    over all with abstention on; the AUROC is that of the reranker's odds that some unit answers.
    """
    documents, questions = read_squad(path)
    begin = time.perf_counter()
    hits, forced, exacts, f1s, scores, labels = [], [], [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        chunks = [chunk for document in documents for chunk in split(document)]
        index = Index.build(Path(folder), documents, chunks, encoder, progress=progress)
        model = SupportModel.load(index)
        of: dict[str, list[tuple[int, Chunk]]] = {}
        for position, chunk in enumerate(chunks):
            of.setdefault(chunk.document_id, []).append((position, chunk))
        for number, question in enumerate(questions, 1):
            found = _paragraph(question.text, of.get(question.document_id, []), index)
            ranked = model.rank(question.text, found)
            top = next(iter(ranked.best), None)
            scores.append(ranked.answerable if top else -MARGIN)
            labels.append(bool(question.answers))
            span = ranked.evidence.spans[top.row] if top else None
            sure = ranked.answerable >= 0 and (span is None or span.margin >= 0) if top else False
            said = top.answer if top and sure else ""
            if question.answers:
                hits.append(float(top is not None and any(contains(top.unit.text, a) for a in question.answers)))
                forced.append(f1(top.answer, question.answers) if top else 0.0)
            golds = question.answers or ("",)
            exacts.append(exact(said, golds))
            f1s.append(f1(said, golds))
            progress("read", number, len(questions))
        index.store.close()
    return {
        "exact_match": round(100 * mean(exacts), 2),
        "f1": round(100 * mean(f1s), 2),
        "has_answer_f1": round(100 * mean(forced), 2),
        "sentence_hit": round(100 * mean(hits), 2),
        "answerability_auroc": _auroc(scores, labels),
        "questions": len(questions),
        "seconds": round(time.perf_counter() - begin, 2),
    }


def _paragraph(question: str, chunks: Sequence[tuple[int, Chunk]], index: Index) -> Found:
    """A paragraph's chunks as if they had been searched for."""
    vector = index.encoder.query(question)
    positions = np.array([position for position, _ in chunks], dtype=np.int64)
    cosines = index.dense.cosines(vector, positions)
    candidates = Candidates(positions, cosines, index.lexical.scores(question)[positions])
    return Found(vector, candidates, [Passage(chunk, 1.0) for _, chunk in chunks])


def _auroc(scores: Sequence[float], labels: Sequence[bool]) -> float | None:
    """Probability that an answerable question scores above an unanswerable one; None if one kind is missing."""
    positive = [score for score, label in zip(scores, labels, strict=True) if label]
    negative = [score for score, label in zip(scores, labels, strict=True) if not label]
    if not positive or not negative:
        return None
    order = np.argsort(np.argsort(np.array([*positive, *negative]), kind="stable"))
    rank_sum = float(order[: len(positive)].sum()) + len(positive)
    return round((rank_sum - len(positive) * (len(positive) + 1) / 2) / (len(positive) * len(negative)), 4)
