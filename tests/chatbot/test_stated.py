"""Facts that the user brought, answered in the chat."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot import bots
from chatbot.bot import Bot
from chatbot.build import build
from chatbot.explain import explain
from chatbot.scaffold import scaffold_facts
from retrieval.encoder import Encoder
from retrieval.scope import Scope
from tests.chatbot.small_bot import write_bot

FACTS = [
    ("Jupiter", "has_moon", "Io"),
    ("Jupiter", "has_moon", "Europa"),
    ("Jupiter", "has_moon", "Ganymede"),
    ("Saturn", "has_moon", "Titan"),
    ("Titan", "discovered_by", "Christiaan Huygens"),
]


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Bot:
    folder = tmp_path_factory.mktemp("facts") / "sky"
    scaffold_facts(folder, FACTS)
    source = bots.find(str(folder))
    build(source, encoder=encoder)
    return Bot.open(source, encoder)


def test_all_facts_that_answer_are_told_each_with_its_citation(sky: Bot) -> None:
    reply = sky.ask("Which moons does Jupiter have?")
    assert reply.text.startswith("**Europa, Ganymede, Io**\n")
    document = sky.index.store.document("facts.csv")
    assert document and len(reply.citations) == 3
    assert all(document.text[c.start : c.end] == c.quote and c.section == "Jupiter" for c in reply.citations)
    assert {fact.object for fact in reply.facts} == {"Io", "Europa", "Ganymede"} and not reply.abstained
    assert [step.step for step in reply.trace].count("facts") == 2


def test_a_question_of_two_facts_shows_both(sky: Bot) -> None:
    reply = sky.ask("Who discovered the moon of Saturn?")
    assert reply.text.startswith("**Christiaan Huygens**")
    assert [citation.quote for citation in reply.citations] == [
        "Saturn has moon: Titan",
        "Titan discovered by: Christiaan Huygens",
    ]
    assert explain(sky, "Who discovered the moon of Saturn?").rule == "facts"


def test_what_the_facts_do_not_say_is_declined_and_a_part_of_the_documents_is_asked_alone(sky: Bot) -> None:
    assert sky.ask("Who was Galileo?").abstained
    assert not sky.ask("Which moons does Jupiter have?", scope=Scope(source="facts.csv")).text.startswith("**")


def test_facts_that_no_document_states_are_told_without_a_citation(tmp_path: Path, encoder: Encoder) -> None:
    (tmp_path / "facts.csv").write_text("Quarry Top,inspected_by,Lena Ortiz\n", encoding="utf8")
    sites = {"sites.md": "# Sites\n\nQuarry Top is an apiary above the village.\n"}
    source = write_bot(tmp_path, sites, graph={"triples": ["facts.csv"]})
    build(source, encoder=encoder)
    reply = Bot.open(source, encoder).ask("Who inspects Quarry Top?")
    assert reply.text == "**Lena Ortiz**\n\n- Quarry Top inspected by: Lena Ortiz" and not reply.citations
    assert [fact.object for fact in reply.facts] == ["Lena Ortiz"]
