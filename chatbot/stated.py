"""Answers from facts that the user brought, quoted where a document states them."""

from __future__ import annotations

from collections.abc import Iterator

from chatbot.reply import Citation
from chatbot.units import Unit, units
from knowledge_graph import Fact
from knowledge_graph.asking import Answer
from retrieval.store import Store
from retrieval.text import is_cjk

SHOWN = 6
"""Most places quoted, and most facts told that no document states."""


def compose(answer: Answer, store: Store) -> tuple[str, list[Citation]]:
    """Write an answer of the graph: what was asked for, then the places that state it, each with its citation.

    Returns:
        The text with `[n]` marks, and the citations, the first being `[1]`.
    """
    quoted: dict[tuple[str, int], Unit] = {}
    plain: list[str] = []
    for fact in answer.path:
        if unit := next(_stating(fact, store), None):
            quoted.setdefault((unit.chunk.document_id, unit.start), unit)
        else:
            plain.append(f"- {fact.subject} {fact.relation.replace('_', ' ')}: {fact.object}")
    found = list(quoted.values())[:SHOWN]
    cited = [
        Citation(unit.chunk.document_id, unit.chunk.document_id, unit.chunk.section, unit.start, unit.end, unit.text)
        for unit in found
    ]
    told = [f"- {unit.text} [{number}]" for number, unit in enumerate(found, 1)]
    between = "、" if is_cjk(answer.answers[0]) else ", "
    return "\n".join([f"**{between.join(answer.answers)}**", "", *told, *plain[:SHOWN]]), cited


def _stating(fact: Fact, store: Store) -> Iterator[Unit]:
    """Units that name the object of a fact, and its subject there or in the headings over them."""
    for id_ in fact.provenance:
        if chunk := store.chunk(id_):
            for unit in units(chunk):
                text = unit.text.casefold()
                if fact.object.casefold() in text and fact.subject.casefold() in f"{chunk.section} {text}".casefold():
                    yield unit
