"""Asking only a part of the documents: nothing outside is found, quoted or offered."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pytest

from chatbot.bot import Bot
from chatbot.build import build
from retrieval.encoder import Encoder
from retrieval.scope import EVERYTHING, NothingInScope, Scope
from tests.chatbot.small_bot import DOCUMENTS, write_bot

OLD = datetime.datetime(2020, 5, 17, 12, tzinfo=datetime.UTC).timestamp()
FERRY = "Die Fähre fährt um zwölf Uhr vom vierten Pier ab, auch an Feiertagen und bei schlechtem Wetter."


@pytest.fixture(scope="module", params=["flat", "hnsw"])
def bot(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Bot:
    folder = tmp_path_factory.mktemp("scope")
    pages = {**DOCUMENTS, "old/fees_100%.md": "# Fees\n\nA replacement card costs 7 euros.", "ferry.md": FERRY}
    source = write_bot(folder, pages, retrieval={"index": request.param})
    os.utime(folder / "knowledge" / "old" / "fees_100%.md", (OLD, OLD))
    build(source, encoder=encoder)
    return Bot.open(source, encoder)


@pytest.mark.parametrize(
    ("scope", "documents"),
    [
        (EVERYTHING, {"cards.md", "branches.md", "transfers.txt", "old/fees_100%.md", "ferry.md"}),
        (Scope(source="*.txt"), {"transfers.txt"}),
        (Scope(source="old/*"), {"old/fees_100%.md"}),
        (Scope(source="Fees*"), {"old/fees_100%.md"}),
        (Scope(source="/Cards.md"), {"cards.md"}),
        (Scope(section="lost CARD"), {"cards.md"}),
        (Scope(until=datetime.date(2020, 5, 17)), {"old/fees_100%.md"}),
        (Scope(since=datetime.date(2020, 5, 18), language="en"), {"cards.md", "branches.md", "transfers.txt"}),
        (Scope(source="*s.md", section="branch"), {"branches.md"}),
    ],
)
def test_only_what_is_in_scope_is_found(bot: Bot, scope: Scope, documents: set[str]) -> None:
    found = bot.searcher.search("What does a replacement card cost?", 50, scope=scope).passages
    first = found[0].chunk.document_id
    assert first in documents and {passage.chunk.document_id for passage in found} <= documents


def test_the_answer_comes_from_the_scope(bot: Bot) -> None:
    assert "9 euros" in bot.ask("What does a replacement card cost?", scope=Scope(source="cards*")).text
    reply = bot.ask("What does a replacement card cost?", scope=Scope(source="old/*"))
    assert "7 euros" in reply.text and {citation.document for citation in reply.citations} == {"old/fees_100%.md"}
    refused = bot.ask("What does a replacement card cost?", scope=Scope(section="Harbour"))
    assert refused.abstained and "Lost card" not in refused.text


@pytest.mark.parametrize(
    "scope",
    [Scope(source="none*"), Scope(source="/fees*"), Scope(section="%"), Scope(section="_"), Scope(language="zh")],
)
def test_an_empty_scope_is_said_to_be(bot: Bot, scope: Scope) -> None:
    with pytest.raises(
        NothingInScope, match=r"no document matches (source (none|/fees)\*; sources are b|section|lang)"
    ):
        bot.ask("What does a replacement card cost?", scope=scope)


def test_a_touched_file_has_a_new_date(tmp_path: Path, encoder: Encoder) -> None:
    source = write_bot(tmp_path, {"a.md": "# A\n\nThe ferry leaves at noon."})
    build(source, encoder=encoder)
    os.utime(tmp_path / "knowledge" / "a.md", (OLD, OLD))
    build(source, encoder=encoder)
    scope = Scope(until=datetime.date(2020, 5, 17))
    assert Bot.open(source, encoder).searcher.search("When does the ferry leave?", 1, scope=scope).passages
