"""By which way the graph led from a question to a chunk: of all ways, the one that adds most to the chunk's score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from knowledge_graph.rank import DAMPING, LINK_WEIGHT, WALK_WEIGHT, Walk
from knowledge_graph.walk import Step


@dataclass(frozen=True, slots=True)
class Hop:
    """To a chunk through an entity, by position and by number.

    Args:
        node: Named by the chunk and by the one before it, the first by the question; None where the question names
            nothing of the chunk, and its words or meaning alone made it a first hit.
    """

    node: int | None
    chunk: int


@dataclass(frozen=True, slots=True)
class Route:
    """A way to the chunk of the last hop.

    Args:
        hops: One where the question names what the chunk is about; where the walk reached it, the first is a first hit.
        adds: What it adds to the chunk's score.
        whole: What all ways add to it.
    """

    hops: tuple[Hop, ...]
    adds: float
    whole: float

    @property
    def share(self) -> float:
        """How much of what the graph adds comes by this way."""
        return self.adds / self.whole


def strongest(walk: Walk, chunk: int) -> Route | None:
    """The way that adds most to a chunk's score; None where the graph adds nothing to it."""
    link, reached = (float(spread.at(np.array([chunk]))[0]) for spread in (walk.link, walk.reached))
    whole = LINK_WEIGHT * link + WALK_WEIGHT * reached
    named = _named(walk, chunk)
    ways = [
        Route((Hop(node, chunk),), LINK_WEIGHT * link * value / sum(named.values()), whole)
        for node, value in named.items()
    ]
    for number in range(1, len(walk.steps) + 1):
        arriving = float(walk.steps[number - 1].into(chunk).sum())
        if arriving > 0:
            share, hops = _followed(walk, walk.steps[:number], chunk)
            adds = WALK_WEIGHT * DAMPING ** (number - 1) * arriving * share / walk.peak
            ways.append(Route(hops, adds, whole))
    return max(ways, key=lambda way: way.adds) if whole > 0 else None


def _followed(walk: Walk, steps: Sequence[Step], chunk: int) -> tuple[float, tuple[Hop, ...]]:
    """Of what some steps bring to a chunk: the largest share that comes by one way, and this way."""
    if not steps:
        named = _named(walk, chunk)
        return 1.0, (Hop(max(named, key=named.__getitem__, default=None), chunk),)
    *earlier, last = steps
    flows = last.into(chunk)
    ways = []
    for origin in np.unique(last.origins[flows > 0]).tolist():
        row = int(np.argmax(np.where(last.origins == origin, flows, 0.0)))
        share, hops = _followed(walk, earlier, origin)
        ways.append((share * float(flows[row] / flows.sum()), (*hops, Hop(int(last.nodes[last.doors[row]]), chunk))))
    return max(ways, key=lambda way: way[0])


def _named(walk: Walk, chunk: int) -> dict[int, float]:
    """How much a chunk is about those of the question's entities that it is about at all, by node."""
    about = {node: float(spread.at(np.array([chunk]))[0]) for node, spread in walk.links.items()}
    return {node: value for node, value in about.items() if value > 0}
