"""Yes/no questions made from statements: "Guests may bring a dog." asks "May I bring a dog?".

People ask for what a document states in its own words, and sets of questions written to be hard never do. The auxiliary
moves before the subject, a full verb takes "do", people become "I", "not" goes, and so does all that follows the first
clause.
"""

from __future__ import annotations

import re

from chatbot.bot import Bot
from chatbot.units import Unit, units

MOST_SUBJECT, MOST_WORDS, LEAST_WORDS = 5, 16, 3
"""Words of a subject, of what is said of it at most and at least."""
_AUXILIARY = r"can|may|must|should|will|is|are|was|were|has to|have to"
_VERB = (
    r"includes?|costs?|needs?|applies|apply|lasts?|opens?|closes?|starts?|ends?|covers?|pays?|contains?|requires?|offers?"
    r"|allows?|takes?|gets?|receives?|keeps?|charges?|counts?|affects?|causes?|lowers?|raises?|helps?|expires?|works?"
)
_STATEMENT = re.compile(
    rf"(?P<subject>[A-Z][\w'’ -]*?) (?:(?P<aux>{_AUXILIARY})(?P<no>not| not)?|(?P<verb>{_VERB})) (?P<rest>.+)"
)
_CLAUSE = re.compile(r"[,;:(]| (?:if|because|when|but|unless|who|which|that|and|so|as|while|although|by|since) ")
_PEOPLE = re.compile(
    r"(?:You|Adults|People|Anyone|Customers|Members|Students|Tenants|Guests|Passengers|Residents|Employees|Patients|Visitors"
    r"|Readers|Drivers|Players|Volunteers|Parents|Owners|Participants|Staff|Learners|Buyers)(?: [a-z]+)?"
)
_OWN = re.compile(r"\b(?:your|their)\b")
_UNFIT = re.compile(
    r"\b(?:that|which|who|if|when|and|or|what|how|there|here|this|these|it|they|he|she|because|need|does|do|did)\b"
    r"|^(?:at|up|only|in|on|after|before|from|to|for|with|whatever|no)\b",
    re.IGNORECASE,
)
"""What no subject holds."""


def statements(bot: Bot) -> list[tuple[str, Unit]]:
    """(question, unit) of every sentence of a bot's documents that has such a form."""
    found = [unit for chunk in bot.index.store.all_chunks() for unit in units(chunk) if unit.kind == "sentence"]
    return [(question, unit) for unit in found if (question := polar(unit.text))]


def polar(statement: str) -> str | None:
    """A yes/no question that the statement answers; None where it has no such form."""
    match = _STATEMENT.match(" ".join(statement.replace("**", "").split()).rstrip(".!"))
    if not match or _UNFIT.search(subject := match["subject"]) or len(subject.split()) > MOST_SUBJECT:
        return None
    rest = _OWN.sub("my", _CLAUSE.split(match["rest"], maxsplit=1)[0]).strip()
    if not LEAST_WORDS <= len(rest.split()) <= MOST_WORDS:
        return None
    person = bool(_PEOPLE.fullmatch(subject))
    if not person and subject.split()[0] in ("The", "A", "An", "Every", "Each", "All", "Our", "Most", "Some"):
        subject = subject[0].lower() + subject[1:]
    auxiliary, _, to = (match["aux"] or _do(match["verb"], person)).partition(" ")
    if match["no"] and auxiliary == "must":
        auxiliary = "may"
    if to:
        auxiliary, rest = ("do" if person or auxiliary == "have" else "does"), f"have to {rest}"
    elif match["verb"]:
        rest = f"{_base(match['verb'])} {rest}"
    if person:
        subject, auxiliary = "I", {"are": "am", "were": "was"}.get(auxiliary, auxiliary)
    return f"{auxiliary.capitalize()} {subject} {rest}?"


def _do(verb: str, person: bool) -> str:
    return "does" if verb != _base(verb) and not person else "do"


def _base(verb: str) -> str:
    return "apply" if verb == "applies" else verb.removesuffix("s")
