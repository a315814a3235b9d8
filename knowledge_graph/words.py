"""One walk over the words of an English text: which are capitalised, and which runs may be terms of a domain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from knowledge_graph.names import TOKEN, acceptable, fold
from retrieval.text import STOPWORDS

_WORD = re.compile(r"[A-Za-z][A-Za-z’'\-]*")
_INITIAL = frozenset("|:")
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
        terms: By key, the first spelling of each run of two or three content words, and the longer term that it is
            always in, empty if it is not; of several the first.
    """

    upper: list[str] = field(default_factory=list)
    lower: list[str] = field(default_factory=list)
    terms: dict[str, tuple[str, str]] = field(default_factory=dict)


def walk(text: str, sentences: Sequence[tuple[int, int]]) -> Words:
    """Look at every word of some sentences once; function words tell nothing of capitals. No term goes on in small
    letters after a name of several words: "Harbour Office rents"."""
    found = Words()
    for start, end in sentences:
        sentence = text[start:end]
        words = _WORD.findall(sentence)
        gaps = _WORD.split(sentence)
        gaps[0] = f"|{gaps[0]}"
        run: list[str] = []
        capitals = 0  # at the end of the run
        for gap, (token, small, content) in zip(gaps, map(_forms, words), strict=False):
            if token:
                if small:
                    found.lower.append(token)
                elif not initial(gap):
                    found.upper.append(token)
            if run and not (content and gap.isspace() and not (small and capitals > 1)):
                _collect(run, found)
                run, capitals = [], 0
            if content:
                run.append(content)
                capitals = 0 if small else capitals + 1
        _collect(run, found)
    return found


def initial(before: str) -> bool:
    """Whether what stands before a word, after a bar for the start of its sentence, gives any word a capital: it is
    the first in a sentence or cell, or follows a colon or a quote."""
    return before.rstrip(" *_\"“‘'(")[-1:] in _INITIAL


@lru_cache(maxsize=1 << 16)
def _forms(word: str) -> tuple[str, bool, str]:
    """A word folded, empty for a function word; whether it begins with a small letter; and in lower case, empty if it
    is in no term."""
    lower = word.lower()
    content = len(lower) >= 3 and lower not in _NOT_IN_TERMS
    return "" if lower in STOPWORDS else fold(word), word[0].islower(), lower if content else ""


def _collect(run: list[str], found: Words) -> None:
    if len(run) > 1:
        for key, term, longer in _terms(tuple(run)):
            if key not in found.terms:
                found.terms[key] = (term, longer)
            elif not longer:
                found.terms[key] = (found.terms[key][0], "")


@lru_cache(maxsize=1 << 15)
def _terms(run: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """The terms of a run of content words: key, spelling, and the key of the longer one that it is in."""
    spans = [(at, at + size) for size in (3, 2) for at in range(len(run) - size + 1)]
    longer: dict[int, str] = {}
    found = []
    for begin, end in spans:
        term = " ".join(run[begin:end])
        key = " ".join([fold(match.group()) for match in TOKEN.finditer(term)])
        if not _well(run[begin], run[end - 1]) or not acceptable(key):
            continue
        if end - begin == 3:
            longer[begin] = key
            found.append((key, term, ""))
        else:
            found.append((key, term, longer.get(begin - 1) or longer.get(begin, "")))
    return found


def _well(first: str, last: str) -> bool:
    """Whether a term may begin and end with these words."""
    return not last.endswith(("ly", "ed")) and not first.endswith("ly")
