"""The graph as a file that other tools read back."""

from __future__ import annotations

import json
from pathlib import Path

import networkx
import pytest

from knowledge_graph import KnowledgeGraph
from knowledge_graph.draw import write_html
from knowledge_graph.export import FORMATS as WRITTEN
from knowledge_graph.export import write_graph
from knowledge_graph.triples import FORMATS, read_triples
from retrieval.errors import GraftError
from tests.conftest import MakeCorpus
from tests.knowledge_graph.test_build import BANK

EVIL = "</script><img src=x onerror=alert(1)>"
TRIPLES = [('O\'Hara & "Sons" <Ltd>', "uses", "信用卡 & 🙂"), ("href Card", "uses", EVIL)]


@pytest.fixture
def graph(make_corpus: MakeCorpus) -> KnowledgeGraph:
    return make_corpus(BANK, triples=TRIPLES).graph


def test_graphml_is_read_back(graph: KnowledgeGraph, tmp_path: Path) -> None:
    counts = write_graph(graph, tmp_path / "graph.graphml")
    back = networkx.read_graphml(tmp_path / "graph.graphml", force_multigraph=True)
    assert counts == (back.number_of_nodes(), back.number_of_edges()) == tuple(graph.counts().values())
    assert set(back) == set(graph.networkx)
    edges = {(u, data["relation"], v, data["chunks"]) for u, v, data in back.edges(data=True)}
    assert ("Gold Card", "includes", "Travel Insurance", "0.md#0") in edges
    assert back.nodes["Gold Card"]["kind"] == "topic"


def test_json_is_read_back(graph: KnowledgeGraph, tmp_path: Path) -> None:
    write_graph(graph, tmp_path / "graph.json")
    text = (tmp_path / "graph.json").read_text(encoding="utf8")
    back = networkx.node_link_graph(json.loads(text), edges="edges")
    assert set(back.edges(keys=True)) == set(graph.networkx.edges(keys=True)) and "信用卡" in text


@pytest.mark.parametrize("format_", [ending for ending in WRITTEN if ending in FORMATS])
def test_facts_are_read_back_from_every_format(graph: KnowledgeGraph, tmp_path: Path, format_: str) -> None:
    write_graph(graph, tmp_path / f"graph{format_}")
    facts = {(u, data["relation"], v) for u, v, data in graph.networkx.edges(data=True)}
    assert set(read_triples(tmp_path / f"graph{format_}")) == facts


def test_rdf_says_which_chunks_state_a_fact(graph: KnowledgeGraph, tmp_path: Path) -> None:
    rdflib = pytest.importorskip("rdflib")
    write_graph(graph, tmp_path / "graph.ttl")
    back = rdflib.Graph().parse(tmp_path / "graph.ttl")
    query = """PREFIX graft: <urn:graft:> SELECT ?chunk WHERE { ?fact rdf:predicate/rdfs:label "includes";
        rdf:subject/rdfs:label "Gold Card"; graft:stated_in ?chunk }"""
    assert [str(row.chunk) for row in back.query(query)] == ["0.md#0"]


def test_control_characters_do_not_stop_an_export(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    graph = make_corpus(
        {"Gold\x1bCard": "The Gold\x1bCard \x07 costs 5 euros."}, triples=[("A\x00b", "is", "B\x08c")]
    ).graph
    write_graph(graph, tmp_path / "graph.graphml")
    assert len(networkx.read_graphml(tmp_path / "graph.graphml")) == len(graph.networkx)


def test_what_cannot_be_written_is_said(graph: KnowledgeGraph, tmp_path: Path) -> None:
    with pytest.raises(GraftError, match=r"unknown graph format '\.png'; accepted: \.graphml, \.json, \.csv"):
        write_graph(graph, tmp_path / "graph.png")
    for name in ("none/graph.graphml", "none/graph.json"):
        with pytest.raises(GraftError, match=r"cannot write .*No such file"):
            write_graph(graph, tmp_path / name)
    with pytest.raises(GraftError, match="cannot write"):
        write_html(graph, tmp_path / "none" / "graph.html", None, 10, "Bank")
