"""Relations as phrases: `place_of_birth`, `placeOfBirth` and `person.place of birth` all say "place of birth"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from retrieval.text import STOPWORDS

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


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
