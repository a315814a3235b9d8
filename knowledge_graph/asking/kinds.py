"""What kind of thing a question asks for: "which country", "the directors of".

The graph gives entities no types, but it tells what they are by the steps that lead to them: directors are what
"directed by" leads to. So the beginning of a question, up to its first noun, is compared with the steps like any other
part of it, "which country X", and an answer should be something that the likely ones lead to.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import chain

from knowledge_graph.asking.nesting import X
from knowledge_graph.asking.roles import Roles
from knowledge_graph.asking.steps import Steps
from retrieval.text import STOPWORDS

KIND = 0.5
"""What the logarithm of the share that is of the kind counts beside that of what is said."""
OTHER = 0.05
"""Added to the share, as what a graph does not tell may still be so."""
LOOKED = 10
"""Most of the answers that are looked at."""
COMMANDS = frozenset("name list tell show give find know like need please count number many much".split())
"""Words that ask, and say nothing of what."""


def head(words: Sequence[str]) -> list[str]:
    """The words up to the end of the first that say what is asked for; none if they do not come before the entity."""
    said: list[str] = []
    found = False
    for word in words:
        content = word not in STOPWORDS and word not in COMMANDS
        if word == X or (found and not content):
            break
        found = found or content
        said.append(word)
    return said if found else []


class Kinds:
    """How likely things are of the kind that a question asks for.

    Args:
        words: Of the question, in lower case, an entity as `X`.
    """

    def __init__(self, words: Sequence[str], roles: Roles, steps: Steps) -> None:
        said = head(words)
        self._steps = steps
        self._likely = roles.likely(" ".join([*said, X])) if said else {}

    def look(self, several: Collection[Collection[int]]) -> None:
        """Read at once what the graph tells of several answers."""
        if self._likely:
            self._steps.from_all(set(chain.from_iterable(map(_some, several))))

    def worth(self, ends: Collection[int]) -> float:
        """What it adds to the score of an answer that it is of the kind, or not; at most about 0."""
        if not self._likely:
            return 0.0
        some = _some(ends)
        share = sum(self._likely.get(step.back, 0.0) for end in some for step in self._steps.around(end)) / len(some)
        return KIND * math.log(min(share, 1.0) + OTHER)


def _some(ends: Collection[int]) -> list[int]:
    return sorted(ends)[:LOOKED]
