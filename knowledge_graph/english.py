"""Candidate entities of English text: names by capitals, terms by repetition, abbreviations by brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from knowledge_graph.names import fold
from knowledge_graph.words import initial
from retrieval.text import STOPWORDS, matches

_CAPITAL = r"(?:(?:[A-Z]\.){2,}|[A-Z](?=\.\s[A-Z])\.|[A-Z0-9]{0,12}[A-Z][\w’'&/\-]*)"
_JOINER = r"(?:of|the|for|and|de|von|van|der|la|du|di|del|al)"
_JOINERS = re.compile(rf"\s+(?:{_JOINER}\s+)+")
_LEADING_JOINERS = re.compile(rf"^(?:{_JOINER}\s+)+")
NAME = re.compile(rf"{_CAPITAL}(?:\s+(?:{_JOINER}\s+){{0,2}}{_CAPITAL}|\s+\d{{1,4}}\b)*")
_BEGINNING = re.compile(r"[A-Z0-9]")
"""What every name begins with; a search for one character is fast."""
ABBREVIATION = re.compile(r"\s\(([A-Z][A-Za-z0-9&\-]{1,9}s?)\)")
_LONG = re.compile(r"[\w’'\-]+$")
LONGEST = 7
"""Most words of a long form."""
ALSO = re.compile(
    r"\b(?:also|sometimes|often|formerly)\s+(?:known as|called|written|referred to as)\s+(?:an?\s+|the\s+)?[\"“']?"
    r"([\w’'\- ]{2,40}?)[\"”']?(?=[,.;:)]|\s+(?:is|are|was|and|or|in|by|for)\b)"
)
_BEFORE_ALSO = re.compile(r"(?:,|\s\(|,?\s(?:is|are|was|were))?\s*$")
LONGEST_BEFORE = 100
"""Characters before "also known as" that are looked at."""
_FENCE = re.compile(r"^[ \t]*(```|~~~).*?^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)


def prose(text: str) -> str:
    """The text with code blanked out, offsets kept."""
    if "```" not in text and "~~~" not in text:
        return text
    return _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


class Name(NamedTuple):
    """A proper name as written.

    Args:
        gate: For a reading of a name that starts a sentence, its first word, folded; empty where one reading is left.
        proper: Whether the reading holds if that word is a name wherever it stands, or if it is not.
    """

    text: str
    gate: str = ""
    proper: bool = True


def names(text: str, sentences: Sequence[tuple[int, int]]) -> Iterator[Name]:
    """Proper names; names joined by "of", "and" or "for" also give their parts.

    The first word of a sentence has a capital whatever it is: a name there is read with it and without.
    """
    for start, end in sentences:
        for match in matches(_BEGINNING, NAME, text, start, end):
            name = match.group().rstrip(" -/&’'")
            if not initial(f"|{text[start : match.start()]}"):
                yield from (Name(part) for part in _parts(name))
                continue
            first, _, rest = name.partition(" ")
            if sum(map(str.isupper, first)) > 1:
                yield from (Name(part) for part in _parts(name))
                continue
            gate = "" if first.lower() in STOPWORDS else fold(first)
            if gate:
                yield from (Name(part, gate) for part in _parts(name))
            yield from (Name(part, gate, False) for part in _parts(_LEADING_JOINERS.sub("", rest)))


def _parts(name: str) -> Iterator[str]:
    if name and name[0].isalnum() and name.lower() not in STOPWORDS:
        yield name
        if " " in name:
            parts = _JOINERS.split(name)
            yield from (part for part in parts if len(parts) > 1 and len(part) > 2)


def abbreviations(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of long form and abbreviation, "Strong Customer Authentication (SCA)", letters matched to word starts."""
    for match in ABBREVIATION.finditer(text) if "(" in text else ():
        short = match[1].removesuffix("s") if match[1][:-1].isupper() else match[1]
        letters = [letter.lower() for letter in short if letter.isalnum()]
        words = _words_before(text, match.start())
        for count in range(1, len(words) + 1):
            tail = words[-count:]
            initials = [part[0].lower() for word in tail for part in word.split("-") if part]
            content = [word[0].lower() for word in tail if word.lower() not in STOPWORDS]
            if letters in (initials, content) and tail[0].lower() not in STOPWORDS:
                yield " ".join(tail), match[1]
                break


def _words_before(text: str, offset: int) -> list[str]:
    """The last words before an offset with only spaces between them."""
    found: list[str] = []
    for word in reversed(text[max(0, offset - 400) : offset].rsplit(maxsplit=LONGEST)[-LONGEST:]):
        whole = _LONG.search(word)
        if whole:
            found.append(whole.group())
        if whole is None or whole.start():
            break
    return found[::-1]


def also_called(text: str) -> Iterator[tuple[str, list[str]]]:
    """Other names that a text says things have, "also known as ...", each with the words before, the longest run of
    which that names something is what has it."""
    if any(word in text for word in ("also", "sometimes", "often", "formerly")):
        for match in ALSO.finditer(text):
            before = _BEFORE_ALSO.sub("", text[max(0, match.start() - LONGEST_BEFORE) : match.start()])
            yield match[1], _words_before(before, len(before))
