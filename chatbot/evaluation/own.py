"""A bot measured on its own questions: retrieval, answers, citations, abstention, confidence and latency."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.bot import Bot
from chatbot.evaluation import calibration
from chatbot.evaluation.eager import certainties, eager
from chatbot.evaluation.metrics import contains, f1, mean, recall, reciprocal_rank
from chatbot.reply import Reply
from chatbot.units import row_as_text, units
from retrieval.errors import GraftError
from retrieval.index import Progress
from retrieval.json_lines import read_json_lines

RANKED = 50
"""Passages looked at for the retrieval measures."""


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


def evaluate_bot(bot: Bot, cases: list[Case], progress: Progress = lambda step, done, total: None) -> dict[str, Any]:
    """Ask every question and measure; see `try_all` and `measure`."""
    return measure(bot, cases, try_all(bot, cases, progress))


def try_all(bot: Bot, cases: list[Case], progress: Progress = lambda step, done, total: None) -> list[Reply]:
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


def correct(bot: Bot, cases: list[Case], replies: list[Reply]) -> calibration.Corrects:
    """Whether a cited sentence of each reply holds the gold answer, shape (cases,); never where there is none."""
    pairs = zip(cases, replies, strict=True)
    return np.array(
        [case.answer is not None and _graded(bot, reply, case.answer)[1] > 0 for case, reply in pairs], dtype=bool
    )


def measure(bot: Bot, cases: list[Case], tried: list[Reply]) -> dict[str, Any]:
    """What came of the questions.

    Recall counts the share of a question's documents among the first k documents. An answer's F1 is that of the best
    cited sentence, its hit whether a cited sentence holds the gold answer. The answers' precision is the share of those
    given that are hits, abstention precision the share of abstentions that were right. The calibration error is that of
    the answers given, the risk-coverage curve that of all questions. `failures` lists the questions that were answered
    wrongly, or wrongly not answered.

    Args:
        tried: What `try_all` returned.
    """
    ranks: list[list[float]] = []
    answers: list[tuple[float, float]] = []
    valid: list[float] = []
    abstained: list[tuple[bool, bool]] = []
    times: list[float] = []
    steps: dict[str, list[float]] = {}
    failures: list[dict[str, Any]] = []
    given: list[bool] = []
    hits = correct(bot, cases, tried)
    for case, eagerly in zip(cases, tried, strict=True):
        relevant = set(case.documents)
        if relevant:
            found = bot.searcher.search(case.question, RANKED)
            ranking = list(dict.fromkeys(passage.chunk.document_id for passage in found.passages))
            ranks.append(
                [recall(ranking, relevant, 1), recall(ranking, relevant, 5), reciprocal_rank(ranking, relevant, 10)]
            )
        reply = bot.ask(case.question) if eagerly.confidence < bot.threshold else eagerly
        given.append(not reply.abstained)
        abstained.append((case.answer is None, reply.abstained))
        valid += [float(_is_valid(bot, reply, number)) for number in range(len(reply.citations))]
        if case.answer is not None:
            answers.append(_graded(bot, reply, case.answer))
        if reply.abstained != (case.answer is None) or (case.answer is not None and not answers[-1][1]):
            failures.append({"question": case.question, "answer": case.answer, "reply": reply.text})
        times.append(sum(step.ms for step in reply.trace))
        for step in reply.trace:
            steps.setdefault(step.step, []).append(step.ms)
    right = sum(wanted and refused for wanted, refused in abstained)
    answered = np.array(given)
    shown = np.array([reply.confidence for reply in tried])
    bins = calibration.reliability(shown[answered], hits[answered])
    curve = calibration.risk_coverage(certainties(tried), hits)
    columns = list(zip(*ranks, strict=True)) if ranks else [(), (), ()]
    return {
        "bot": bot.config.name,
        "questions": len(cases),
        "retrieval": {"recall@1": mean(columns[0]), "recall@5": mean(columns[1]), "mrr": mean(columns[2])},
        "answers": {
            "f1": mean([score for score, _ in answers]),
            "cited_sentence_hit": mean([hit for _, hit in answers]),
            "precision": mean(hits[answered].tolist()),
            "citations_valid": mean(valid) if valid else 1.0,
        },
        "abstention": {
            "precision": right / max(1, sum(refused for _, refused in abstained)),
            "recall": right / max(1, sum(wanted for wanted, _ in abstained)),
        },
        "calibration": {
            "ece": calibration.expected_calibration_error(bins),
            "aurc": calibration.area(curve),
            "bins": [asdict(entry) for entry in bins],
            "risk_coverage": [asdict(point) for point in curve],
        },
        "latency_ms": {
            "p50": float(np.percentile(times, 50)),
            "p95": float(np.percentile(times, 95)),
            "steps": {name: mean(spent) for name, spent in steps.items()},
        },
        "failures": failures,
    }


def _graded(bot: Bot, reply: Reply, answer: str) -> tuple[float, float]:
    sentences = [text for number in range(len(reply.citations)) for text in _cited_texts(bot, reply, number)]
    score = max((f1(text, [answer]) for text in sentences), default=0.0)
    return score, float(any(contains(text, answer) for text in sentences))


def _cited_texts(bot: Bot, reply: Reply, number: int) -> list[str]:
    """A citation's quote; a table row also in the words it is shown in."""
    citation = reply.citations[number]
    texts = [citation.quote]
    if citation.quote.startswith("|"):
        chunks = [p.chunk for p in reply.passages if p.chunk.document_id == citation.document]
        texts += [row_as_text(u) for chunk in chunks for u in units(chunk) if u.start == citation.start]
    return texts


def _is_valid(bot: Bot, reply: Reply, number: int) -> bool:
    """Whether a citation is marked in the text and quotes its document at its offsets."""
    citation = reply.citations[number]
    document = bot.index.store.document(citation.document)
    quoted = document is not None and document.text[citation.start : citation.end] == citation.quote
    return quoted and f"[{number + 1}]" in reply.text
