"""Answers that are not left to the grader, which knows only what two texts have in common."""

from __future__ import annotations

import re
from dataclasses import dataclass

from retrieval.text import STOPWORDS, is_cjk, length, terms, words

LONGEST = 150
"""Words of an answer that is graded; a longer one is no short answer, and may hold anything."""
REPEATED = 0.8
"""Share of the question's words that an answer of no others repeats."""
LISTED = 6
"""Words that are a mere list where no word such as "the" or "is" joins them."""
COPIED = 0.7
"""Share of the reference's terms from which on an answer is in its words, so that a "not" turns its meaning."""
_NEGATION = re.compile(r"\b(?:not|no|never|nothing|none|without|cannot)\b|n['’]t\b", re.IGNORECASE)
_TO_THE_GRADER = re.compile(
    r"\b(?:give|award|grant|assign)\s+(?:me|us|this|my|full|top|all|\d+)\b.{0,40}\b(?:marks?|points?|credits?|scores?|grades?)\b"
    r"|\b(?:mark|grade|rate|score)\b.{0,40}\bas\b.{0,20}\b(?:correct|right|full|top)\b"
    r"|\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rubric|grading|reference answer)\b"
    r"|\b(?:you are|act as|pretend)\b.{0,40}\b(?:grader|teacher|examiner|assistant|ai)\b"
    r"|\b(?:this|my) answer is (?:\w+ ){0,2}(?:correct|right)\b"
    r"|\bsystem prompt\b|\bfull (?:marks?|points?|credits?)\b|<\|?\s*/?(?:system|im_start|im_end)\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Objection:
    """Why an answer is not graded by what it says.

    Args:
        worst: It is of the worst grade; otherwise somebody has to read it.
    """

    why: str
    worst: bool


def objection(question: str, text: str) -> Objection | None:
    """What speaks against grading an answer, if anything does."""
    if not words(text):
        return Objection("There is no answer.", worst=True)
    if length(text) > LONGEST:
        return Objection(f"The answer has more than {LONGEST} words, too many for a short answer.", worst=False)
    if _TO_THE_GRADER.search(text):
        return Objection("The answer speaks to whoever grades it; somebody should read it.", worst=False)
    if is_cjk(text):
        return Objection("Only answers in English are graded.", worst=False)
    said, asked = set(words(text)) - STOPWORDS, set(words(question)) - STOPWORDS
    if said <= asked and len(said) >= REPEATED * len(asked):
        return Objection("The answer only repeats the question.", worst=True)
    if len(words(text)) >= LISTED and not set(words(text)) & STOPWORDS:
        return Objection("The answer is a list of words and says nothing about them.", worst=False)
    if not terms(text):
        return Objection("The answer has no word that says something.", worst=True)
    return None


def reversed_meaning(reference: str, text: str) -> bool:
    """Whether an answer in the words of the reference denies more, or less, than it: the grader does not see that."""
    wanted = set(terms(reference))
    copied = len(wanted & set(terms(text))) >= COPIED * len(wanted)
    return copied and len(_NEGATION.findall(text)) != len(_NEGATION.findall(reference))
