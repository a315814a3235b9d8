"""Follow-up questions, resolved against the conversation without a language model.

A question that leans on the one before ("and how much does it cost?") is searched together with what that one was
about. A question that names its own subject is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from retrieval.text import is_cjk, terms

_OPENS = re.compile(
    r"^\W*(?:(?:and|but|or|so|also|then|what about|how about|what if|why|why not|really|is that|are those|same for"
    r"|what else"
    r"|anything else)\b|那么?|还有|如果|另外|要是)",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"\b(?:it|its|they|them|their|this|that|these|those|he|she|him|her|his|there|one|ones|such|the same"
    r"|instead|the (?:first|second|other|latter|former))\b"
    r"|它|他们|她|这个?|那个?|那张|这张|呢[?？]?$|上面|刚才|前者|后者",
    re.IGNORECASE,
)
_OWN_SUBJECT = 4
"""A question with this many content words is taken to name its subject, whatever word opens it."""


def condense(question: str, asked: Sequence[str]) -> str:
    """The question to search for.

    Args:
        asked: The user's earlier questions, as they were resolved, oldest first.
    """
    if not asked or not leans(question):
        return question
    previous = asked[-1].strip().rstrip("?？。.!！")
    own = set(terms(question))
    if set(terms(previous)) <= own:
        return question
    return f"{previous}{'，' if is_cjk(question) else '; '}{question.strip()}"


def leans(question: str) -> bool:
    """Whether a question cannot be understood on its own."""
    own = len(set(terms(question))) / (2 if is_cjk(question) else 1)
    if own <= 1:
        return True
    if _POINTS.search(question):
        return own <= 2 * _OWN_SUBJECT
    return bool(_OPENS.match(question)) and own < _OWN_SUBJECT
