"""The graph as a file: GraphML for other tools, or networkx node-link JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

from knowledge_graph.graph import KnowledgeGraph
from retrieval.errors import GraftError

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML file can hold."""


def write_graph(graph: KnowledgeGraph, path: Path) -> tuple[int, int]:
    """Write the graph; the ending of the path says the format.

    Returns:
        Counts of nodes and edges.

    Raises:
        GraftError: The ending is unknown, or the file cannot be written.
    """
    import networkx

    def clean(text: str) -> str:
        return _NOT_XML.sub("\ufffd", text)

    flat = networkx.MultiDiGraph()
    for node, data in graph.networkx.nodes(data=True):
        flat.add_node(clean(node), kind=data["kind"], chunks=clean(" ".join(data["chunks"])))
    for u, v, key, data in graph.networkx.edges(keys=True, data=True):
        flat.add_edge(
            clean(u), clean(v), key=key, relation=clean(data["relation"]), chunks=clean(" ".join(data["chunks"]))
        )
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
