"""Facts in files: what is read, what it is called, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from knowledge_graph.triples import read_triples
from retrieval.errors import GraftError

SPACE = """
@prefix ex: <http://example.org/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
ex:Planet a owl:Class ; rdfs:label "planet" .
ex:Q111 a ex:Planet ; rdfs:label "Mars"@en, "火星"@zh ; skos:altLabel "Red Planet" ; rdfs:comment "It is red." ;
    ex:hasMoon ex:Phobos ; ex:meanRadiusKm 3389.5 .
ex:Phobos ex:discovered_by ex:Asaph_Hall ; ex:seenFrom [ ex:named "nothing" ] .
"""


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf8")
    return folder / name


def test_tables_take_a_header_a_bom_and_blank_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "facts.csv", '\ufeffSubject,Relation,Object\n\n a , b ,"c, d"\na,b,"c, d"\n')
    assert read_triples(path) == [("a", "b", "c, d")]
    assert read_triples(written(tmp_path, "facts.tsv", "a\tb\tc, d\n")) == [("a", "b", "c, d")]


@pytest.mark.parametrize("name", ["facts.txt", "facts.csv", "facts.tsv"])
def test_tables_may_be_parted_by_other_signs(tmp_path: Path, name: str) -> None:
    text = "subject|relation|object\nNight, and Day|directed_by|Mira Solberg\n"
    assert read_triples(written(tmp_path, name, text)) == [("Night, and Day", "directed_by", "Mira Solberg")]
    assert read_triples(written(tmp_path, name, "a;b;c\n")) == [("a", "b", "c")]


def test_tables_lose_control_characters(tmp_path: Path) -> None:
    path = written(tmp_path, "facts.csv", '\x1b[2JAda,knows,"No\nra"\n')
    assert read_triples(path) == [("[2JAda", "knows", "No ra")]


def test_rdf_is_told_in_the_words_of_its_labels(tmp_path: Path) -> None:
    pytest.importorskip("rdflib")
    assert read_triples(written(tmp_path, "space.ttl", SPACE)) == [
        ("Mars", "also_known_as", "Red Planet"),
        ("Mars", "has_moon", "Phobos"),
        ("Mars", "is_a", "planet"),
        ("Mars", "mean_radius_km", "3389.5"),
        ("Phobos", "discovered_by", "Asaph Hall"),
    ]


def test_json_ld_brings_its_own_context(tmp_path: Path) -> None:
    pytest.importorskip("rdflib")
    mars = {"@id": "ex:Mars", "ex:orbits": {"@id": "ex:Sun"}}
    whole = {"@context": {"ex": "http://example.org/"}, **mars}
    assert read_triples(written(tmp_path, "a.jsonld", json.dumps(whole))) == [("Mars", "orbits", "Sun")]
    for context in ("https://example.org/context.jsonld", ["https://example.org/context.jsonld", {}]):
        path = written(tmp_path, "b.jsonld", json.dumps([{"@context": context, **mars}]))
        with pytest.raises(GraftError, match="names a context on the network; put the context into the file"):
            read_triples(path)


def test_an_edge_of_json_leads_from_source_to_target(tmp_path: Path) -> None:
    nodes, edge = [{"id": 2, "label": "Bo"}, {"id": 1, "label": "Ann"}], {"source": 1, "target": 2, "relation": "knows"}
    for edges in ("edges", "links"):
        (tmp_path / "graph.json").write_text(json.dumps({"nodes": nodes, edges: [edge]}))
        assert read_triples(tmp_path / "graph.json") == [("Ann", "knows", "Bo")]


def test_graphml_of_other_tools(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "graph.graphml",
        """<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
        <key id="l" for="node" attr.name="label" attr.type="string"/>
        <key id="r" for="edge" attr.name="label" attr.type="string"/>
        <graph edgedefault="directed"><node id="n0"><data key="l">Mars</data></node><node id="Sun"/>
        <edge source="n0" target="Sun"><data key="r">orbits</data></edge><edge source="Sun" target="n0"/></graph>
        </graphml>""",
    )
    assert read_triples(path) == [("Mars", "orbits", "Sun"), ("Sun", "related_to", "Mars")]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("facts.xlsx", "a,b,c", r"unknown format '\.xlsx'; accepted: \.csv, \.tsv, \.txt, \.ttl"),
        ("facts.csv", "a,b\n", "row 1 must hold subject, relation, object, got 'a,b'"),
        ("facts.graphml", "<graphml>", "cannot be read: "),
        (
            "facts.json",
            '{"nodes": [{"id": " "}, {"id": 1}], "links": [{"source": " ", "target": 1}]}',
            "an edge must have",
        ),
        ("facts.json", "{", "cannot be read: Expecting property name"),
        ("facts.json", "[1]", "cannot be read: not a graph in networkx' node-link form"),
        ("facts.json", '{"nodes": [{"id": 1}], "edges": [{"source": 1}]}', "not a graph in networkx' node-link form"),
        ("facts.ttl", "ex:a ex:b", "cannot be read: "),
        ("facts.jsonld", "[" * 100_000, "cannot be read: "),
        ("facts.rdf", "<rdf>", "cannot be read: "),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, name: str, text: str, reason: str) -> None:
    with pytest.raises(GraftError, match=reason) as caught:
        read_triples(written(tmp_path, name, text))
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "facts.csv")
    with pytest.raises(GraftError, match="not a file"):
        read_triples(tmp_path / "facts.csv")
