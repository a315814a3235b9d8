"""The explorer's page is safe and needs no network, and what it asks is answered from the graph."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from knowledge_graph import KnowledgeGraph
from knowledge_graph.draw import page, write_html
from knowledge_graph.explore import CORE, Explorer
from knowledge_graph.facts import RELATED
from knowledge_graph.graph import UnknownEntity
from retrieval.errors import GraftError
from tests.conftest import MakeCorpus
from tests.knowledge_graph.test_build import BANK

EVIL = "</script><img src=x onerror=alert(1)>"
TRIPLES = [
    ('O\'Hara & "Sons" <Ltd>', "uses", "信用卡 & 🙂"),
    ("href Card", "uses", EVIL),
    ("$graph Card", "is", "${vis}"),
]


@pytest.fixture
def graph(make_corpus: MakeCorpus) -> KnowledgeGraph:
    texts = {**BANK, f"Gold Card {EVIL}": f"The Gold Card {EVIL} includes Travel Insurance <!--<script>."}
    return make_corpus(texts, triples=TRIPLES).graph


class _Elements(HTMLParser):
    """What a page is made of: the tags in order, and the data that it holds as JSON."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.data = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == ("script", {"type": "application/json", "id": "graph"}):
            self.data += data


def written(graph: KnowledgeGraph, folder: Path, entity: str | None = None, limit: int = 100) -> tuple[int, _Elements]:
    count = write_html(graph, folder / "graph.html", entity, limit, f"Bank {EVIL}")
    return count, _Elements((folder / "graph.html").read_text(encoding="utf8"))


def test_names_titles_and_sentences_cannot_break_the_page(graph: KnowledgeGraph, tmp_path: Path) -> None:
    count, elements = written(graph, tmp_path)
    plain = _Elements(page({"start": None}, "Bank"))
    assert [tag for tag, _ in elements.tags] == [tag for tag, _ in plain.tags]  # nothing of the graph became an element
    held = json.loads(elements.data)
    assert count == graph.counts()["nodes"] == len(held["nodes"])
    assert {node["id"] for node in held["nodes"]} == set(graph.networkx)
    assert any(EVIL in statement["text"] for edge in held["edges"] for statement in edge["statements"])
    framed = _Elements(page({"start": EVIL}, EVIL, dark=True))
    assert json.loads(framed.data) == {"start": EVIL} and framed.tags[0] == (
        "html",
        {"lang": "en", "data-theme": "dark"},
    )


def test_the_page_loads_nothing(graph: KnowledgeGraph, tmp_path: Path) -> None:
    _, elements = written(graph, tmp_path)
    assert not [
        tag for tag, attributes in elements.tags if {"src", "href", "srcset"} & attributes.keys() or tag == "link"
    ]
    text = (tmp_path / "graph.html").read_text(encoding="utf8")
    assert not re.search(r"@import|url\(\s*[\"']?https?:|sourceMappingURL", text)


def test_the_page_never_makes_html_of_text() -> None:
    scripts = [
        path.read_text(encoding="utf8") for path in (Path(__file__).parents[2] / "knowledge_graph/page").glob("*.js")
    ]
    assert len(scripts) == 4
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", "".join(scripts))


def test_a_file_holds_what_is_around_an_entity_with_the_sentences(graph: KnowledgeGraph, tmp_path: Path) -> None:
    count, elements = written(graph, tmp_path, "gold cards", 4)
    held = json.loads(elements.data)
    assert count == 4 == len(held["nodes"]) and held["start"] == "Gold Card"
    stated = next(edge for edge in held["edges"] if edge["relation"] == "includes")
    assert "The Gold Card includes Travel Insurance." in [told["text"] for told in stated["statements"]]
    ends = {edge[end] for edge in held["edges"] for end in ("from", "to")}
    members = {label for area in held["areas"] for label in area["members"]}
    assert ends | members <= {node["id"] for node in held["nodes"]}
    with pytest.raises(UnknownEntity):
        write_html(graph, tmp_path / "other.html", "zebra", 4, "Bank")
    assert not (tmp_path / "other.html").exists()


def test_an_entity_is_drawn_step_by_step(graph: KnowledgeGraph) -> None:
    explorer = Explorer(graph)
    first = explorer.answer("around", ["gold card", [], 2])
    names = [node["id"] for node in first["nodes"]]
    assert first["centre"] == names[0] == "Gold Card" and names[1:] == graph.neighbours("Gold Card")[:2]
    assert first["more"] == len(graph.neighbours("Gold Card")) - 2 > 0
    relations = [fact["relation"] for fact in first["facts"]]
    assert relations == sorted(relations, key=lambda relation: relation == RELATED) and "includes" in relations
    then = explorer.answer("around", ["Gold Card", [*names, "unknown", 7], 2])
    assert not {node["id"] for node in then["nodes"][1:]} & set(names) and then["more"] == first["more"] - 2
    drawn = {edge["id"] for edge in (*first["edges"], *then["edges"])}
    around = graph.networkx.subgraph([*names, *(node["id"] for node in then["nodes"])])
    assert drawn == {key for *_, key in around.edges(keys=True)}


def test_a_path_is_told_in_order_and_an_edge_with_its_sentence(graph: KnowledgeGraph) -> None:
    explorer = Explorer(graph)
    told = explorer.answer("path", ["Gold Card", "Harbour Mutual"])
    assert [edge["relation"] for edge in told["chain"]] == ["includes", "handled_by"]
    assert [node["id"] for node in told["nodes"]] == ["Gold Card", "Travel Insurance", "Harbour Mutual"]
    last = told["chain"][-1]
    (statement,) = explorer.answer("edge", [last["id"], last["from"], last["to"]])["statements"]
    assert statement["text"] == "Travel Insurance is provided by Harbour Mutual."
    assert explorer.answer("path", ["Gold Card", "graph Card"])["chain"] == []


def test_an_area_is_drawn_from_its_core(graph: KnowledgeGraph) -> None:
    explorer = Explorer(graph)
    for number, area in enumerate(explorer.answer("areas", [])):
        drawn = [node["id"] for node in explorer.answer("area", [number])["nodes"]]
        assert drawn == list(graph.communities[number].members[:CORE]) and len(drawn) <= area["size"]


@pytest.mark.parametrize(
    ("what", "given"),
    [
        ("answer", ["areas", []]),
        ("around", ["Gold Card"]),
        ("around", ["Gold Card", 5, 2]),
        ("area", [10_000]),
        ("area", ["0"]),
        ("edge", [10_000, "Gold Card", "Travel Insurance"]),
        ("edge", [1, "Gold Card", "Nobody"]),
        ("search", [None]),
        ("path", [None, {}]),
        ([], []),
        ("areas", 5),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(graph: KnowledgeGraph, what: Any, given: Any) -> None:
    with pytest.raises(GraftError, match=r"the graph has changed|no entity named"):
        Explorer(graph).answer(what, given)
