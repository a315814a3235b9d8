"""The groups that a graph's entities fall into: those more joined with each other than with the rest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge_graph.facts import RELATED

if TYPE_CHECKING:
    from networkx import MultiDiGraph

LEAST = 3
"""Fewer entities make no community."""
RELATED_WEIGHT = 1 / 3
"""What standing together in a chunk weighs, a typed fact stated there weighing 1."""


@dataclass(frozen=True, slots=True)
class Community:
    """Entities that belong together.

    Args:
        name: The labels of its two best connected topics or names; of any entities if it has fewer of these.
        members: Labels, those best connected within the community first.
    """

    name: str
    members: tuple[str, ...]


def find(graph: MultiDiGraph) -> list[Community]:
    """Communities by the Louvain method, the largest first; values and lone entities are in none.

    The same graph gives the same communities. An edge weighs more the more chunks state it, by their logarithm, as many
    chunks repeat one another. Source: Blondel et al., Fast unfolding of communities in large networks, 2008.

    Args:
        graph: As `KnowledgeGraph.networkx` gives it.
    """
    import networkx

    kinds = dict(graph.nodes(data="kind"))
    labels = [label for label, kind in kinds.items() if kind != "value"]
    number = {label: at for at, label in enumerate(labels)}  # sets of numbers have one order, of texts they do not
    weights: dict[tuple[int, int], float] = {}
    for u, v, data in graph.edges(data=True):
        if u in number and v in number and u != v:
            ends = min(number[u], number[v]), max(number[u], number[v])
            weight = (RELATED_WEIGHT if data["relation"] == RELATED else 1.0) * (1 + math.log1p(len(data["chunks"])))
            weights[ends] = weights.get(ends, 0.0) + weight
    joined = networkx.Graph()
    joined.add_weighted_edges_from((u, v, weight) for (u, v), weight in sorted(weights.items()))
    found = []
    for group in networkx.community.louvain_communities(joined, seed=0):
        if len(group) < LEAST:
            continue
        inner = joined.subgraph(group)
        members = [labels[at] for at in sorted(group, key=lambda at: (-inner.degree(at, weight="weight"), labels[at]))]
        telling = [label for label in members if kinds[label] != "term"]
        found.append(Community(", ".join((telling if len(telling) > 1 else members)[:2]), tuple(members)))
    return sorted(found, key=lambda community: (-len(community.members), community.name))
