"""openCypher over the graph, through grand-cypher, within limits of time and size."""

from __future__ import annotations

import ctypes
import re
import threading
from typing import Any

from knowledge_graph.graph import KnowledgeGraph, edge_type
from retrieval.errors import GraftError

SECONDS = 20.0
ROWS = 1_000
_NO_COUNT = re.compile(r"\b(LIMIT|SKIP)\s+(-\d|\d*\.\d)", re.IGNORECASE)
_AGGREGATE = re.compile(r"\b(count|sum|avg|min|max|collect)(?=\s*\()", re.IGNORECASE)
_PAGE = re.compile(r"(?:\s+SKIP\s+(\d+))?(?:\s+LIMIT\s+(\d+))?\s*$", re.IGNORECASE)
_RETURNED = re.compile(r"\bRETURN\s+(?:DISTINCT\s+)?(.*?)(?:\s+ORDER\s+BY\b.*)?$", re.IGNORECASE | re.DOTALL)
_EDGE = re.compile(r"\)\s*(<?-(?:\[[^\]]*\])?->?)\s*\(")
_PAGES = re.compile(r"\b(?:SKIP|LIMIT)\b", re.IGNORECASE)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
LONGEST_PAGE = 80
"""Characters at the end of a query that its SKIP and LIMIT may take."""
_TYPES = re.compile(r"[(\[]\s*\w*\s*:\s*([\w`|: ]+)")
_COMMA = re.compile(r",(?![^(]*\))")
"""Between two columns, not between the arguments of a function."""
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')


class QueryError(GraftError):
    """A query that cannot be parsed, asks for too much, or takes too long."""


def run_cypher(graph: KnowledgeGraph, cypher: str, seconds: float = SECONDS, rows: int = ROWS) -> dict[str, list[Any]]:
    """Run a read-only query.

    Args:
        rows: Most rows returned; a query without LIMIT gets this one.

    Returns:
        Values by column, all of one length.

    Raises:
        QueryError: The query is not understood, would write, or ran out of time.
    """
    from grandcypher import GrandCypher

    wanted = _upper_aggregates(_QUOTED.sub(_double_quoted, _without_comments(cypher).strip().rstrip(";")))
    if not wanted.upper().startswith("MATCH"):
        raise QueryError(
            "a query starts with MATCH, for example: MATCH (a)-[r]->(b) RETURN a.name, r.relation, b.name LIMIT 10"
        )
    unquoted = _QUOTED.sub('""', wanted)
    if wrong := _NO_COUNT.search(unquoted):
        raise QueryError(
            f"{wrong[1].upper()} takes a whole number from 0; a negative number or a fraction is not supported"
        )
    if any("<" not in edge and ">" not in edge for edge in _EDGE.findall(unquoted)):
        raise QueryError("an edge has a direction: write -[r]-> or <-[r]-")  # grand-cypher would want both at once
    paged = _page(wanted)
    skip, most = int(paged[1] or 0), min(int(paged[2] or rows), rows)
    if _AGGREGATE.search(unquoted):  # grand-cypher would aggregate over the first matches alone
        run_as, page = wanted[: paged.start()], slice(skip, skip + most)
        if _PAGES.search(_QUOTED.sub('""', run_as)):
            raise QueryError("SKIP and LIMIT, in this order, stand at the end of a query")
    else:
        run_as, page = wanted if paged[2] else f"{wanted} LIMIT {rows}", slice(0, most)
    outcome: dict[str, Any] = {}
    ending = threading.Lock()

    def run() -> None:
        try:
            columns = GrandCypher(graph.networkx).run(run_as)
            with ending:
                outcome["columns"] = columns
        except (Exception, SystemExit) as error:
            outcome["error"] = error

    thread = threading.Thread(target=run, daemon=True, name="cypher")
    thread.start()
    thread.join(seconds)
    with ending:
        late = not outcome and thread.is_alive()
        if late:
            _stop(thread)
    if late:
        raise QueryError(f"the query took longer than {seconds:g} seconds; make it more specific or add LIMIT")
    if "error" in outcome:
        raise QueryError(_explained(outcome["error"], wanted))
    columns = {
        name: [_plain(value) for value in list(values)[page]]
        for name, values in _as_asked(outcome["columns"], cypher).items()
    }
    if len({len(values) for values in columns.values()}) > 1:
        raise QueryError("the query is not understood: its columns have different lengths")
    return columns


def _stop(thread: threading.Thread) -> None:
    """Have a thread that runs Python code end itself; it would compute on for nobody."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))


def unknown_types(graph: KnowledgeGraph, cypher: str) -> str:
    """Says which kinds of nodes and types of edges a query names and the graph does not have; empty if it has all."""
    of_nodes = {kind.capitalize() for _, kind in graph.networkx.nodes(data="kind")}
    of_edges = {edge_type(relation) for *_, relation in graph.networkx.edges(data="relation")}
    named = re.findall(r"\w+", " ".join(_TYPES.findall(_QUOTED.sub('""', cypher))))
    unknown = [name for name in dict.fromkeys(named) if name not in of_nodes | of_edges]
    return f"the graph has no kind of node and no relation named {' or '.join(unknown)}" if unknown else ""


def _upper_aggregates(query: str) -> str:
    """Names of functions in capitals, the only way grand-cypher takes them."""
    parts = re.split(f"({_QUOTED.pattern})", query)
    return "".join(part if at % 2 else _AGGREGATE.sub(lambda m: m[1].upper(), part) for at, part in enumerate(parts))


def _as_asked(columns: dict[Any, Any], cypher: str) -> dict[str, Any]:
    """Columns in the order and by the names in which a query asks for them."""
    flat = " ".join(_without_comments(cypher).strip().rstrip(";").split())
    asked = _RETURNED.search(flat[: _page(flat).start()])
    items = [item.strip() for item in _COMMA.split(asked[1])] if asked else []
    names = [re.split(r"\sAS\s", item, flags=re.IGNORECASE)[-1].strip() for item in items]
    found = {_folded(str(name)): values for name, values in columns.items()}
    if sorted(map(_folded, names)) != sorted(found):
        return {str(name): values for name, values in columns.items()}
    return {name: found[_folded(name)] for name in names}


def _page(query: str) -> re.Match[str]:
    """How many rows a query skips and how many it takes, at its end; the match may be empty."""
    found = _PAGE.search(query, max(0, len(query) - LONGEST_PAGE))
    assert found
    return found


def _without_comments(query: str) -> str:
    """The query with comments blanked out, places kept."""
    parts = re.split(f"({_QUOTED.pattern})", query)
    return "".join(part if at % 2 else _COMMENT.sub(_blank, part) for at, part in enumerate(parts))


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def _folded(name: str) -> str:
    return re.sub(r"\s", "", name).casefold()


def _explained(error: Exception, query: str) -> str:
    from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken, VisitError

    if isinstance(error, VisitError):
        error = error.orig_exc

    if isinstance(error, (UnexpectedCharacters, UnexpectedToken, UnexpectedEOF)):
        at = error.pos_in_stream
        if at is None or at < 0 or not (rest := query[at:].strip().split("\n")[0][:40]):
            return "the query is not understood: it ends too early"
        return f"the query is not understood: line {error.line}, column {error.column}, at {rest!r}"
    reason = str(error).strip().split("\n")[0][:200]
    if isinstance(error, TypeError) and reason.startswith("unhashable"):
        return "DISTINCT of a list, a node or a relation is not supported; name a plain value, for example a.name"
    if isinstance(error, TypeError) and reason.startswith("'<' not supported"):
        return "ORDER BY a node or a relation is not supported; name a plain value, for example a.name"
    return f"the query is not understood: {reason}"


def _double_quoted(match: re.Match[str]) -> str:
    """A string in single quotes, which openCypher allows and grand-cypher does not."""
    text = match.group()
    return text if text[0] == '"' else '"' + text[1:-1].replace('"', '\\"') + '"'


def _plain(value: Any) -> Any:
    """A value as JSON can say it; of several parallel edges' values, the list of them."""
    if isinstance(value, dict):
        if value and all(isinstance(key, (tuple, int)) for key in value):
            inner = [_plain(item) for item in value.values()]
            return inner[0] if len(inner) == 1 else inner
        return {str(key): _plain(item) for key, item in value.items() if key != "__labels__"}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
