"""Graphs that a tagger or a language model extracts from, beside what the corpus tells by itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chatbot.bots import BotSource
from chatbot.build import build
from chatbot.config import Generator
from chatbot.config_file import ConfigError
from chatbot.home import read_manifest
from chatbot.planned import planned
from chatbot.stated_by_model import ModelFacts, read_facts
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.store import DATABASE
from tests.chatbot.llm_server import LanguageModelServer, language_model_server
from tests.chatbot.small_bot import write_bot

STATED = {"subject": "Nora Lindqvist", "relation": "Looks after", "object": "Harbour branch"}
INVENTED = {"subject": "Nora Lindqvist", "relation": "married to", "object": "Olaf Storm"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LanguageModelServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    with language_model_server() as running:
        running.says = [json.dumps(STATED), "\n", json.dumps(INVENTED)]
        yield running


def with_model(folder: Path, server: LanguageModelServer) -> BotSource:
    generator = {"model": "openai:tiny", "base_url": server.url, "timeout": 5.0}
    return write_bot(folder, graph={"extractor": "llm"}, generator=generator)


def graph_of(source: BotSource) -> tuple[list[str], list[tuple[str, str, str]], int]:
    """Labels of nodes, facts, and how many chunks something is kept of."""
    with closing(sqlite3.connect(source.home / "builds" / read_manifest(source.home).build / DATABASE)) as connection:
        nodes = [row[0] for row in connection.execute("SELECT label FROM nodes ORDER BY label")]
        facts = connection.execute(
            """SELECT s.label, e.relation, o.label FROM edges e JOIN nodes s ON s.id = e.subject
            JOIN nodes o ON o.id = e.object ORDER BY 1, 2, 3"""
        ).fetchall()
        return nodes, facts, connection.execute("SELECT count(*) FROM extracted").fetchone()[0]


def test_a_damaged_store_of_answers_only_costs_asking_again(tmp_path: Path, server: LanguageModelServer) -> None:
    (tmp_path / "answers.db").write_bytes(b"no database" * 100)
    for path in (tmp_path / "answers.db", tmp_path):
        model = ModelFacts(Generator(model="openai:tiny", base_url=server.url, timeout=5.0), path)
        text = "Nora Lindqvist looks after the Harbour branch."
        assert [found.facts for found in model.extract([text])] == [
            (("Nora Lindqvist", "looks_after", "Harbour branch"),)
        ]
        assert model.unasked([text]) == [text]


@pytest.mark.parametrize("form", ["[{}]", "- {}", "1. {}", "```json\n{}\n```", "Facts: {},"])
def test_facts_are_read_however_they_are_listed(form: str) -> None:
    assert read_facts(form.replace("{}", json.dumps(STATED)), "Nora Lindqvist looks after the Harbour branch.")


def test_a_model_may_not_state_parts_of_words() -> None:
    said = json.dumps({"subject": "da", "relation": "works for", "object": "mil"})
    assert read_facts(said, "Ada works for the mill.") == []


def test_what_a_model_states_is_in_the_graph_if_the_text_says_it(
    tmp_path: Path, server: LanguageModelServer, encoder: Encoder
) -> None:
    source = with_model(tmp_path, server)
    build(source, encoder=encoder)
    nodes, facts, _ = graph_of(source)
    assert ("Nora Lindqvist", "looks_after", "Harbour branch") in facts
    assert "Olaf Storm" not in nodes and not any(relation == "married_to" for _, relation, _ in facts)


def test_a_text_is_asked_about_once_and_leaves_nothing_when_it_goes(
    tmp_path: Path, server: LanguageModelServer, encoder: Encoder
) -> None:
    source = with_model(tmp_path / "all", server)
    assert planned(source).asked == planned(source).chunks and not server.requests
    build(source, encoder=encoder)
    asked = len(server.requests)
    assert asked == graph_of(source)[2]
    (source.config.folder / "knowledge" / "new.md").write_text("# New\n\nA desk by the window.\n", encoding="utf8")
    assert planned(source).asked == 1
    build(source, encoder=encoder)
    assert len(server.requests) == asked + 1
    for name in ("branches.md", "new.md"):
        (source.config.folder / "knowledge" / name).unlink()
    build(source, encoder=encoder)
    rest = with_model(tmp_path / "rest", server)
    (rest.config.folder / "knowledge" / "branches.md").unlink()
    build(rest, encoder=encoder)
    assert graph_of(source) == graph_of(rest) and len(server.requests) == asked + 1


def test_a_model_that_fails_leaves_the_index_and_what_it_answered(
    tmp_path: Path, server: LanguageModelServer, encoder: Encoder
) -> None:
    source = with_model(tmp_path, server)
    build(source, encoder=encoder)
    before, asked = graph_of(source), len(server.requests)
    (source.config.folder / "knowledge" / "new.md").write_text("# New\n\nA desk by the window.\n", encoding="utf8")
    server.fault = "401"
    with pytest.raises(GraftError, match="refused the API key"):
        build(source, encoder=encoder)
    assert graph_of(source) == before
    server.fault = ""
    build(source, encoder=encoder)
    assert len(server.requests) == asked + 2


@pytest.mark.parametrize(
    ("answer", "facts"),
    [
        ('{"subject": "Ada", "relation": "works-for", "object": "the  mill"}', [("Ada", "works_for", "the mill")]),
        ('```json\n{"subject": "Ada", "relation": "is", "object": "Ada"}\n```', []),
        ("NONE", []),
        ("I cannot help with that.", None),
        ('{"subject": "Ada"', None),
        ('{"subject": 3, "relation": "is", "object": "Ada"}', None),
    ],
)
def test_answers_are_taken_only_as_asked_for(answer: str, facts: list[tuple[str, str, str]] | None) -> None:
    assert read_facts(answer, "ADA works for the\nmill.") == facts


def test_the_tagger_finds_what_is_said_once(tmp_path: Path, encoder: Encoder) -> None:
    documents = {"a.md": "# Rules\n\nReport a gas leak to the Harbour Works at once. The boiler needs a service.\n"}
    source = write_bot(tmp_path / "one", documents, graph={"extractor": "tagger"})
    build(source, encoder=encoder)
    found = {label.lower() for label in graph_of(source)[0]}
    assert {"gas leak", "harbour works", "boiler"} <= found
    alone = graph_of(source)
    (tmp_path / "one" / "knowledge" / "b.md").write_text(
        "# More\n\nMia Soto repairs the pump in Lund.\n", encoding="utf8"
    )
    build(source, encoder=encoder)
    assert len(graph_of(source)[0]) > len(alone[0])
    (tmp_path / "one" / "knowledge" / "b.md").unlink()
    build(source, encoder=encoder)
    assert graph_of(source) == alone


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"graph": {"extractor": "llm"}}, "needs a generator.model that is a language model"),
        ({"graph": {"extractor": "tagger"}, "language": "zh"}, "tagger reads English only"),
        ({"graph": {"extractor": "magic"}}, "extractor"),
    ],
)
def test_settings_that_do_not_fit_are_told(tmp_path: Path, config: dict[str, object], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        write_bot(tmp_path, **config)
