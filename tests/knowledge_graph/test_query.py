"""openCypher: answers, refusals that can be read, and limits."""

from __future__ import annotations

import json
import threading
import time

import pytest

from knowledge_graph import KnowledgeGraph
from knowledge_graph.query import QueryError, run_cypher, unknown_types
from tests.conftest import MakeCorpus
from tests.knowledge_graph.test_build import BANK

ALL = "MATCH (a)-[r]->(b) RETURN a.name, r.relation, b.name"


@pytest.fixture
def graph(make_corpus: MakeCorpus) -> KnowledgeGraph:
    return make_corpus(BANK, triples=[('O\'Hara "Pub"', "serves", "Gold Card")]).graph


def test_rows_of_a_query(graph: KnowledgeGraph) -> None:
    found = run_cypher(graph, ALL)
    rows = set(zip(*found.values(), strict=True))
    assert ("Gold Card", "includes", "Travel Insurance") in rows and len(rows) == graph.counts()["edges"]
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("quoted", ["'Gold Card'", '"Gold Card"'])
def test_conditions_and_labels(graph: KnowledgeGraph, quoted: str) -> None:
    query = f"match (a)-[r:INCLUDES]->(b) where a.name = {quoted} return b.name limit 5;"
    assert run_cypher(graph, query) == {"b.name": ["Travel Insurance"]}


def test_a_name_with_quotes(graph: KnowledgeGraph) -> None:
    query = 'MATCH (a) WHERE a.name = "O\'Hara \\"Pub\\"" RETURN a.kind'
    assert len(run_cypher(graph, query)["a.kind"]) <= 1
    assert 'O\'Hara "Pub"' in run_cypher(graph, "MATCH (a) RETURN a.name")["a.name"]


@pytest.mark.parametrize(
    "query",
    [
        "CREATE (a)",
        "MATCH (a) SET a.name = 'x' RETURN a.name",
        "MATCH (a) DELETE a",
        "MATCH (a) DETACH DELETE a",
        "MATCH (a) CREATE (b) RETURN b",
        "MATCH (a) MERGE (b) RETURN b",
        "MATCH (a) REMOVE a.name RETURN a",
        "DROP TABLE nodes",
    ],
)
def test_nothing_can_be_written(graph: KnowledgeGraph, query: str) -> None:
    before = run_cypher(graph, ALL)
    with pytest.raises(QueryError):
        run_cypher(graph, query)
    assert run_cypher(graph, ALL) == before


@pytest.mark.parametrize("query", ["", ";", "MATCH", "MATCH (a RETURN a", "MATCH (a) RETURN b", "MATCH (a) 🙂", "who?"])
def test_what_is_not_understood_is_said_in_one_line(graph: KnowledgeGraph, query: str) -> None:
    with pytest.raises(QueryError, match=r"^(the query is not understood: |a query starts with MATCH)") as caught:
        run_cypher(graph, query)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("MATCH (a) RETURN a.name WHERE a.kind = 'name'", "line 1, column 25, at 'WHERE a.kind"),
        ("MATCH (a)\nRETURN a.name LIMIT x", "line 2, column 21, at 'x"),
        ("MATCH (a)-[r]->(b", "it ends too early"),
        ("MATCH (a) RETURN a.name LIMIT", "it ends too early"),
    ],
)
def test_the_place_that_is_not_understood_is_named(graph: KnowledgeGraph, query: str, where: str) -> None:
    with pytest.raises(QueryError) as caught:
        run_cypher(graph, query)
    assert str(caught.value).startswith(f"the query is not understood: {where}")


def test_functions_in_small_letters(graph: KnowledgeGraph) -> None:
    query = "MATCH (a)-[r]->(b) WHERE a.name <> 'count(a)' RETURN count(a)"
    assert run_cypher(graph, query) == {"count(a)": [graph.counts()["edges"]]}


def test_all_matches_are_counted_and_the_rows_limited(graph: KnowledgeGraph) -> None:
    edges = graph.counts()["edges"]
    query = "MATCH (a)-[r]->(b) RETURN COUNT(r) AS n"
    assert edges > 2
    assert run_cypher(graph, query, rows=2) == run_cypher(graph, f"{query} LIMIT 1") == {"n": [edges]}
    of_kinds = run_cypher(graph, "MATCH (a)-[r]->(b) RETURN a.kind, COUNT(r)")
    assert sum(of_kinds["COUNT(r)"]) == edges
    second = run_cypher(graph, "MATCH (a)-[r]->(b) RETURN a.kind, COUNT(r) SKIP 1 LIMIT 1")
    assert second == {name: values[1:2] for name, values in of_kinds.items()}


def test_comments_and_misplaced_limits_do_not_change_a_count(graph: KnowledgeGraph) -> None:
    edges = graph.counts()["edges"]
    query = "MATCH (a)-[r]->(b) WHERE a.name <> '// LIMIT' RETURN COUNT(r)"
    for comment in ("// LIMIT 2", "LIMIT 1 // the first", "/* LIMIT 1 */"):
        assert run_cypher(graph, f"{query} {comment}") == {"COUNT(r)": [edges]}
    with pytest.raises(QueryError, match="SKIP and LIMIT, in this order, stand at the end"):
        run_cypher(graph, f"{query} LIMIT 1 SKIP 1")


def test_a_flood_of_spaces_takes_no_time(graph: KnowledgeGraph) -> None:
    begin = time.monotonic()
    run_cypher(graph, "MATCH (a) RETURN" + " " * 20_000 + "a.name" + " " * 20_000 + "LIMIT 1")
    assert time.monotonic() - begin < 5


def test_columns_come_in_the_order_asked_for(graph: KnowledgeGraph) -> None:
    query = "MATCH (a)-[r]->(b) RETURN COUNT(r) AS n, a.kind, COUNT(b) ORDER BY n LIMIT 2"
    assert list(run_cypher(graph, query)) == ["n", "a.kind", "COUNT(b)"]


def test_types_that_the_graph_does_not_have(graph: KnowledgeGraph) -> None:
    named = unknown_types(graph, "MATCH (a:Person)-[:INCLUDES|NOPE]->(b:Person {name: '(x:Y'}) RETURN a")
    assert named == "the graph has no kind of node and no relation named Person or NOPE"
    assert unknown_types(graph, "MATCH (a:Name)-[r:INCLUDES]->(b) RETURN a") == ""


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("MATCH (a) RETURN DISTINCT a.chunks", "DISTINCT of a list, a node or a relation is not supported"),
        ("MATCH (a)-[r]->(b) RETURN DISTINCT r", "DISTINCT of a list, a node or a relation is not supported"),
        ("MATCH (a)-[r]->(b) RETURN r ORDER BY r", "ORDER BY a node or a relation is not supported"),
        ("MATCH (a) RETURN a ORDER BY a", "ORDER BY a node or a relation is not supported"),
        ("MATCH (a)-[r]-(b) RETURN a.name", "an edge has a direction: write -\\[r\\]-> or <-\\[r\\]-"),
        ("MATCH (a)--(b)-->(c) RETURN a.name", "an edge has a direction"),
        ("MATCH (a)<-[*1..3]->(b) RETURN a.name", "the query is not understood: Bidirectional edge does not support"),
        ("MATCH (a) RETURN a.name LIMIT -1", "LIMIT takes a whole number from 0"),
        ("MATCH (a) RETURN a.name skip -1 LIMIT 2", "SKIP takes a whole number from 0"),
        ("MATCH (a) RETURN a.name LIMIT 1.5", "LIMIT takes a whole number from 0"),
    ],
)
def test_what_is_not_supported_is_named(graph: KnowledgeGraph, query: str, reason: str) -> None:
    with pytest.raises(QueryError, match=f"^{reason}[^\\n]*$"):
        run_cypher(graph, query)


def test_a_name_that_reads_like_a_limit(graph: KnowledgeGraph) -> None:
    assert run_cypher(graph, 'MATCH (a) WHERE a.name = "No LIMIT -1" RETURN a.name') == {"a.name": []}


def test_rows_are_limited(graph: KnowledgeGraph) -> None:
    assert len(run_cypher(graph, ALL, rows=2)["a.name"]) == 2
    assert len(run_cypher(graph, f"{ALL} LIMIT 100000", rows=3)["a.name"]) == 3
    assert run_cypher(graph, "MATCH (a) RETURN a.name LIMIT 0") == {"a.name": []}


def test_a_query_without_end_is_stopped(graph: KnowledgeGraph) -> None:
    begun = time.perf_counter()
    pairs = " ".join(f"MATCH (a{n})-[]->(b{n})" for n in range(9))
    with pytest.raises(QueryError, match=r"longer than 0\.3 seconds; make it more specific"):
        run_cypher(graph, f'{pairs} WHERE a0.name = "nobody" RETURN a8.name', seconds=0.3)
    assert time.perf_counter() - begun < 3
    while any(thread.name == "cypher" for thread in threading.enumerate()):
        assert time.perf_counter() - begun < 10, "the query computes on for nobody"
        time.sleep(0.01)
