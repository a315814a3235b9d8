"""One walk over the words of an English text: which are capitalised, and which runs may be terms of a domain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from knowledge_graph.names import TOKEN, acceptable, fold
from retrieval.text import STOPWORDS

_WORD = re.compile(r"[A-Za-z][A-Za-z’'\-]*")
_BEFORE_INITIAL = frozenset(" *_\"“‘'(")
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


@dataclass(slots=True)
class Words:
    """What the words of a text tell.

    Args:
        upper: Words with a capital where a capital means something, folded; each as often as it occurs.
        lower: Words in lower case likewise.
        terms: By key, the first spelling of each run of two or three content words.
        free: The terms that somewhere are in no longer term.
    """

    upper: list[str] = field(default_factory=list)
    lower: list[str] = field(default_factory=list)
    terms: dict[str, str] = field(default_factory=dict)
    free: set[str] = field(default_factory=set)


def walk(text: str, sentences: Sequence[tuple[int, int]]) -> Words:
    """Look at every word of some sentences once; function words tell nothing of capitals."""
    found = Words()
    for start, end in sentences:
        run: list[tuple[str, str]] = []
        last = start
        for match in _WORD.finditer(text, start, end):
            word = match.group()
            begin = match.start()
            lower, token, key = _forms(word)
            if not token:
                pass
            elif word[0].islower():
                found.lower.append(token)
            elif not initial(text, start, begin):
                found.upper.append(token)
            if run and not (key and text[last:begin].isspace()):
                _collect(run, found)
                run = []
            if key:
                run.append((lower, key))
            last = match.end()
        _collect(run, found)
    return found


def initial(text: str, sentence: int, offset: int) -> bool:
    """Whether a word stands where any word has a capital: first in a sentence, a cell, or after a colon or quote."""
    while offset > sentence and text[offset - 1] in _BEFORE_INITIAL:
        offset -= 1
    return offset == sentence or text[offset - 1] in "|:"


@lru_cache(maxsize=1 << 16)
def _forms(word: str) -> tuple[str, str, str]:
    """A word in lower case; folded, empty for a function word; and as part of a term's key, empty if it is in none."""
    lower = word.lower()
    content = len(lower) >= 3 and lower not in _NOT_IN_TERMS
    key = " ".join(fold(match.group()) for match in TOKEN.finditer(lower)) if content else ""
    return lower, "" if lower in STOPWORDS else fold(word), key


def _collect(run: list[tuple[str, str]], found: Words) -> None:
    """Add the terms of a run of content words."""
    if len(run) < 2:
        return
    threes = [_ends_well(run[at : at + 3]) for at in range(len(run) - 2)]
    for at in range(len(run) - 1):
        pair = run[at : at + 2]
        if _ends_well(pair):
            held = (at < len(threes) and threes[at]) or (at > 0 and threes[at - 1])
            _add(pair, found, free=not held)
    for at, well in enumerate(threes):
        if well:
            _add(run[at : at + 3], found, free=True)


def _ends_well(words: list[tuple[str, str]]) -> bool:
    return not words[-1][0].endswith(("ly", "ed")) and not words[0][0].endswith("ly")


def _add(words: list[tuple[str, str]], found: Words, free: bool) -> None:
    key = " ".join([key for _, key in words])
    if free:
        found.free.add(key)
    if key not in found.terms and acceptable(key):
        found.terms[key] = " ".join([lower for lower, _ in words])
