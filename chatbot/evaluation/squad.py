"""Reading measured on a SQuAD-format file: each question over its own paragraph, as extractive answering does it."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from adapters.squad import Question, read_squad
from chatbot.evaluation.metrics import auroc, contains, exact, f1, mean
from chatbot.grafts import find_all
from chatbot.search import Found
from chatbot.support import SupportModel
from retrieval.document import Chunk, Document, Passage
from retrieval.encoder import Encoder
from retrieval.fusion import Candidates
from retrieval.index import Index
from retrieval.progress import Progress, silent
from retrieval.splitter import split


def read_documents(path: Path) -> Iterator[tuple[Document, tuple[Question, ...]]]:
    """Each paragraph as a document, and the questions about it.

    Raises:
        DataError: See `read_squad`.
    """
    for number, article in enumerate(read_squad(path)):
        for index, paragraph in enumerate(article):
            document = Document(f"{number}/{index}", paragraph.title, paragraph.text, paragraph.title)
            yield document, paragraph.questions


def evaluate_squad(path: Path, encoder: Encoder, progress: Progress = silent) -> dict[str, Any]:
    """Answer every question from its paragraph.

    `sentence_hit` and `has_answer_f1` are taken over answerable questions with abstention off, `exact_match` and `f1`
    over all with abstention on; the AUROC is that of the reranker's odds that some unit answers.

    Raises:
        DataError: See `read_squad`.
    """
    read = list(read_documents(path))
    begin = time.perf_counter()
    hits, forced, exacts, f1s, scores, labels = [], [], [], [], [], []
    documents = [document for document, _ in read]
    chunks = [chunk for document in documents for chunk in split(document)]
    with tempfile.TemporaryDirectory() as folder:
        index = Index.build(Path(folder), documents, chunks, encoder, progress=progress)
        with closing(index.store):
            model = SupportModel.load(index, find_all())
            of: dict[str, list[tuple[int, Chunk]]] = {}
            for position, chunk in enumerate(chunks):
                of.setdefault(chunk.document_id, []).append((position, chunk))
            questions = [(question, document.id) for document, asked in read for question in asked]
            for number, (question, document_id) in enumerate(questions, 1):
                golds = tuple(answer.text for answer in question.answers)
                found = _paragraph(question.text, of.get(document_id, []), index)
                ranked = model.rank(question.text, found)
                top = next(iter(ranked.best), None)
                scores.append(ranked.answerable if top else -math.inf)
                labels.append(bool(golds))
                span = ranked.evidence.spans[top.row] if top else None
                sure = ranked.answerable >= 0 and (span is None or span.margin >= 0) if top else False
                said = top.answer if top and sure else ""
                if golds:
                    hits.append(float(top is not None and any(contains(top.unit.text, gold) for gold in golds)))
                    forced.append(f1(top.answer, golds) if top else 0.0)
                exacts.append(exact(said, golds or ("",)))
                f1s.append(f1(said, golds or ("",)))
                progress("read", number, len(questions))
    return {
        "exact_match": round(100 * mean(exacts), 2),
        "f1": round(100 * mean(f1s), 2),
        "has_answer_f1": round(100 * mean(forced), 2),
        "sentence_hit": round(100 * mean(hits), 2),
        "answerability_auroc": auroc(scores, labels),
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
