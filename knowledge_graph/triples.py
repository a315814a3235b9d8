"""Facts in files: rows of CSV and TSV, RDF, and the edges of GraphML and of networkx' JSON."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from knowledge_graph import rdf
from knowledge_graph.facts import RELATED
from retrieval.errors import GraftError
from retrieval.loaders.clean import one_line
from retrieval.loaders.delimited import FACTS

if TYPE_CHECKING:
    from networkx import Graph

Said = tuple[str, str, str]
"""Subject, relation and object of a fact."""
_TABLES = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
_DELIMITERS = ",\t|;"
FORMATS = (*_TABLES, *rdf.FORMATS, ".graphml", ".json")


def read_triples(path: Path) -> list[Said]:
    """The facts of a file, which its ending says how to read, each once and in the file's order.

    A table has three columns, parted as its ending says or by whichever of comma, tab, bar and semicolon makes three of
    its first row; a header `subject,relation,object` is left out. Of RDF see `knowledge_graph.rdf`. An edge of GraphML
    and of networkx' node-link JSON has its relation in `relation`, `label` or `type`, a node its name in `name` or
    `label`, or as its id.

    Raises:
        GraftError: The file cannot be read, its format is unknown, or a fact is not whole.
    """
    suffix = path.suffix.lower()
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise GraftError(f"triples file {path} cannot be read: not a file")
        if suffix in _TABLES:
            found = _table(path, _TABLES[suffix])
        elif suffix in rdf.FORMATS:
            found = rdf.read(path)
        elif suffix == ".graphml":
            found = _edges(_graphml(path))
        elif suffix == ".json":
            found = _edges(_node_link(path))
        else:
            raise GraftError(f"triples file {path}: unknown format {suffix!r}; accepted: {', '.join(FORMATS)}")
    except OSError as error:
        raise GraftError(f"triples file {path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error, ParseError, json.JSONDecodeError) as error:
        raise GraftError(f"triples file {path} cannot be read: {error}") from None
    return list(dict.fromkeys(found))


def _table(path: Path, usual: str) -> list[Said]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = next((line for line in file if line.strip()), "")
        parting = [sign for sign in (usual, *_DELIMITERS) if len(next(csv.reader([first], delimiter=sign), [])) == 3]
        file.seek(0)
        lines = csv.reader(file, delimiter=parting[0] if parting else usual)
        rows = [[one_line(cell) for cell in row] for row in lines if any(cell.strip() for cell in row)]
    if rows and [cell.lower() for cell in rows[0]] == FACTS:
        rows = rows[1:]
    for number, row in enumerate(rows, 1):
        if len(row) != 3 or not all(row):
            raise GraftError(f"{path}: row {number} must hold subject, relation, object, got {','.join(row)!r}")
    return [(row[0], row[1], row[2]) for row in rows]


def _graphml(path: Path) -> Graph:
    import networkx

    try:
        return networkx.read_graphml(path)
    except networkx.NetworkXError as error:
        raise GraftError(f"triples file {path} cannot be read: {error}") from None


def _node_link(path: Path) -> Graph:
    import networkx

    try:
        # an edge leads from its source to its target, whatever the graph says of itself
        told = dict(json.loads(path.read_bytes())) | {"directed": True}
        return networkx.node_link_graph(told, edges="edges" if "edges" in told else "links")
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except (networkx.NetworkXError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise GraftError(f"triples file {path} cannot be read: not a graph in networkx' node-link form") from None


def _edges(graph: Graph) -> list[Said]:
    names = {n: one_line(str(data.get("name") or data.get("label") or n)) for n, data in graph.nodes(data=True)}
    facts = [
        (names[u], one_line(str(data.get("relation") or data.get("label") or data.get("type") or RELATED)), names[v])
        for u, v, data in graph.edges(data=True)
    ]
    for fact in facts:
        if not all(fact):
            raise GraftError(f"an edge must have a relation and ends with names, got {','.join(fact)!r}")
    return facts
