"""A bot's graph as LangChain tools and as a retriever."""

from __future__ import annotations

import pytest

from chatbot import bots
from chatbot.bot import Bot
from chatbot.build import build
from chatbot.langchain_graph import GraphRetriever, graph_tools
from chatbot.scaffold import scaffold_facts
from retrieval.encoder import Encoder

FACTS = [
    ("Night Ferry", "directed_by", "Mira Solberg"),
    ("Glass Harbour", "directed_by", "Mira Solberg"),
    ("Mira Solberg", "place of birth", "Bergen"),
]


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Bot:
    folder = tmp_path_factory.mktemp("facts") / "films"
    scaffold_facts(folder, FACTS)
    source = bots.find(str(folder))
    build(source, encoder=encoder)
    return Bot.open(source, encoder)


def test_facts_of_a_file_are_the_graph_and_no_more(bot: Bot) -> None:
    edges = {(u, data["relation"], v) for u, v, data in bot.graph.networkx.edges(data=True)}
    assert edges == set(FACTS)


def test_the_retriever_gives_the_passages_that_state_the_answer(bot: Bot) -> None:
    found = GraphRetriever(bot=bot).invoke("Where was the director of Night Ferry born?")
    assert found and all(document.metadata["answers"] == ["Bergen"] for document in found)
    assert {tuple(fact) for document in found for fact in document.metadata["facts"]} == {FACTS[0], FACTS[2]}
    assert any("Bergen" in document.page_content for document in found)
    assert GraphRetriever(bot=bot).invoke("How deep is the sea?") == []


def test_an_agent_asks_walks_and_queries(bot: Bot) -> None:
    tools = {tool.name: tool for tool in graph_tools(bot)}
    assert tools["ask_graph"].invoke({"question": "Who directed Glass Harbour?"}).startswith("Answer: Mira Solberg\n")
    assert "No answer" in tools["ask_graph"].invoke({"question": "Who paid for Glass Harbour?"})
    assert tools["graph_neighbours"].invoke({"entity": "Bergen"}) == "Mira Solberg — place of birth → Bergen"
    assert tools["graph_path"].invoke({"start": "Night Ferry", "end": "Bergen"}).count("\n") == 1
    rows = tools["graph_query"].invoke({"cypher": "MATCH (a)-[:PLACE_OF_BIRTH]->(b) RETURN a.name, b.name"})
    assert rows == "a.name\tb.name\nMira Solberg\tBergen"


def test_what_goes_wrong_is_told_to_the_agent(bot: Bot) -> None:
    tools = {tool.name: tool for tool in graph_tools(bot)}
    assert "no entity named 'Nobody'" in tools["graph_neighbours"].invoke({"entity": "Nobody"})
    assert "MATCH" in tools["graph_query"].invoke({"cypher": "DROP everything"})
