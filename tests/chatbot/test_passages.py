"""Passages reranked by their most telling unit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.reranker.runtime import Reranker
from chatbot.bot import Bot
from chatbot.passages import JUDGED, rerank_passages
from retrieval.document import Passage

QUESTION = "What does a replacement card cost?"


@pytest.fixture(scope="module")
def reranker() -> Reranker:
    return Reranker.load()


@pytest.fixture
def passages(northwind: Bot) -> list[Passage]:
    return northwind.searcher.search(QUESTION, 10).passages


def test_of_passages_found_alike_the_one_that_answers_comes_first(
    northwind: Bot, reranker: Reranker, passages: list[Passage]
) -> None:
    assert len(passages) > 2 and "9 euros" in passages[0].chunk.text
    alike = [replace(passage, score=1.0) for passage in reversed(passages)]
    judged = rerank_passages(QUESTION, alike, northwind.index, reranker)
    assert "9 euros" in judged[0].chunk.text
    assert [p.score for p in judged] == sorted((p.score for p in judged), reverse=True)
    assert {p.chunk.id for p in judged} == {p.chunk.id for p in passages}
    assert judged[0].why["rerank"] == max(p.why["rerank"] for p in judged)
    assert passages[0].why.items() <= judged[0].why.items()


def test_what_retrieval_is_sure_of_stays_first(northwind: Bot, reranker: Reranker, passages: list[Passage]) -> None:
    last = [replace(passages[-1], score=100.0), *passages[:-1]]
    assert rerank_passages(QUESTION, last, northwind.index, reranker)[0].chunk.id == passages[-1].chunk.id


def test_passages_behind_those_judged_stay_there(northwind: Bot, reranker: Reranker, passages: list[Passage]) -> None:
    many = [replace(passages[0], score=2.0)] * JUDGED + passages[1:]
    assert rerank_passages(QUESTION, many, northwind.index, reranker)[JUDGED:] == passages[1:]
    assert rerank_passages(QUESTION, [], northwind.index, reranker) == []


def test_passages_that_retrieval_gives_no_score_are_judged_alone(
    northwind: Bot, reranker: Reranker, passages: list[Passage]
) -> None:
    unknown = [replace(passage, score=0.0) for passage in reversed(passages)]
    assert "9 euros" in rerank_passages(QUESTION, unknown, northwind.index, reranker)[0].chunk.text
