"""The graph as a file: GraphML for other tools, or networkx node-link JSON."""

from __future__ import annotations

import json
from pathlib import Path

from knowledge_graph.graph import KnowledgeGraph
from retrieval.errors import GraftError


def write_graph(graph: KnowledgeGraph, path: Path) -> tuple[int, int]:
    """Write the graph; the ending of the path says the format.

    Returns:
        Counts of nodes and edges.

    Raises:
        GraftError: The ending is unknown, or the file cannot be written.
    """
    import networkx

    flat = networkx.MultiDiGraph()
    for node, data in graph.networkx.nodes(data=True):
        flat.add_node(node, kind=data["kind"], chunks=" ".join(data["chunks"]))
    for u, v, key, data in graph.networkx.edges(keys=True, data=True):
        flat.add_edge(u, v, key=key, relation=data["relation"], chunks=" ".join(data["chunks"]))
    try:
        if path.suffix == ".graphml":
            networkx.write_graphml(flat, path)
        elif path.suffix == ".json":
            text = json.dumps(networkx.node_link_data(flat, edges="edges"), ensure_ascii=False)
            path.write_text(text, encoding="utf8")
        else:
            raise GraftError(f"unknown graph format {path.suffix or path.name!r}; accepted: .graphml, .json")
    except OSError as error:
        raise GraftError(f"cannot write {path}: {error.strerror}") from None
    return flat.number_of_nodes(), flat.number_of_edges()
