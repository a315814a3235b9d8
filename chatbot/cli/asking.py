"""What the graph answers, for people and programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chatbot.cli.output import counted
from knowledge_graph import Fact
from knowledge_graph.asking import Answer

SHOWN = 8
"""Facts shown of an answer; `--json` gives more."""


def as_json(question: str, answer: Answer) -> dict[str, Any]:
    """An answer with its question."""
    return {
        "question": question,
        "answers": list(answer.answers),
        "path": [fact_as_json(fact) for fact in answer.path],
        "relations": list(answer.relations),
        "confidence": round(answer.confidence, 3),
        "why": answer.why,
    }


def fact_as_json(fact: Fact) -> dict[str, Any]:
    """A fact with the chunks that state it."""
    return {
        "subject": fact.subject,
        "relation": fact.relation,
        "object": fact.object,
        "provenance": list(fact.provenance),
    }


def fact_line(fact: Fact) -> str:
    """A fact in one line, with the first chunks that state it."""
    stated = f"   ({', '.join(fact.provenance[:2])})" if fact.provenance else ""
    return f"{fact}{stated}"


def lines(answer: Answer) -> Iterator[str]:
    """An answer and the facts that support it; or why there is none."""
    if not answer.answers:
        yield f"No answer: {answer.why}."
        return
    yield ", ".join(answer.answers)
    for fact in answer.path[:SHOWN]:
        yield f"  {fact_line(fact)}"
    if len(answer.path) > SHOWN:
        yield f"  and {counted(len(answer.path) - SHOWN, 'more fact', 'more facts')}"
