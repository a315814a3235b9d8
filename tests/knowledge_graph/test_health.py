"""What a look at a graph finds."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from knowledge_graph.health import health
from knowledge_graph.store import SCHEMA
from knowledge_graph.update import GraphUpdate
from retrieval.document import Document
from retrieval.encoder import Encoder
from retrieval.ingest import Ingest, connect, seal
from retrieval.splitter import split
from retrieval.store import DATABASE, Store
from tests.conftest import MakeCorpus
from tests.knowledge_graph.films import FILMS
from tests.knowledge_graph.test_build import BANK

WARD = {
    "Stroke ward": "Atrial fibrillation (AF) is watched on the ward. Ask Dr Nora Lindqvist, or the Night-Desk.",
    "Lung ward": "The ward treats air flow (AF) troubles. Nora Lindqvist runs the Night Desk.",
    "Heart ward": "Atrial fibrillation (AF) is common. The Night Desk answers, or ask the Commander in Command.",
    "Notes": "and so on, as it was before.",
}


def test_nodes_and_edges_are_counted(make_corpus: MakeCorpus) -> None:
    corpus = make_corpus(BANK)
    found = health(corpus.store)
    assert {"nodes": sum(found.nodes.values()), "edges": sum(found.edges.values())} == corpus.graph.counts()
    assert found.edges["includes"] == 1 and found.nodes["value"] == 1
    assert (found.documents, found.chunks, found.stating) == (3, len(corpus.chunks), 1.0)


@pytest.mark.parametrize("texts", [FILMS, BANK, WARD])
def test_parts_and_isolated_nodes_are_those_of_networkx(make_corpus: MakeCorpus, texts: dict[str, str]) -> None:
    import networkx

    corpus = make_corpus(texts)
    whole = corpus.graph.networkx
    found = health(corpus.store)
    parts = list(networkx.weakly_connected_components(whole))
    assert (found.parts, found.largest) == (len(parts), max(map(len, parts)) / len(whole))
    assert sorted(found.isolated) == sorted(networkx.isolates(whole))


def test_what_its_owner_should_look_at_is_named(make_corpus: MakeCorpus) -> None:
    found = health(make_corpus(WARD).store)
    assert found.ambiguous == {"af": {"atrial fibrillation": 2, "air flow": 1}}
    assert found.doubles == [["Command", "Commander"]]
    assert found.silent == ["3.md"]


def test_what_stands_everywhere_is_named(make_corpus: MakeCorpus) -> None:
    texts = {f"Berth {number}": f"The Harbour Office rents berth {number}." for number in range(12)}
    texts |= {"Pilots": "Ask Ada Byron.", "Tolls": "Ask Ada Byron."}
    everywhere = health(make_corpus(texts).store).everywhere
    assert everywhere["Harbour Office"] == 12 / 14 and "Ada Byron" not in everywhere


def test_an_empty_graph_is_no_trouble(make_corpus: MakeCorpus) -> None:
    found = health(make_corpus({}).store)
    assert (found.nodes, found.edges, found.parts, found.largest, found.stating) == ({}, {}, 0, 0.0, 0.0)


def test_merges_by_likeness_are_to_be_looked_at(tmp_path: Path, encoder: Encoder) -> None:
    texts = (
        "A Bone Marrow Transplant takes a day. After a Bone Marrow Transplantation you rest.",
        "Take Genetic Tests. The Cell Lymphoma grows.",
        "We did Genetic Testing. Two Cell Lymphomas grow.",
        "Ask Dr Ada Lin. Ask Ada Lin.",
    )
    connection = connect(tmp_path / DATABASE, SCHEMA)
    graph = GraphUpdate(connection, "en", encoder.documents)
    ingest = Ingest(connection, graph)
    for at, text in enumerate(texts):
        document = Document(str(at), f"Page {at}", text, "")
        ingest.put(document, split(document))
    graph.settle([])
    seal(connection)
    with closing(Store(tmp_path / DATABASE)) as store:
        found = health(store).uncertain
    assert {found[0].name, found[0].entity} == {
        "Bone Marrow Transplant",
        "Bone Marrow Transplantation",
    }
    assert sorted(merge.evidence for merge in found[1:]) == [merge.evidence for merge in found[1:]] != []
    assert {merge.rule for merge in found} == {"inflection"}
