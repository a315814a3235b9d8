"""Facts as a graph to walk: the answers that a path has."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

Fact = tuple[str, str, str]
"""Subject, relation and object."""
BACK = "^"
"""Stands before a relation that is followed from its object to its subject."""


@dataclass(frozen=True)
class Route:
    """Steps from one thing to others.

    Args:
        steps: Relations, those followed backwards with `BACK` before them.
        without_start: Whether the thing the path starts from is no answer, as in "who else".
    """

    steps: tuple[str, ...]
    without_start: bool = False

    def __str__(self) -> str:
        return " / ".join(self.steps) + (" ! start" if self.without_start else "")


class Facts:
    """Facts, and what each leads to."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.relations: set[str] = set()
        self._next: dict[str, dict[str, list[str]]] = {}
        for subject, relation, object_ in facts:
            self.relations.add(relation)
            for step, start, end in ((relation, subject, object_), (BACK + relation, object_, subject)):
                ends = self._next.setdefault(step, {}).setdefault(start, [])
                if end not in ends:
                    ends.append(end)

    @classmethod
    def read(cls, path: Path) -> Facts:
        """The facts of a CSV file whose first line is a header."""
        with path.open(encoding="utf8", newline="") as file:
            return cls([(row[0], row[1], row[2]) for row in list(csv.reader(file))[1:]])

    def starts(self, step: str) -> list[str]:
        """What the step can be taken from.

        Raises:
            KeyError: No fact has the relation.
        """
        return list(self._next[step])

    def walk(self, start: str, path: Route) -> list[str]:
        """Where a path leads to, each end once."""
        ends = [start]
        for step in path.steps:
            ends = list(dict.fromkeys(end for place in ends for end in self._next[step].get(place, ())))
        return [end for end in ends if not (path.without_start and end == start)]


def size(value: str) -> tuple[float, ...]:
    """What values are compared by: the numbers in them, as in "1,204 km" or "1998-03-12"."""
    return tuple(float(number) for number in re.findall(r"\d+(?:\.\d+)?", value.replace(",", "")))


def extreme(things: Sequence[str], facts: Facts, relation: str, most: bool) -> list[str]:
    """Those of the things whose value is the largest, or the smallest; things without one do not count."""
    sizes = {thing: size(values[0]) for thing in things if (values := facts.walk(thing, Route((relation,))))}
    best = (max if most else min)(sizes.values(), default=None)
    return [thing for thing, value in sizes.items() if value == best]
