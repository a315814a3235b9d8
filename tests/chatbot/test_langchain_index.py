"""LangChain's own indexing writes into a bot: what is new is added, what changed replaced, what is gone deleted."""

from __future__ import annotations

import datetime
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from langchain_core.documents import Document
from langchain_core.indexing import InMemoryRecordManager, index

from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.build import build, is_current
from chatbot.home import read_manifest
from chatbot.langchain_index import BotIndex
from retrieval.document import Chunk
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.scope import NothingInScope, Scope
from tests.chatbot.small_bot import write_bot, write_config

PAGES = {
    "ferry": "The ferry Zwaluw leaves at noon from pier four.",
    "museum": "The museum of clocks opens at ten and closes at six.",
    "market": "The fish market is held on Thursdays beside the old lighthouse.",
}


def documents(**changes: str) -> list[Document]:
    pages = {name: text for name, text in {**PAGES, **changes}.items() if text}
    return [
        Document(page_content=text, metadata={"source": name, "title": name.capitalize(), "date": "2026-03-01"})
        for name, text in pages.items()
    ]


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BotSource:
    monkeypatch.setenv("GRAFT_HOME", str(tmp_path / "home"))
    (tmp_path / "bot" / "knowledge").mkdir(parents=True)
    return write_bot(tmp_path / "bot", {})


def test_indexing_adds_skips_replaces_and_deletes(source: BotSource, encoder: Encoder) -> None:
    destination, records = BotIndex(source=source, encoder=encoder), InMemoryRecordManager("pages")
    records.create_schema()

    def run(**changes: str) -> dict[str, int]:
        return dict(
            index(
                documents(**changes), records, destination, cleanup="full", source_id_key="source", key_encoder="sha256"
            )
        )

    assert run() == {"num_added": 3, "num_updated": 0, "num_skipped": 0, "num_deleted": 0}
    assert "pier four" in destination.invoke("When does the ferry leave?")[0].page_content
    assert run() == {"num_added": 0, "num_updated": 0, "num_skipped": 3, "num_deleted": 0}
    changed = {"ferry": "The ferry Zwaluw leaves at dawn from pier nine.", "market": ""}
    assert run(**changed) == {"num_added": 1, "num_updated": 0, "num_skipped": 1, "num_deleted": 2}
    bot = Bot.open(source, encoder)
    assert "pier nine" in bot.ask("When does the ferry leave?").text
    stored = bot.index.store.all_chunks()
    assert len(stored) == 2 and not any("noon" in chunk.text or "fish" in chunk.text for chunk in stored)
    assert bot.graph.search("fish market") == []


def test_what_was_brought_stays_beside_the_files(source: BotSource, encoder: Encoder) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    response = destination.upsert(
        [Document(page_content=PAGES["ferry"], id="f"), Document(page_content=PAGES["museum"])]
    )
    assert response["succeeded"][0] == "f" and len(response["succeeded"]) == 2 and is_current(source)
    (source.config.folder / "knowledge" / "cards.md").write_text("# Cards\n\nA new card costs 9 euros.", "utf8")
    assert not is_current(source)
    assert build(source, encoder=encoder).documents == 3
    (source.config.folder / "knowledge" / "cards.md").unlink()
    assert build(source, encoder=encoder).documents == 2
    assert [found.page_content for found in destination.get(["f", "none"])] == [PAGES["ferry"]]
    assert destination.delete(["f", "none"])["num_deleted"] == 1
    assert destination.delete(["f"])["num_deleted"] == 0
    assert destination.get(["f"]) == []


@pytest.mark.parametrize("what", ["settings", "damage", "interruption"])
def test_what_was_brought_survives(source: BotSource, encoder: Encoder, what: str) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    destination.upsert(documents())
    ids = [chunk.document_id for chunk in chunks(source, encoder)]
    before = {document.id: document.metadata for document in destination.get(ids)}
    if what == "settings":
        source = write_config(source.config.folder, knowledge={"sources": ["knowledge/"], "chunk": {"words": 50}})
    elif what == "damage":
        (source.home / "builds" / read_manifest(source.home).build / "vectors.faiss").write_bytes(b"garbage")
    else:
        (source.home / "builds" / "next").mkdir()
        (source.home / "builds" / "next" / "knowledge.db").write_bytes(b"half")
        (source.config.folder / "knowledge" / "cards.md").write_text("# Cards\n\nA new card costs 9 euros.", "utf8")
    assert build(source, encoder=encoder).documents >= 3
    found = destination.get(list(before))
    assert {document.id: document.metadata for document in found} == before
    scope = Scope(since=datetime.date(2026, 3, 1), until=datetime.date(2026, 3, 1))
    assert "pier four" in Bot.open(source, encoder).ask("When does the ferry leave?", scope=scope).text


def test_what_was_brought_survives_a_kill_while_all_is_read_again(source: BotSource, encoder: Encoder) -> None:
    (source.config.folder / "knowledge" / "cards.md").write_text("# Cards\n\nA new card costs 9 euros.", "utf8")
    BotIndex(source=source, encoder=encoder).upsert([Document(page_content=PAGES["ferry"], id="f")])
    source = write_config(source.config.folder, knowledge={"sources": ["knowledge/"], "chunk": {"words": 50}})

    def stop(step: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(source, stop, encoder)
    assert build(source, encoder=encoder).documents == 2
    assert "pier four" in Bot.open(source, encoder).ask("When does the ferry leave?").text


def test_what_is_deleted_while_all_is_read_again_is_gone(source: BotSource, encoder: Encoder) -> None:
    BotIndex(source=source, encoder=encoder).upsert(
        [Document(page_content=PAGES["ferry"], id="f"), Document(page_content=PAGES["museum"], id="m")]
    )
    source = write_config(source.config.folder, knowledge={"sources": ["knowledge/"], "chunk": {"words": 50}})
    destination = BotIndex(source=source, encoder=encoder)
    destination.delete(["f"])
    assert [found.id for found in destination.get(["f", "m"])] == ["m"]


def chunks(source: BotSource, encoder: Encoder) -> list[Chunk]:
    return Bot.open(source, encoder).index.store.all_chunks()


def test_metadata_is_shown_and_asked_for(source: BotSource, encoder: Encoder) -> None:
    BotIndex(source=source, encoder=encoder).upsert(documents())
    bot = Bot.open(source, encoder)
    reply = bot.ask("When does the ferry leave?", scope=Scope(source="fer*"))
    assert [citation.source for citation in reply.citations] == ["ferry"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"date": None},
        {"seen": datetime.date(2026, 3, 1), "tags": {"sea"}},
        {"faq": True},
        {"title": None, "source": None},
    ],
)
def test_metadata_may_hold_anything(source: BotSource, encoder: Encoder, metadata: dict[str, object]) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    destination.upsert([Document(page_content=PAGES["ferry"], id="f", metadata=metadata)])
    (found,) = destination.get(["f"])
    assert "None" not in (found.metadata["title"], found.metadata["source"])
    assert "pier four" in Bot.open(source, encoder).ask("When does the ferry leave?").text


def test_the_hour_of_a_date_does_not_matter(source: BotSource, encoder: Encoder) -> None:
    metadata = {"date": datetime.datetime(2026, 3, 1, 12, 30)}
    BotIndex(source=source, encoder=encoder).upsert([Document(page_content=PAGES["ferry"], metadata=metadata)])
    scope = Scope(since=datetime.date(2026, 3, 1), until=datetime.date(2026, 3, 1))
    assert "pier four" in Bot.open(source, encoder).ask("When does the ferry leave?", scope=scope).text


@pytest.mark.parametrize("date", [None, "yesterday", "3 March 2026", "01/03/2026"])
def test_a_document_without_a_readable_date_is_in_no_span_of_days(
    source: BotSource, encoder: Encoder, date: str | None
) -> None:
    page = Document(page_content=PAGES["ferry"], metadata={"date": date})
    BotIndex(source=source, encoder=encoder).upsert([page])
    bot = Bot.open(source, encoder)
    for scope in (Scope(since=datetime.date(1, 1, 1)), Scope(until=datetime.date(9999, 12, 31))):
        with pytest.raises(NothingInScope):
            bot.ask("When does the ferry leave?", scope=scope)


def test_characters_that_cannot_be_stored_cut_no_text_off(source: BotSource, encoder: Encoder) -> None:
    text = "The ferry\0 Zwaluw\ud800 leaves at noon from pier four."
    BotIndex(source=source, encoder=encoder).upsert([Document(page_content=text, id="f")])
    assert [chunk.text for chunk in chunks(source, encoder)] == [PAGES["ferry"]]


def test_metadata_comes_back_with_what_is_found(source: BotSource, encoder: Encoder) -> None:
    told = {"title": "Ferry", "source": "harbour.pdf", "date": "2026-03-01", "author": "Nora Lindqvist", "page": 4}
    destination = BotIndex(source=source, encoder=encoder)
    destination.upsert([Document(page_content=PAGES["ferry"], id="f", metadata={**told, "start": "gate 9"})])
    (found,) = destination.invoke("When does the ferry leave?")
    assert found.metadata.items() >= told.items()
    assert found.metadata["document"] == "f" and found.metadata["start"] == 0
    assert destination.get(["f"])[0].metadata == {**told, "start": "gate 9"}


def test_a_document_of_a_file_is_left_to_the_file(source: BotSource, encoder: Encoder) -> None:
    (source.config.folder / "knowledge" / "cards.md").write_text("# Cards\n\nA new card costs 9 euros.", "utf8")
    destination = BotIndex(source=source, encoder=encoder)
    build(source, encoder=encoder)
    with pytest.raises(GraftError, match=r"'cards\.md' is a file of the bot"):
        destination.upsert([Document(page_content=PAGES["ferry"], id="cards.md")])
    with pytest.raises(GraftError, match=r"'cards\.md' is a file of the bot"):
        destination.delete(["cards.md"])
    assert "9 euros" in destination.get(["cards.md"])[0].page_content


def test_an_index_that_another_process_publishes_is_searched_next(source: BotSource, encoder: Encoder) -> None:
    reader, writer = (BotIndex(source=source, encoder=encoder) for _ in range(2))
    writer.upsert([Document(page_content=PAGES["ferry"], id="f")])
    assert "noon" in reader.invoke("When does the ferry leave?")[0].page_content
    writer.upsert([Document(page_content=PAGES["museum"], id="m")])
    assert "clocks" in reader.invoke("When does the museum of clocks open?")[0].page_content


def test_threads_may_bring_documents_at_once(source: BotSource, encoder: Encoder) -> None:
    def bring(name: str) -> None:
        BotIndex(source=source, encoder=encoder).upsert([Document(page_content=PAGES[name], id=name)])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(bring, PAGES))
    found = BotIndex(source=source, encoder=encoder).get(list(PAGES))
    assert [document.page_content for document in found] == list(PAGES.values())


def test_what_cannot_be_done_is_said(source: BotSource, encoder: Encoder) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    assert destination.get(["f"]) == []
    with pytest.raises(ValueError, match="delete needs ids"):
        destination.delete()
    with pytest.raises(GraftError, match="the documents hold no text"):
        destination.upsert([Document(page_content=" ", id="f")])
    destination.upsert([Document(page_content=PAGES["ferry"], id="f")])
    (source.home / "manifest.json").write_text("{", encoding="utf8")
    with pytest.raises(GraftError, match="damaged; run: graft index"):
        BotIndex(source=source, encoder=encoder).get(["f"])


def test_the_last_document_can_be_deleted(source: BotSource, encoder: Encoder) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    destination.upsert([Document(page_content=PAGES["ferry"], id="f")])
    assert destination.delete(["f"])["num_deleted"] == 1
    assert destination.get(["f"]) == [] and destination.invoke("When does the ferry leave?") == []
