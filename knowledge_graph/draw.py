"""The graph as one interactive HTML file that needs no network, drawn by vis-network through pyvis."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge_graph.facts import RELATED
from knowledge_graph.graph import KnowledgeGraph
from retrieval.errors import GraftError

if TYPE_CHECKING:
    import networkx

COLOURS = {"topic": "#0f766e", "name": "#2563eb", "term": "#b45309", "value": "#64748b"}
"""Node colours by kind; each stands out on white and on near-black."""
LABELLED = 30
"""In a drawing of more edges only those at its centre, if it has one, are labelled; all tell more when pointed at."""

_FETCHED = re.compile(
    r"<link\b[^>]*https?://[^>]*>|<script\b[^>]*https?://[^>]*>\s*</script>|<center>.*?</center>", re.DOTALL
)
"""What pyvis puts into its page even when told to inline: Bootstrap from a content network, and empty headings."""
_STYLE = """<style>body { margin: 0 } .card, #mynetwork { border: 0 !important; float: none !important }</style>
<script>addEventListener("resize", () => network.fit()); network.once("stabilized", () => network.fit());</script>"""


def _options(ink: str, paper: str) -> str:
    """vis-network's options: quiet edges, text that stands out on the paper."""
    font = {"face": "system-ui, sans-serif", "color": ink, "strokeWidth": 3, "strokeColor": paper}
    forces = {"springLength": 150, "gravitationalConstant": -90, "avoidOverlap": 0.5}
    physics = {"stabilization": {"iterations": 200}, "forceAtlas2Based": forces}
    return json.dumps(
        {
            "nodes": {"shape": "dot", "font": {**font, "size": 15}},
            "edges": {
                "arrows": {"to": {"enabled": True, "scaleFactor": 0.5}},
                "color": {"opacity": 0.55},
                "smooth": {"type": "continuous"},
                "font": {**font, "size": 11},
            },
            "physics": {"solver": "forceAtlas2Based", **physics},
            "interaction": {"hover": True, "navigationButtons": False, "keyboard": False},
        }
    )


def drawing(graph: networkx.MultiDiGraph, centre: str | None = None, dark: bool = False, height: str = "100vh") -> str:
    """A self-contained HTML page that draws a graph."""
    from pyvis.network import Network

    ink, paper = ("#e5e7eb", "#111827") if dark else ("#111827", "#ffffff")
    net = Network(height=height, width="100%", directed=True, cdn_resources="in_line", bgcolor=paper, font_color=ink)
    for node, data in graph.nodes(data=True):
        degree = graph.degree(node)
        net.add_node(
            node,
            label=node if len(node) <= 32 else f"{node[:30]}…",
            title=_tooltip(f"{node}\n{data['kind']}, {degree} relations"),
            color=COLOURS[data["kind"]],
            size=26 if node == centre else 8 + min(degree, 12),
        )
    for u, v, data in graph.edges(data=True):
        typed = data["relation"] != RELATED
        labelled = typed and (centre in (u, v) or graph.number_of_edges() <= LABELLED)
        sources = "\n".join(sorted({chunk.rpartition("#")[0] for chunk in data["chunks"]}))
        net.add_edge(
            u,
            v,
            label=data["relation"].replace("_", " ") if labelled else "",
            title=_tooltip(f"{u} — {data['relation'].replace('_', ' ')} — {v}\n{sources}"),
            dashes=not typed,
            color="#94a3b8",
        )
    net.set_options(_options(ink, paper))
    return _FETCHED.sub("", str(net.generate_html(notebook=False))).replace("</body>", f"{_STYLE}</body>")


def _tooltip(text: str) -> str:
    """Shown as plain text, unless pyvis sees "href" in it and turns every tooltip into HTML: so break that word."""
    return text.replace("href", "h\u200bref")


def write_html(graph: KnowledgeGraph, path: Path, entity: str | None, limit: int, title: str) -> int:
    """Write a drawing of what is around an entity, or of the best connected entities.

    Returns:
        How many entities were drawn.

    Raises:
        GraftError: The entity is unknown, or the path does not end in .html or cannot be written.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise GraftError(f"the drawing is an HTML page; {path.name} must end in .html")
    if entity:
        part = graph.neighbourhood(entity, hops=2, limit=limit)
        page = drawing(part, graph.resolve(entity))
    else:
        whole = graph.networkx
        best = sorted(whole, key=lambda node: (-whole.degree(node), node))[:limit]
        part = whole.subgraph(best)
        page = drawing(part)
    page = page.replace("<head>", f"<head><title>{html.escape(title)}: knowledge graph</title>", 1)
    try:
        path.write_text(page, encoding="utf8", errors="backslashreplace")
    except OSError as error:
        raise GraftError(f"cannot write {path}: {error.strerror}") from None
    return int(part.number_of_nodes())
