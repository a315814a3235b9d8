"""The graph explorer as one HTML page that needs no network, drawn by vis-network, which comes with pyvis."""

from __future__ import annotations

import html
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from knowledge_graph.explore import embedded
from knowledge_graph.graph import KnowledgeGraph
from retrieval.errors import GraftError

HOPS = 3
"""How far from an entity a file about it reaches."""
_SCRIPTS = ("answers.js", "finder.js", "panel.js", "explorer.js")
_VIS = "lib/vis-9.1.2/vis-network.min.js"


def page(graph: dict[str, Any], title: str, dark: bool | None = None) -> str:
    """The explorer's page.

    Args:
        graph: What `knowledge_graph.explore.embedded` gives, or only the `start`, a label, if the page around this one
            answers for it (see `page/answers.js`).
        dark: Whether it is dark; None leaves that to the reader's own setting.
    """
    own = files("knowledge_graph") / "page"
    data = json.dumps(graph, ensure_ascii=False, separators=(",", ":")).replace(
        "<", "\\u003c"
    )  # ends no script element
    return Template((own / "explorer.html").read_text(encoding="utf8")).substitute(
        title=html.escape(title),
        theme="" if dark is None else f' data-theme="{"dark" if dark else "light"}"',
        style=(own / "explorer.css").read_text(encoding="utf8"),
        graph=data,
        vis=_vis(),
        script="\n".join((own / name).read_text(encoding="utf8") for name in _SCRIPTS),
    )


@cache
def _vis() -> str:
    return (files("pyvis") / _VIS).read_text(encoding="utf8").rpartition("//# sourceMappingURL")[0]


def write_html(graph: KnowledgeGraph, path: Path, entity: str | None, limit: int, title: str) -> int:
    """Write an explorer of what is around an entity, or of the best connected entities.

    Returns:
        How many entities it holds.

    Raises:
        GraftError: The entity is unknown, or the path does not end in .html or cannot be written.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise GraftError(f"the drawing is an HTML page; {path.name} must end in .html")
    start = graph.resolve(entity) if entity else None
    if start:
        labels = list(graph.neighbourhood(start, hops=HOPS, limit=limit))
    else:
        whole = graph.networkx
        labels = sorted(whole, key=lambda node: (-whole.degree(node), node))[:limit]
        start = next((label for label in labels if whole.nodes[label]["kind"] != "value"), None)
    text = page(embedded(graph, labels, start), f"{title}: knowledge graph")
    try:
        path.write_text(text, encoding="utf8", errors="backslashreplace")
    except OSError as error:
        raise GraftError(f"cannot write {path}: {error.strerror}") from None
    return len(labels)
