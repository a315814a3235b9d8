"""What was merged into what in a built bot's graph, and why."""

from __future__ import annotations

from dataclasses import dataclass

from retrieval.store import Store

_MERGES = """SELECT l.label, n.label, o.label, m.rule, m.evidence FROM merges m
    JOIN lexicon l ON l.key = m.key JOIN lexicon o ON o.key = m.other JOIN nodes n ON n.key = l.target
    ORDER BY n.key, m.key"""
_WHY = {
    "alias": "you say so",
    "spelling": "spelled alike",
    "synonym": "metadata, × {:.0f}",
    "abbreviation": "explained in the text, × {:.0f}",
    "called": "also called, × {:.0f}",
    "inflection": "the same stems, cosine {:.2f}",
}


@dataclass(frozen=True, slots=True)
class Merged:
    """A name that means an entity of another name.

    Args:
        name: The name, in its most frequent spelling.
        entity: The label of the entity.
        through: The label of the name that it was merged with, often the entity's own.
        rule: Why, one of `knowledge_graph.resolution.RULES`.
        evidence: How often that was told, or for inflections the cosine of the two labels.
    """

    name: str
    entity: str
    through: str
    rule: str
    evidence: float

    @property
    def why(self) -> str:
        """The reason for people."""
        through = f" as {self.through}" if self.through != self.entity else ""
        return _WHY[self.rule].format(self.evidence) + through


def merges(store: Store) -> list[Merged]:
    """All merges into entities that the graph shows, by entity."""
    return [Merged(*row) for row in store.rows(_MERGES)]
