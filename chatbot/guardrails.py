"""Rules around a turn: urgent messages first, blocked topics declined, personal data masked."""

from __future__ import annotations

import re
from functools import partial

from chatbot.config import Guardrails
from knowledge_graph.names import TOKEN, fold
from retrieval.text import CJK, is_cjk, terms

_WORD = rf"[^\W{CJK}]"
_PII = (
    # Tried once for each run of characters and without backtracking, so that a long run takes no longer than it must.
    (
        "e-mail",
        re.compile(rf"(?<!{_WORD})(?<![.+\-])(?:{_WORD}|[.+\-])++@(?:{_WORD}|-)++(?:\.(?:{_WORD}|-)++)+"),
    ),
    ("iban", re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")),
    ("id", re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")),
    ("card", re.compile(r"(?<!\d)\d(?:[ \-]?\d){12,18}(?!\d)")),
    (
        "phone",
        re.compile(r"(?<![A-Za-z\d_])(?:\+\d{1,3}[ \-]?)?(?:\(\d{1,4}\)[ \-]?)?\d{2,4}(?:[ \-]?\d{2,4}){2,4}(?!\d)"),
    ),
)
_DATE_OR_AMOUNT = re.compile(
    r"(?:19|20)\d\d-\d\d-\d\d|\d\d-\d\d-(?:19|20)\d\d|[1-9]\d(?: \d{3})* 000|[1-9]\d{2}(?: \d{3})* 000 000"
)


def urgent(message: str, rules: Guardrails) -> str | None:
    """What to say before anything else: that of the first rule with a phrase in the message, case and plurals aside."""
    said = f" {_folded(message)} "
    for rule in rules.urgent:
        for phrase in rule.when:
            wanted = _folded(phrase)
            if wanted and (wanted in said if is_cjk(phrase) else f" {wanted} " in said):
                return rule.say
    return None


def blocked(message: str, rules: Guardrails) -> str | None:
    """The blocked topic a message is about: it holds every content word of it."""
    own = set(terms(message))
    return next((topic for topic in rules.blocked if (wanted := set(terms(topic))) and wanted <= own), None)


def mask(text: str) -> str:
    """Personal data replaced by what it was: `[e-mail]`, `[iban]`, `[card]`, `[phone]`, `[id]`."""
    for name, pattern in _PII:
        text = pattern.sub(partial(_masked, name), text)
    return text


def _masked(name: str, match: re.Match[str]) -> str:
    return f"[{name}]" if _is(name, match.group()) else match.group()


def _is(name: str, found: str) -> bool:
    digits = [int(character) for character in found if character.isdigit()]
    if name == "card":
        doubled = [d if i % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for i, d in enumerate(reversed(digits))]
        return sum(doubled) % 10 == 0
    return name != "phone" or (8 <= len(digits) <= 15 and not _DATE_OR_AMOUNT.fullmatch(found))


def _folded(text: str) -> str:
    if is_cjk(text):
        return re.sub(r"\s+", "", text.lower())
    folded = (fold(match.group()) for match in TOKEN.finditer(text.replace("-", " ")))
    return " ".join(token.replace("'", "") for token in folded)
