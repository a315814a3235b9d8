"""Marking answers: the grade, how sure it is, and which parts of the reference were not found in the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from adapters.grader.data import Answer, same_question
from adapters.grader.features import Pairs
from adapters.grader.head import Graded
from adapters.grader.runtime import Grader
from adapters.models import DEFAULT_SHA256
from adapters.registry import find_adapter
from chatbot.config import BotConfig
from chatbot.grading.objections import objection, reversed_meaning
from chatbot.grading.pairs import load_pairs
from chatbot.grading.quiz import Item, read_quiz
from retrieval.encoder import Encoder
from retrieval.errors import GraftError

NEAR = 0.6
"""Least cosine of a reference's word with one of the answer that stands for it."""
_CUT = re.compile(r"(?<=[;:,])\s+|(?<=[.!?])\s+(?=[A-Z])")
_UNSURE = "The grader is not sure enough of any grade."
_TURNED = 'The answer is in the words of the reference, but a "not" differs; somebody should read it.'


@dataclass(frozen=True, slots=True)
class Mark:
    """What an answer is worth.

    Args:
        grade: None where somebody has to judge.
        probability: Of the grade, as the grader sees it; None where a rule settled it.
        probabilities: Of all grades, from the worst to the best; empty where a rule settled it.
        why: Why there is no grade, or which rule settled it.
        missing: Parts of the reference of whose words most were not found in the answer.
    """

    answer: Answer
    grade: str | None
    probability: float | None
    probabilities: dict[str, float]
    why: str = ""
    missing: tuple[str, ...] = ()

    def as_graded(self, labels: Sequence[str]) -> Graded:
        """The mark as a grade to compare with a label; what a rule settled, or left open, is of the worst grade."""
        if self.probabilities:
            best = max(labels, key=lambda label: self.probabilities[label])
            return Graded(best, self.probabilities, self.grade is not None)
        return Graded(labels[0], {label: float(label == labels[0]) for label in labels}, self.grade is not None)

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form."""
        told = asdict(self)
        return {"question": self.answer.question, "text": self.answer.text, "label": self.answer.label or None} | {
            name: told[name] for name in ("grade", "probability", "probabilities", "why", "missing")
        }


class Marker:
    """Marks answers; safe to share between threads.

    Args:
        quiz: Empty for a bot that has none.
    """

    def __init__(self, grader: Grader, quiz: Sequence[Item] = ()) -> None:
        self.grader = grader
        self.quiz = list(quiz)

    @classmethod
    def load(cls, config: BotConfig, encoder: Encoder | None = None) -> Marker:
        """The marker of a bot.

        Args:
            encoder: The bot's, where it is loaded already.

        Raises:
            GraftError: The bot has no grader, or its quiz cannot be read.
            ModelError: The grader is missing or does not fit.
        """
        folder = config.adapter_folders.grader
        if folder is None:
            raise GraftError(f"{config.name} grades no answers: bot.yaml needs `adapters: {{grader: DIR}}`")
        quiz = read_quiz(config.path(config.quiz)) if config.quiz else []
        adapter = find_adapter(folder, "grader")
        bundled = encoder if encoder and encoder.fingerprint == DEFAULT_SHA256 else None
        return cls(Grader(adapter, load_pairs(bundled)), quiz)

    @property
    def labels(self) -> tuple[str, ...]:
        """The grades, from the worst to the best."""
        return self.grader.head.labels

    @property
    def references(self) -> dict[str, str]:
        """The quiz's references by question; see `read_answers`."""
        return {same_question(item.question): item.reference for item in self.quiz}

    def mark(self, answers: Sequence[Answer]) -> list[Mark]:
        """Mark answers."""
        objections = [objection(one.question, one.text) for one in answers]
        left = [one for one, against in zip(answers, objections, strict=True) if against is None]
        graded = iter(self.grader.grade(left))
        found = []
        for one, against in zip(answers, objections, strict=True):
            if against is None:
                found.append(_mark(one, next(graded), self.labels, self.grader.pairs))
            else:
                found.append(Mark(one, self.labels[0] if against.worst else None, None, {}, against.why))
        return found


def _mark(answer: Answer, graded: Graded, labels: Sequence[str], pairs: Pairs) -> Mark:
    turned = graded.grade != labels[0] and reversed_meaning(answer.reference, answer.text)
    if turned:
        graded = replace(graded, sure=False)
    missing = () if graded.sure and graded.grade == labels[-1] else lacking(answer, pairs)
    grade = graded.grade if graded.sure else None
    return Mark(
        answer,
        grade,
        graded.probability,
        graded.probabilities,
        "" if grade else _TURNED if turned else _UNSURE,
        missing,
    )


def lacking(answer: Answer, pairs: Pairs) -> tuple[str, ...]:
    """Parts of the reference, cut at its stops and commas, of whose words most are not found in the answer.

    A word is found where the answer has one of the same stem or of a near meaning; the question's words do not count.
    """
    said, asked = pairs.content(answer.text), set(pairs.content(answer.question))
    found = []
    for part in _CUT.split(answer.reference):
        wanted = [word for word in pairs.content(part) if word not in asked]
        if wanted and (pairs.nearest(wanted, said) >= NEAR).mean() < 0.5:
            found.append(part.strip().rstrip(",;:."))
    return tuple(found)
