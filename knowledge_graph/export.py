"""The graph as a file: GraphML, networkx node-link JSON, RDF, or a table of its facts."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge_graph import rdf
from knowledge_graph.graph import KnowledgeGraph
from retrieval.errors import GraftError
from retrieval.loaders.delimited import FACTS

if TYPE_CHECKING:
    from networkx import MultiDiGraph

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML file can hold."""


def write_graph(graph: KnowledgeGraph, path: Path) -> tuple[int, int]:
    """Write the graph; the ending of the path says the format.

    A table of facts holds neither nodes without an edge nor the chunks that state a fact; the others hold all.

    Returns:
        Counts of nodes and edges.

    Raises:
        GraftError: The ending is unknown, an extra is not installed, or the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise GraftError(f"unknown graph format {path.suffix or path.name!r}; accepted: {', '.join(FORMATS)}")
    try:
        FORMATS[suffix](_plain(graph), path)
    except OSError as error:
        raise GraftError(f"cannot write {path}: {error.strerror}") from None
    counts = graph.counts()
    return counts["nodes"], counts["edges"]


def _plain(graph: KnowledgeGraph) -> MultiDiGraph:
    """The graph with the attributes that every format knows, without characters that XML does not."""
    import networkx

    def clean(text: str) -> str:
        return _NOT_XML.sub("\ufffd", text)

    plain = networkx.MultiDiGraph()
    for node, data in graph.networkx.nodes(data=True):
        plain.add_node(clean(node), kind=data["kind"], chunks=[clean(chunk) for chunk in data["chunks"]])
    for u, v, key, data in graph.networkx.edges(keys=True, data=True):
        told = {"relation": clean(data["relation"]), "chunks": [clean(chunk) for chunk in data["chunks"]]}
        plain.add_edge(clean(u), clean(v), key=key, **told)
    return plain


def _joined(network: MultiDiGraph) -> MultiDiGraph:
    """The same with the chunks of each node and edge in one text, which no list is to GraphML."""
    for data in (*network.nodes.values(), *network.edges.values()):
        data["chunks"] = " ".join(data["chunks"])
    return network


def _write_graphml(network: MultiDiGraph, path: Path) -> None:
    import networkx

    networkx.write_graphml(_joined(network), path)


def _write_json(network: MultiDiGraph, path: Path) -> None:
    import networkx

    text = json.dumps(networkx.node_link_data(_joined(network), edges="edges"), ensure_ascii=False)
    path.write_text(text, encoding="utf8")


def _write_table(network: MultiDiGraph, path: Path) -> None:
    with path.open("w", encoding="utf8", newline="") as file:
        rows = csv.writer(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        rows.writerow(FACTS)
        rows.writerows(sorted((u, data["relation"], v) for u, v, data in network.edges(data=True)))


FORMATS: dict[str, Callable[[MultiDiGraph, Path], None]] = {
    ".graphml": _write_graphml,
    ".json": _write_json,
    ".csv": _write_table,
    ".tsv": _write_table,
    **dict.fromkeys(rdf.FORMATS, rdf.write),
}
"""What writes a file, by its ending."""
