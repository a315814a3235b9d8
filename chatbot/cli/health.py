"""A graph's health in a few lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatbot.cli.output import counted
from knowledge_graph.facts import RELATED
from knowledge_graph.health import Health

SHOWN = 5
"""Examples of each kind; `--json` gives all."""


def report(found: Health) -> Iterator[tuple[str, str]]:
    """What a report says, each line with its name; what is in order is left out."""
    typed = {relation: number for relation, number in found.edges.items() if relation != RELATED}
    loose = found.edges.get(RELATED, 0)
    yield "entities", _parts(found.nodes)
    yield "typed facts", _parts({relation.replace("_", " "): number for relation, number in typed.items()})
    yield "related", f"{loose:,} pairs that only occur together"
    yield "connected", f"{found.parts:,} parts, the largest with {found.largest:.0%} of the entities"
    told = found.documents - len(found.silent)
    yield (
        "coverage",
        (f"{told:,} of {found.documents:,} documents name an entity, {found.stating:.0%} state a typed fact"),
    )
    if found.isolated:
        yield "isolated", f"{len(found.isolated):,} without a relation: {_some(found.isolated)}"
    if found.everywhere:
        shares = [f"{label} ({share:.0%} of the chunks)" for label, share in found.everywhere.items()]
        yield "everywhere", f"{len(shares)} that tell little: {_some(shares)}"
    if found.ambiguous:
        meanings = [f"{short.upper()}: {_several(long)}" for short, long in found.ambiguous.items()]
        yield (
            "ambiguous",
            f"{counted(len(meanings), 'abbreviation')} taken for the most frequent: {_some(meanings, '; ')}",
        )
    if found.uncertain:
        taken = [f"{merge.name} = {merge.through} ({merge.evidence:.2f})" for merge in found.uncertain]
        yield "uncertain", f"{counted(len(taken), 'merge')} by likeness alone: {_some(taken, '; ')}"
    if found.doubles:
        pairs = [" = ".join(labels) for labels in found.doubles]
        yield "doubles", f"{len(pairs):,} that may be one: {_some(pairs, '; ')}"
    if found.silent:
        yield "silent", f"{counted(len(found.silent), 'document')} without an entity: {_some(found.silent)}"


def _parts(counts: dict[str, int]) -> str:
    of_most = [f"{name} {number:,}" for name, number in counts.items()]
    return f"{sum(counts.values()):,}" + (f": {_some(of_most)}" if of_most else "")


def _several(long: dict[str, int]) -> str:
    return " or ".join(f"{name} ({number})" for name, number in long.items())


def _some(names: Sequence[str], between: str = ", ") -> str:
    return between.join(names[:SHOWN]) + (f"{between}…" if len(names) > SHOWN else "")
