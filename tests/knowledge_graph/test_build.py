"""A graph says only what its chunks say, the same each time, and survives any text."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge_graph.facts import RELATED
from knowledge_graph.graph import key_of_text
from knowledge_graph.store import load_matrix
from tests.conftest import MakeCorpus
from tests.knowledge_graph.films import FILMS
from tests.retrieval.corpora import CHINESE
from tests.retrieval.test_text import HOSTILE

BANK = {
    "Gold Card": "The Gold Card includes Travel Insurance. The Gold Card costs 90 euros a year. Ask the Card Desk.",
    "Travel Insurance": "Travel Insurance is provided by Harbour Mutual. Harbour Mutual is based in Oslo.",
    "Card Desk": "The Card Desk handles Gold Card orders. The Card Desk reports to Maria Silva in Oslo.",
}


def test_the_same_texts_give_the_same_graph(make_corpus: MakeCorpus) -> None:
    one, two = make_corpus(FILMS), make_corpus(FILMS)
    for name in ("nodes", "aliases", "mentions", "edges", "edge_chunks"):
        assert one.store.rows(f"SELECT * FROM {name}") == two.store.rows(f"SELECT * FROM {name}")
    assert (load_matrix(one.folder, one.store) != load_matrix(two.folder, two.store)).nnz == 0


@pytest.mark.parametrize("texts", [FILMS, BANK])
def test_every_fact_is_in_the_chunks_that_it_cites(make_corpus: MakeCorpus, texts: dict[str, str]) -> None:
    corpus = make_corpus(texts)
    whole = corpus.graph.networkx
    text_of = {chunk.id: f" {key_of_text(chunk.text)} " for chunk in corpus.chunks}
    assert whole.number_of_edges() >= 3
    for subject, object_, data in whole.edges(data=True):
        assert data["chunks"]
        for chunk in data["chunks"]:
            for end in (subject, object_):
                assert f" {key_of_text(end)} " in text_of[chunk], (subject, data["relation"], object_, chunk)
    for node, data in whole.nodes(data=True):
        assert all(f" {key_of_text(node)} " in text_of[chunk] for chunk in data["chunks"])


def test_what_the_texts_say_is_in_the_graph(make_corpus: MakeCorpus) -> None:
    corpus = make_corpus(BANK)
    stored = {(u, data["relation"], v) for u, v, data in corpus.graph.networkx.edges(data=True)}
    assert stored >= {
        ("Gold Card", "includes", "Travel Insurance"),
        ("Gold Card", "costs", "90 euros a year"),
        ("Travel Insurance", "handled_by", "Harbour Mutual"),
        ("Harbour Mutual", "works_at", "Oslo"),
        ("Card Desk", "reports_to", "Maria Silva"),
    }
    assert corpus.graph.counts() == {"nodes": len(corpus.graph.networkx), "edges": len(stored)}


def test_facts_of_the_user_are_linked_to_the_texts(make_corpus: MakeCorpus) -> None:
    given = [
        ("Gold Card", "rival_of", "Travel Insurance"),
        ("Harbour Mutual", "founded_in", "1984"),
        ("7", "is", "the"),
    ]
    corpus = make_corpus(BANK, triples=given)
    edges = {(u, data["relation"], v): data["chunks"] for u, v, data in corpus.graph.networkx.edges(data=True)}
    assert edges["Gold Card", "rival_of", "Travel Insurance"] == ["0.md#0"]
    assert edges["Harbour Mutual", "founded_in", "1984"] == []
    assert ("7", "is", "the") in edges


def test_a_typed_fact_replaces_mere_company(make_corpus: MakeCorpus) -> None:
    whole = make_corpus(BANK).graph.networkx
    relations = {data["relation"] for data in whole.get_edge_data("Gold Card", "Travel Insurance").values()}
    assert relations == {"includes"}
    assert not any(
        data["relation"] == RELATED for data in (whole.get_edge_data("Travel Insurance", "Gold Card") or {}).values()
    )


def test_chinese_texts_give_a_graph(make_corpus: MakeCorpus) -> None:
    corpus = make_corpus(CHINESE, "zh", [("手机银行", "支持", "支票")])
    fact = corpus.graph.facts([chunk.id for chunk in corpus.chunks], "手机银行支持什么？")
    assert [(f.subject, f.relation, f.object) for f in fact] == [("手机银行", "支持", "支票")]
    assert len(fact[0].provenance) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_hostile_documents_give_a_graph_all_the_same(make_corpus: MakeCorpus, language: str) -> None:
    names = ("empty", "punctuation", "emoji", "controls", "one word", "digits", "dots", "brackets", "open fence")
    hostile = {f"{name} '\"</script>": HOSTILE[name] + "\nThe Gold Card costs 5 euros." for name in names}
    corpus = make_corpus(hostile, language)
    assert corpus.graph.counts()["nodes"] > 0
    nothing = np.zeros(len(corpus.chunks), dtype=np.float32)
    ranking = corpus.ranker.rank("gold card", np.arange(len(corpus.chunks)), nothing, nothing)
    assert np.isfinite(ranking.total).all()


def test_texts_without_entities_give_an_empty_graph(make_corpus: MakeCorpus) -> None:
    corpus = make_corpus({"": "nothing here is a name.", "?": "nor here."})
    assert corpus.graph.counts() == {"nodes": 0, "edges": 0}
    fused = np.array([0.5, 0.2], dtype=np.float32)
    assert corpus.ranker.rank("Who is it?", np.arange(2), fused, fused).total.tolist() == pytest.approx([0.5, 0.2])
    assert corpus.graph.search("") == [] and corpus.graph.facts([], "x") == []
