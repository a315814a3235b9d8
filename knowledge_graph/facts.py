"""What a graph is made of: nodes, mentions of them in chunks, and facts that connect them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["topic", "name", "term", "value"]
"""`topic`: what a document or section is about; `name`: proper; `term`: of the domain; `value`: an amount or time."""

RELATED = "related_to"
"""The relation of things that only occur together."""
VALUE = "="
"""Begins the keys of values."""


@dataclass(frozen=True, slots=True)
class Node:
    """An entity.

    Args:
        key: Its normalised name, unique in a graph.
        label: Its most frequent spelling.
    """

    key: str
    label: str
    kind: Kind


class Mention(NamedTuple):
    """Where a text names an entity: `text[start:end]`."""

    key: str
    start: int
    end: int


class Triple(NamedTuple):
    """A relation between two entities, by key, as one chunk states it."""

    subject: str
    relation: str
    object: str


def value_key(text: str) -> str:
    """The key of a value: its text after a mark that no entity's key has, so that "yes" in a table is no entity."""
    return VALUE + " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Fact:
    """A relation between two entities, by label.

    Args:
        provenance: Ids of the chunks that state it.
    """

    subject: str
    relation: str
    object: str
    provenance: tuple[str, ...]

    def __str__(self) -> str:
        """In words: `Ada Lin — works for → Graft`."""
        return f"{self.subject} — {self.relation.replace('_', ' ')} → {self.object}"
