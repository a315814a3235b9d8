"""Entities of which the graph states the same."""

from __future__ import annotations

import pytest

from knowledge_graph import KnowledgeGraph
from knowledge_graph.graph import UnknownEntity
from tests.conftest import MakeCorpus

FACTS = [
    ("Night Ferry", "directed_by", "Mira Solberg"),
    ("Night Ferry", "starring", "Lena Okafor"),
    ("Glass Harbour", "directed_by", "Mira Solberg"),
    ("Glass Harbour", "starring", "Lena Okafor"),
    ("Stone Garden", "starring", "Lena Okafor"),
    ("Stone Garden", "released_in", "1995"),
    ("Paul Reyes", "born_in", "Lima"),
]


@pytest.fixture
def graph(make_corpus: MakeCorpus) -> KnowledgeGraph:
    return make_corpus({"films.md": "# Films\n\nOf the archive.\n"}, triples=FACTS).graph


def test_the_most_alike_comes_first_with_what_both_share(graph: KnowledgeGraph) -> None:
    found = graph.similar("Night Ferry")
    assert [each.name for each in found] == ["Glass Harbour", "Stone Garden"]
    assert found[0].shared == ("directed by Mira Solberg", "starring Lena Okafor")
    assert 1 >= found[0].score > found[1].score > 0
    assert [each.name for each in graph.similar("Night Ferry", 1)] == ["Glass Harbour"]


def test_what_shares_nothing_or_is_a_value_is_like_nothing(graph: KnowledgeGraph) -> None:
    assert graph.similar("Paul Reyes") == graph.similar("1995") == []


def test_the_other_way_round_is_not_the_same(graph: KnowledgeGraph) -> None:
    assert graph.similar("Mira Solberg") == []  # alone directs; Lena Okafor plays


def test_an_unknown_name_is_refused(graph: KnowledgeGraph) -> None:
    with pytest.raises(UnknownEntity, match="no entity named 'Nobody'"):
        graph.similar("Nobody")
