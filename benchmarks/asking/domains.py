"""Domains of `benchmarks/asking/practice`: relations, what they may be called, and how people speak of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from knowledge_graph.asking.steps import Step

FOLDER = Path(__file__).parent / "practice"
TURNED = 0.3
"""Share of names that are those of the inverse."""
PLAIN = 0.15
"""Share of forms that are made of a relation's name."""


class Way(NamedTuple):
    """A relation of a domain, by its place, followed from subject to object or back."""

    relation: int
    forward: bool


@dataclass(frozen=True)
class Domain:
    """The relations of a file, as it writes them."""

    relations: list[dict[str, Any]]

    @classmethod
    def read(cls, path: Path) -> Domain:
        """Read a file."""
        return cls(yaml.safe_load(path.read_text(encoding="utf8"))["relations"])

    @property
    def ways(self) -> list[Way]:
        """All ways there are."""
        return [Way(at, forward) for at in range(len(self.relations)) for forward in (True, False)]

    def ends(self, way: Way) -> tuple[str, str]:
        """The types of thing that a way leads from and to."""
        relation = self.relations[way.relation]
        ends = relation["subject"], relation["object"]
        return ends if way.forward else ends[::-1]

    def forms(self, way: Way, kind: str) -> list[str]:
        """The forms of a way, `ask` or `noun`, with `{x}` in the place of what it leads from."""
        found: list[str] = self.relations[way.relation]["forward" if way.forward else "backward"][kind]
        return found

    def noun(self, way: Way, x: str, chance: random.Random) -> str:
        """What denotes that to which a way leads from `x`."""
        plain = self.plain(way) if chance.random() < PLAIN else []
        return chance.choice(plain or self.forms(way, "noun")).replace("{x}", x)

    def plain(self, way: Way) -> list[str]:
        """Forms of a relation's own names, "the {name} of {x}"; names that are no noun give none for a way ahead."""
        relation = self.relations[way.relation]
        kind = relation["subject"]
        found = []
        for name in map(_said, relation["names"]):
            participle = name.rsplit(" ", 1)[-1] in _PREPOSITIONS
            if way.forward and not participle:
                found += [f"the {name} of {{x}}", f"{{x}}'s {name}", f"{name} of {{x}}"]
            elif not way.forward and participle:
                found += [f"the {kind}s {name} {{x}}", f"{kind}s that are {name} {{x}}", f"every {kind} {name} {{x}}"]
            elif not way.forward:
                found += [f"the {kind}s whose {name} is {{x}}", f"{kind}s with {name} {{x}}"]
                found += [f"the {kind}s that share {{x}}", f"other {kind}s with the same {{x}}"]
        return found

    def walk(self, way: Way, length: int, chance: random.Random) -> list[Way]:
        """A chance path of a length that ends with a way; a shorter one where no way leads to its start."""
        path = [way]
        while len(path) < length:
            before = [each for each in self.ways if self.ends(each)[1] == self.ends(path[0])[0]]
            if not before:
                break
            path.insert(0, chance.choice(before))
        return path

    def step(self, way: Way, chance: random.Random) -> Step:
        """A way as a graph may have it: by one of the relation's names, or by one of its inverse."""
        relation = self.relations[way.relation]
        inverse = relation.get("inverse") or []
        turned = bool(inverse) and chance.random() < TURNED
        return Step(chance.choice(inverse if turned else relation["names"]), way.forward != turned)


_PREPOSITIONS = frozenset("by in at to from of for with on into under through".split())


def _said(name: str) -> str:
    from knowledge_graph.asking.phrases import phrase

    said = phrase(name).text
    return said.removeprefix("has ").removeprefix("is ")


def domains(only: Sequence[str] = (), without: Sequence[str] = ()) -> list[Domain]:
    """All domains, or only some, but those that are left out.

    Raises:
        SystemExit: There is no such domain.
    """
    known = sorted(path.stem for path in FOLDER.glob("*.yaml"))
    if strange := sorted({*only, *without} - set(known)):
        raise SystemExit(f"no domain {', '.join(strange)}; there are {', '.join(known)}")
    return [Domain.read(FOLDER / f"{name}.yaml") for name in only or known if name not in without]
