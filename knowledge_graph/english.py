"""Candidate entities of English text: names by capitals, terms by repetition, abbreviations by brackets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from knowledge_graph.names import fold
from retrieval.text import STOPWORDS, sentences

_CAPITAL = r"(?:(?:[A-Z]\.){2,}|[A-Z](?=\.\s[A-Z])\.|[A-Z0-9]{0,12}[A-Z][\w’'&/\-]*)"
_JOINER = r"(?:of|the|for|and|de|von|van|der|la|du|di|del|al)"
NAME = re.compile(rf"{_CAPITAL}(?:\s+(?:{_JOINER}\s+){{0,2}}{_CAPITAL}|\s+\d{{1,4}}\b)*")
ABBREVIATION = re.compile(r"(?<![\w’'\-])((?:[\w’'\-]+\s+){1,7})\(([A-Z][A-Za-z0-9&\-]{1,9}s?)\)")
ALSO = re.compile(
    r"\b(?:also|sometimes|often|formerly)\s+(?:known as|called|written|referred to as)\s+(?:an?\s+|the\s+)?[\"“']?"
    r"([\w’'\- ]{2,40}?)[\"”']?(?=[,.;:)]|\s+(?:is|are|was|and|or|in|by|for)\b)"
)
_WORD = re.compile(r"[A-Za-z][A-Za-z’'\-]*")
_FENCE = re.compile(r"^[ \t]*(```|~~~).*?^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_NOT_IN_TERMS = STOPWORDS | frozenset(
    """
    add added additional against allow also always another apply applies ask asks available away back based become
    becomes begin best better bring call called calls cause causes certain change changes check choose close
    come comes common complete contain contains cost costs cover covers create depend depends different early
    easily either else ensure even every example explain explains far fast find first follow following follows
    free full general good great handle happens hard help helps high higher however important include included
    includes including issue issued keep keeps kind kinds know known large last late later lead least leave less
    let like list little live long look lose lost low lower made main make makes making many matter mean means
    near never new next normal normally now offer offers often one open others own paid part pay pays people
    per person place possible protect protects put quickly read reach ready receive regular remember report
    require required requires
    return right run same say says second see seen send sent set several short show shows similar simple small
    someone sometimes soon start starts still stop sure take taken takes tell thing things three time times
    together top treat treated try turn two type types until use used useful uses using usual usually value way
    ways well whether whole work works write written wrong year years day days week weeks month months hour
    hours minute minutes euro euros
    """.split()
)


def prose(text: str) -> str:
    """The text with code blanked out, offsets kept."""
    return _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


class Capitals:
    """How often each word is written with and without a capital where a capital means something."""

    def __init__(self) -> None:
        self.upper: Counter[str] = Counter()
        self.lower: Counter[str] = Counter()

    def learn(self, text: str) -> None:
        """Count the words of a text, the first of each sentence or table cell left out."""
        for start, end in sentences(text):
            for match in _WORD.finditer(text, start, end):
                word = match.group()
                if word[0].islower():
                    self.lower[fold(word)] += 1
                elif not _initial(text, start, match.start()):
                    self.upper[fold(word)] += 1

    def proper(self, word: str) -> bool:
        """Whether a capitalised word is a name wherever it stands, not only a word that starts a sentence."""
        token = fold(word)
        return self.upper[token] > self.lower[token] or (sum(map(str.isupper, word)) > 1 and len(word) > 1)


def names(text: str, capitals: Capitals) -> Iterator[str]:
    """Proper names as written; names joined by "of", "and" or "for" also give their parts."""
    for start, end in sentences(text):
        for match in NAME.finditer(text, start, end):
            name = match.group().rstrip(" -/&’'")
            if _initial(text, start, match.start()):
                first, _, rest = name.partition(" ")
                if not capitals.proper(first):
                    name = re.sub(rf"^(?:{_JOINER}\s+)+", "", rest)
            if not name or name.lower() in STOPWORDS or not name[0].isalnum():
                continue
            yield name
            parts = re.split(rf"\s+(?:{_JOINER}\s+)+", name)
            yield from (part for part in parts if len(parts) > 1 and len(part) > 2)


def terms(text: str) -> Iterator[str]:
    """Runs of two or three content words in lower case, candidates for domain terms."""
    for start, end in sentences(text):
        run: list[str] = []
        last = start
        for match in _WORD.finditer(text, start, end):
            word = match.group().lower()
            broken = text[last : match.start()].strip() != ""
            if broken or word in _NOT_IN_TERMS or len(word) < 3:
                yield from _grams(run)
                run = []
            if word not in _NOT_IN_TERMS and len(word) >= 3:
                run.append(word)
            last = match.end()
        yield from _grams(run)


def abbreviations(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of long form and abbreviation, "Strong Customer Authentication (SCA)", letters matched to word starts."""
    for match in ABBREVIATION.finditer(text):
        short = match[2].removesuffix("s") if match[2][:-1].isupper() else match[2]
        letters = [letter.lower() for letter in short if letter.isalnum()]
        words = match[1].split()
        for count in range(1, len(words) + 1):
            tail = words[-count:]
            initials = [part[0].lower() for word in tail for part in word.split("-") if part]
            content = [word[0].lower() for word in tail if word.lower() not in STOPWORDS]
            if letters in (initials, content) and tail[0].lower() not in STOPWORDS:
                yield " ".join(tail), match[2]
                break


def _grams(run: list[str]) -> Iterator[str]:
    for size in (2, 3):
        for start in range(len(run) - size + 1):
            gram = run[start : start + size]
            if not gram[-1].endswith(("ly", "ed")) and not gram[0].endswith("ly"):
                yield " ".join(gram)


def _initial(text: str, sentence: int, offset: int) -> bool:
    """Whether a word stands where any word has a capital: first in a sentence, a cell, or after a colon or quote."""
    before = text[sentence:offset].rstrip(" *_\"“‘'(")
    return not before or before[-1] in "|:"
