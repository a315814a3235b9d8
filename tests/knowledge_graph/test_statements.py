"""A fact leads back to the sentences that state it."""

from __future__ import annotations

from knowledge_graph.facts import RELATED, Triple
from knowledge_graph.statements import Statement, Statements
from tests.conftest import Corpus, MakeCorpus

SHOP = {
    "Gold Card": (
        "The Gold Card and Travel Insurance are popular. Ask in Oslo. The Gold Cards include Travel Insurance. "
        "The Gold Card costs 9 euros, 99 euros with a partner card. Nora Lind runs it. Oslo is far."
    ),
    "Fees": "| Card | Yearly fee |\n|---|---|\n| Gold Card | 1 |\n| Onyx Card, black | 12 |\n",
    "卡": "| 卡 | 年费 |\n|---|---|\n| 澄江金卡 | 免费 |\n\n澄江金卡由客户服务中心办理。客户服务中心在澄江金卡部。",
}
GIVEN = [("Nora Lind", "born_in", "Oslo"), ("Nora Lind", "sister_of", "Ada Lind")]


def told(corpus: Corpus, subject: str, relation: str, object_: str) -> list[Statement]:
    """What states an edge of the graph."""
    whole = corpus.graph.networkx
    for data in whole.get_edge_data(subject, object_).values():
        if data["relation"] == relation:
            fact = Triple(whole.nodes[subject]["key"], relation, whole.nodes[object_]["key"])
            return Statements(corpus.store).of(fact, data["chunks"])
    raise AssertionError(f"no such edge: {subject} {relation} {object_}")


def marked(statement: Statement) -> list[str]:
    return [statement.text[start:end] for start, end in statement.marks]


def test_a_fact_has_the_sentence_that_states_it_not_one_that_names_its_ends(make_corpus: MakeCorpus) -> None:
    corpus = make_corpus(SHOP)
    (statement,) = told(corpus, "Gold Card", "includes", "Travel Insurance")
    assert statement.text == "The Gold Cards include Travel Insurance."
    assert marked(statement) == ["Gold Cards", "Travel Insurance"]
    assert (statement.document, statement.chunk, statement.whole) == ("Gold Card", "0.md#0", True)


def test_a_value_is_not_found_in_a_longer_one(make_corpus: MakeCorpus) -> None:
    (statement,) = told(make_corpus(SHOP), "Gold Card", "costs", "9 euros")
    assert marked(statement) == ["Gold Card", "9 euros"]


def test_a_fact_of_a_table_has_its_row(make_corpus: MakeCorpus) -> None:
    corpus = make_corpus(SHOP)
    (statement,) = told(corpus, "Onyx Card, black", "yearly_fee", "12")
    assert statement.text == "| Onyx Card, black | 12 |" and marked(statement) == ["Onyx Card, black", "12"]
    assert marked(told(corpus, "Gold Card", "yearly_fee", "1")[0])[-1] == "1"


def test_a_fact_that_was_brought_has_what_names_its_ends(make_corpus: MakeCorpus) -> None:
    corpus = make_corpus(SHOP, triples=GIVEN)
    halves = told(corpus, "Nora Lind", "born_in", "Oslo")
    assert [(half.text, half.whole) for half in halves] == [("Ask in Oslo.", False), ("Nora Lind runs it.", False)]
    assert told(corpus, "Nora Lind", "sister_of", "Ada Lind") == []


def test_every_edge_leads_to_a_sentence_with_both_ends(make_corpus: MakeCorpus) -> None:
    for corpus in (make_corpus(SHOP), make_corpus(SHOP, language="zh")):
        whole = corpus.graph.networkx
        for u, v, data in whole.edges(data=True):
            found = Statements(corpus.store).of(
                Triple(whole.nodes[u]["key"], data["relation"], whole.nodes[v]["key"]), data["chunks"]
            )
            assert found and all(statement.whole for statement in found), (u, data["relation"], v)
            assert len(found) <= 3
        assert {data["relation"] for *_, data in whole.edges(data=True)} > {RELATED}
