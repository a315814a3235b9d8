"""What asking the graph gives."""

from __future__ import annotations

from dataclasses import dataclass, field

from knowledge_graph.facts import Fact


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the graph.

    Args:
        answers: Labels of the entities and values asked for, or the number or word that answers; empty if the graph
            cannot answer.
        path: The facts that support it, in the order they were followed.
        relations: How they were followed, `directed by` or, against its direction, `← directed by`.
        confidence: From 0 to 1; how much of the question the path explains.
        why: Why there is no answer; empty if there is one.
    """

    answers: tuple[str, ...] = ()
    path: tuple[Fact, ...] = ()
    relations: tuple[str, ...] = ()
    confidence: float = 0.0
    why: str = field(default="")
