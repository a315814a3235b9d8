"""A bot measured on its own questions: retrieval, answers, citations, abstention, confidence and latency."""

from __future__ import annotations

from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chatbot.bot import Bot, cleaned
from chatbot.evaluation import calibration
from chatbot.evaluation.cases import Case
from chatbot.evaluation.eager import certainties, eager
from chatbot.evaluation.metrics import contains, f1, mean, recall, reciprocal_rank
from chatbot.reply import Citation, Reply
from chatbot.units import row_as_text, units
from retrieval.errors import GraftError
from retrieval.progress import Progress, silent

Grades = NDArray[np.float64]
RANKED = 50
"""Passages looked at for the retrieval measures."""


def evaluate_bot(bot: Bot, cases: list[Case], progress: Progress = silent) -> dict[str, Any]:
    """Ask every question, grade the replies and measure; see `try_all`, `grade` and `measure`."""
    tried = try_all(bot, cases, progress)
    return measure(bot, cases, tried, grade(cases, tried))


def try_all(bot: Bot, cases: list[Case], progress: Progress = silent) -> list[Reply]:
    """Ask every question, answered even where the bot would abstain.

    Raises:
        GraftError: A question names a document that the bot does not have.
    """
    known = {str(row[0]) for row in bot.index.store.rows("SELECT id FROM documents")}
    for case in cases:
        if unknown := sorted(set(case.documents) - known):
            close = get_close_matches(unknown[0], known, n=1, cutoff=0.5)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise GraftError(
                f"{bot.config.name} has no document {unknown[0]!r}; the question {case.question!r} names it{hint}"
            )
    trying = eager(bot)
    trying.ask(cases[0].question)
    replies = []
    for done, case in enumerate(cases, 1):
        progress("ask", done, len(cases))
        replies.append(trying.ask(case.question))
    return replies


def grade(cases: list[Case], replies: list[Reply]) -> Grades:
    """How good the replies are: the F1 of the best cited sentence, and whether a cited sentence holds the gold answer.

    Returns:
        Shape (cases, 2), from 0 to 1; 0 where there is no gold answer, and where the bot abstained.
    """
    grades = np.zeros((len(cases), 2))
    for row, (case, reply) in enumerate(zip(cases, replies, strict=True)):
        if case.answer is not None:
            sentences = [text for citation in reply.citations for text in _cited_texts(reply, citation)]
            grades[row, 0] = max((f1(text, [case.answer]) for text in sentences), default=0.0)
            grades[row, 1] = any(contains(text, case.answer) for text in sentences)
    return grades


def measure(bot: Bot, cases: list[Case], tried: list[Reply], grades: Grades) -> dict[str, Any]:
    """What came of the questions.

    Recall counts the share of a question's documents among the first k documents. An answer's F1 and hit are its
    grades, 0 where the bot abstains. The answers' precision is the share of those given that are hits, abstention
    precision the share of abstentions that were right. The calibration error is that of the answers given, the
    risk-coverage curve that of all questions. `failures` lists the questions that were answered wrongly, or wrongly not
    answered.

    Args:
        tried: What `try_all` returned.
        grades: What `grade` says of these.
    """
    replies = [
        bot.ask(case.question) if eagerly.confidence < bot.threshold.value else eagerly
        for case, eagerly in zip(cases, tried, strict=True)
    ]
    answerable = np.array([case.answer is not None for case in cases])
    given = np.array([not reply.abstained for reply in replies])
    scores = np.where(given[:, None], grades, 0.0)
    right = np.where(answerable, scores[:, 1] > 0, ~given)
    return {
        "bot": bot.config.name,
        "questions": len(cases),
        "retrieval": _retrieval(bot, cases),
        "answers": {
            "f1": mean(scores[answerable, 0]),
            "cited_sentence_hit": mean(scores[answerable, 1]),
            "precision": mean(scores[given, 1]),
            "citations_valid": _valid_share(bot, replies),
        },
        "abstention": {"precision": mean(~answerable[~given]), "recall": mean(~given[~answerable])},
        "calibration": _calibration(tried, grades[:, 1] > 0, given),
        "latency_ms": _latency(replies),
        "failures": [
            {"question": case.question, "answer": case.answer, "reply": reply.text}
            for case, reply, good in zip(cases, replies, right, strict=True)
            if not good
        ],
    }


def _retrieval(bot: Bot, cases: list[Case]) -> dict[str, float]:
    """Where the searcher ranks the documents of the questions that have some."""
    ranks = []
    for case in cases:
        if relevant := set(case.documents):
            found = bot.searcher.search(cleaned(case.question), RANKED)
            ranking = list(dict.fromkeys(passage.chunk.document_id for passage in found.passages))
            ranks.append(
                (recall(ranking, relevant, 1), recall(ranking, relevant, 5), reciprocal_rank(ranking, relevant, 10))
            )
    columns = np.array(ranks).reshape(-1, 3).T
    return {name: mean(column) for name, column in zip(("recall@1", "recall@5", "mrr"), columns, strict=True)}


def _calibration(tried: list[Reply], hits: calibration.Corrects, given: NDArray[np.bool_]) -> dict[str, Any]:
    shown = np.array([reply.confidence for reply in tried])
    bins = calibration.reliability(shown[given], hits[given])
    curve = calibration.risk_coverage(certainties(tried), hits)
    return {
        "ece": calibration.expected_calibration_error(bins),
        "aurc": calibration.area(curve),
        "bins": [asdict(entry) for entry in bins],
        "risk_coverage": [asdict(point) for point in curve],
    }


def _latency(replies: list[Reply]) -> dict[str, Any]:
    """Milliseconds of the whole turns, and the mean of each step over the turns that took it."""
    times = [sum(step.ms for step in reply.trace) for reply in replies]
    steps: dict[str, list[float]] = {}
    for reply in replies:
        for step in reply.trace:
            steps.setdefault(step.step, []).append(step.ms)
    return {
        "p50": float(np.percentile(times, 50)),
        "p95": float(np.percentile(times, 95)),
        "steps": {name: mean(spent) for name, spent in steps.items()},
    }


def _cited_texts(reply: Reply, citation: Citation) -> list[str]:
    """A citation's quote; a table row also in the words it is shown in."""
    texts = [citation.quote]
    if citation.quote.startswith("|"):
        chunks = [p.chunk for p in reply.passages if p.chunk.document_id == citation.document]
        texts += [row_as_text(u) for chunk in chunks for u in units(chunk) if u.start == citation.start]
    return texts


def _valid_share(bot: Bot, replies: list[Reply]) -> float:
    """The share of the citations that are marked in the text and quote their document at their offsets; 1 of none."""
    valid = []
    for reply in replies:
        for number, citation in enumerate(reply.citations, 1):
            document = bot.index.store.document(citation.document)
            quoted = document is not None and document.text[citation.start : citation.end] == citation.quote
            valid.append(quoted and f"[{number}]" in reply.text)
    return mean(valid) if valid else 1.0
