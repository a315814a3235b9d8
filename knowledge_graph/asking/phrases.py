"""Relations as phrases: `place_of_birth`, `placeOfBirth` and `person.place of birth` all say "place of birth"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from retrieval.text import STOPWORDS

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
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


@lru_cache(maxsize=4096)
def phrase(relation: str) -> Phrase:
    """Read a relation's name."""
    last = re.split(r"[./#:]", relation.strip("./#:"))[-1] or relation
    said = _CAMEL.sub(" ", re.sub(r"[_\-\s]+", " ", last)).lower().strip() or relation
    words = said.split()
    content = tuple(word for word in words if word not in STOPWORDS) or tuple(words)
    return Phrase(said, content)


@lru_cache(maxsize=1 << 15)
def kin(one: str, other: str) -> float:
    """How far two words are one in another form, "direct" and "director": from 0 to 1."""
    if one == other:
        return 1.0
    same = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), -1)
    same = min(len(one), len(other)) if same < 0 else same
    longer = max(len(one), len(other))
    return 0.95 if same >= LEAST and same >= SHARED * longer else 0.0
