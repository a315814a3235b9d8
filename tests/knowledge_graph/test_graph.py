"""Looking at the graph: names, neighbours, paths and facts."""

from __future__ import annotations

import pytest

from knowledge_graph import KnowledgeGraph
from knowledge_graph.graph import UnknownEntity
from tests.conftest import MakeCorpus
from tests.knowledge_graph.test_build import BANK


@pytest.fixture
def graph(make_corpus: MakeCorpus) -> KnowledgeGraph:
    return make_corpus(BANK).graph


@pytest.mark.parametrize("name", ["Gold Card", "gold cards", " the GOLD CARD "])
def test_a_name_in_any_spelling(graph: KnowledgeGraph, name: str) -> None:
    assert graph.resolve(name) == "Gold Card"


def test_an_unknown_name_gets_a_suggestion(graph: KnowledgeGraph) -> None:
    with pytest.raises(UnknownEntity, match=r"no entity named 'Golden Card' in the graph; did you mean .*Gold Card"):
        graph.resolve("Golden Card")
    for odd in ("", "%", "'; --", "🙂", "[(*", "x" * 10_000):
        with pytest.raises(UnknownEntity):
            graph.resolve(odd)


def test_search_puts_the_exact_name_first_and_leaves_values_out(graph: KnowledgeGraph) -> None:
    assert graph.search("card desk")[0] == "Card Desk"
    assert {"Gold Card", "Card Desk"} <= set(graph.search("card"))
    assert graph.search("90 euros") == [] and graph.search("zebra") == []
    assert len(graph.search("a", limit=2)) == 2


def test_neighbours(graph: KnowledgeGraph) -> None:
    near = graph.neighbourhood("gold card")
    assert {"Gold Card", "Travel Insurance", "90 euros a year"} <= set(near)
    assert "Harbour Mutual" not in near and "Harbour Mutual" in graph.neighbourhood("Gold Card", hops=2)
    assert len(graph.neighbourhood("Gold Card", hops=3, limit=3)) == 3


def test_a_path_is_a_chain_of_stated_facts(graph: KnowledgeGraph) -> None:
    path = graph.path("Gold Card", "Harbour Mutual")
    assert [(fact.subject, fact.relation, fact.object) for fact in path] == [
        ("Gold Card", "includes", "Travel Insurance"),
        ("Travel Insurance", "handled_by", "Harbour Mutual"),
    ]
    assert [fact.provenance for fact in path] == [("0.md#0",), ("1.md#0",)]
    assert graph.path("Oslo", "Oslo") == []
    back = graph.path("Harbour Mutual", "Gold Card")
    assert [fact.subject for fact in back] == ["Travel Insurance", "Gold Card"]


def test_no_path_between_strangers(make_corpus: MakeCorpus) -> None:
    graph = make_corpus({"Alpha Club": "The Alpha Club is closed.", "Beta Club": "The Beta Club is open."}).graph
    assert graph.path("Alpha Club", "Beta Club") == []


def test_facts_about_a_question_come_from_the_chunks_given(graph: KnowledgeGraph) -> None:
    facts = graph.facts(["0.md#0", "1.md#0"], "What does the gold card cost, with travel insurance?")
    assert (facts[0].subject, facts[0].relation, facts[0].object) == ("Gold Card", "includes", "Travel Insurance")
    assert "costs" in {fact.relation for fact in facts}
    assert graph.facts(["1.md#0"], "gold card") == []
    both = graph.facts(["0.md#0"], "What does the gold card cost, with travel insurance?", ends=2)
    assert [fact.relation for fact in both] == ["includes"]
    assert graph.facts(["0.md#0"], "weather") == [] and graph.facts(["none"], "gold card") == []
