"""Relations as phrases: `place_of_birth`, `placeOfBirth` and `person.place of birth` all say "place of birth"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from retrieval.text import STOPWORDS

Voice = Literal["verb", "passive", "of", "noun"]
"""How a relation's name reads between subject and object: "manages", "directed by", "parent of", "genre"."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PAST = re.compile(r".{2,}(?:ed|en|wn|lt|de|ne|ung|ught|oke|ote)$")
SHARED, LEAST = 0.6, 4
"""Two words are of one family if they begin with so many same letters, as a share of the longer and at least."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A relation's name in words.

    Args:
        content: Its words but function words; all of them where it has no other.
    """

    text: str
    content: tuple[str, ...]
    voice: Voice


@lru_cache(maxsize=4096)
def phrase(relation: str) -> Phrase:
    """Read a relation's name."""
    last = re.split(r"[./#:]", relation.strip("./#:"))[-1] or relation
    said = _CAMEL.sub(" ", re.sub(r"[_\-\s]+", " ", last)).lower().strip() or relation
    words = said.split()
    content = tuple(word for word in words if word not in STOPWORDS) or tuple(words)
    return Phrase(said, content, _voice(words))


def _voice(words: list[str]) -> Voice:
    if words[-1] == "by":
        return "passive"
    if words[-1] == "of":
        return "of"
    first = words[1] if words[0] in ("has", "is", "was", "are", "were") and len(words) > 1 else words[0]
    if words[0] in ("is", "was", "are", "were") and words[-1] in ("in", "at", "on", "for", "from", "with", "to"):
        return "verb"
    if words[0] == "has":
        return "noun"
    verbal = words[-1] in ("in", "at", "on", "for", "from", "with", "to", "into", "against", "as")
    third = len(words) == 1 and first.endswith("s") and not first.endswith(("ss", "us", "is"))
    return "verb" if verbal or third or (_PAST.fullmatch(words[-1]) and len(words) == 1) else "noun"


@lru_cache(maxsize=1 << 15)
def kin(one: str, other: str) -> float:
    """How far two words are one in another form, "direct" and "director": from 0 to 1."""
    if one == other:
        return 1.0
    same = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), -1)
    same = min(len(one), len(other)) if same < 0 else same
    longer = max(len(one), len(other))
    return 0.95 if same >= LEAST and same >= SHARED * longer else 0.0
