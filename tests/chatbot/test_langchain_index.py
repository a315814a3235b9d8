"""LangChain's own indexing writes into a bot: what is new is added, what changed replaced, what is gone deleted."""

from __future__ import annotations

import datetime
import re
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from langchain_core.documents import Document
from langchain_core.indexing import InMemoryRecordManager, index

from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.build import build, is_current
from chatbot.home import read_manifest
from chatbot.langchain import BotRetriever, BotRunnable
from chatbot.langchain_index import BotIndex
from chatbot.update import Brought
from retrieval.document import Chunk
from retrieval.document import Document as Page
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


def test_what_damage_took_is_not_replaced_by_what_comes_next(source: BotSource, encoder: Encoder) -> None:
    destination, records = BotIndex(source=source, encoder=encoder), InMemoryRecordManager("pages")

    def run(force: bool) -> int:
        told = index(documents(), records, destination, key_encoder="sha256", force_update=force)
        return told["num_updated"] + told["num_added"]

    assert run(force=False) == 3
    database = source.home / "builds" / read_manifest(source.home).build / "knowledge.db"
    data = database.read_bytes()
    database.write_bytes(data[:5000] + bytes([data[5000] ^ 1]) + data[5001:])
    with pytest.raises(GraftError, match="is damaged, and with it what programs brought"):
        destination.upsert([Document(page_content="The lighthouse is open on Sundays.")])
    shutil.rmtree(source.home / "builds")
    assert run(force=True) == 3
    assert len(destination.get(list(records.records))) == 3


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
        {"date": "3 March 2026"},
        {"faq": True, "pages": 3, "told": "twice"},
        {"title": None, "source": None},
        {"title": " Two  lines\n", "author": {"name": "Nora", "seen": [1, 2.5, None]}},
    ],
)
def test_metadata_comes_back_as_it_was_told(source: BotSource, encoder: Encoder, metadata: dict[str, object]) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    destination.upsert([Document(page_content=PAGES["ferry"], id="f", metadata=metadata)])
    (found,) = destination.get(["f"])
    assert found.metadata == {"title": "f", "source": "f", **metadata}
    assert destination.invoke("When does the ferry leave?")[0].metadata.items() >= metadata.items()
    (citation,) = Bot.open(source, encoder).ask("When does the ferry leave?").citations
    assert citation.source == "f" and "pier four" in citation.quote


@pytest.mark.parametrize("key", ["tags", ("a", "key")])
def test_metadata_that_json_cannot_hold_is_refused_before_anything_is_written(
    source: BotSource, encoder: Encoder, key: object
) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    good, bad = (Document(page_content=text, id=name) for name, text in list(PAGES.items())[:2])
    bad.metadata[key] = {"sea"}  # type: ignore[index]
    with pytest.raises(GraftError, match=rf"document 'museum': metadata {re.escape(repr(key))} cannot be kept"):
        destination.upsert([good, bad])
    assert not source.home.exists()


def test_the_hour_of_a_date_does_not_matter(source: BotSource, encoder: Encoder) -> None:
    metadata = {"date": datetime.datetime(2026, 3, 1, 12, 30)}
    BotIndex(source=source, encoder=encoder).upsert([Document(page_content=PAGES["ferry"], metadata=metadata)])
    scope = Scope(since=datetime.date(2026, 3, 1), until=datetime.date(2026, 3, 1))
    bot = Bot.open(source, encoder)
    assert "pier four" in bot.ask("When does the ferry leave?", scope=scope).text
    (told,) = bot.index.store.metadata_of({chunk.document_id for chunk in bot.index.store.all_chunks()}).values()
    assert told["date"] == "2026-03-01T12:30:00"


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


def test_a_document_of_a_file_is_left_to_the_file(
    source: BotSource, encoder: Encoder, caplog: pytest.LogCaptureFixture
) -> None:
    (source.config.folder / "knowledge" / "cards.md").write_text("# Cards\n\nA new card costs 9 euros.", "utf8")
    destination = BotIndex(source=source, encoder=encoder)
    destination.upsert([Document(page_content=PAGES["ferry"], id="f")])
    with pytest.raises(GraftError, match=r"'cards\.md' is a file of the bot"):
        destination.upsert([Document(page_content=PAGES["museum"], id="m"), Document("A card.", id="cards.md")])
    assert destination.delete(["cards.md", "f", "f", "none"]) == {
        "num_deleted": 1,
        "succeeded": ["f"],
        "num_failed": 1,
        "failed": ["cards.md"],
    }
    assert "'cards.md' is a file of the bot: delete the file" in caplog.text
    (found,) = destination.get(["cards.md", "f", "m"])
    assert "9 euros" in found.page_content


def test_the_last_of_documents_with_one_id_is_kept(source: BotSource, encoder: Encoder) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    response = destination.upsert([Document(page_content=text, id="p") for text in PAGES.values()])
    assert response == {"succeeded": ["p", "p", "p"], "failed": []}
    assert [found.page_content for found in destination.get(["p", "p"])] == [PAGES["market"]]
    assert [chunk.text for chunk in chunks(source, encoder)] == [PAGES["market"]]


def test_nothing_brought_publishes_nothing(source: BotSource, encoder: Encoder) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    assert destination.upsert([]) == {"succeeded": [], "failed": []} and not source.home.exists()
    destination.upsert(documents())
    before = read_manifest(source.home)
    assert destination.upsert([])["succeeded"] == destination.delete([])["succeeded"] == []
    assert destination.delete(["none"])["num_deleted"] == 0 and read_manifest(source.home) == before


def test_more_ids_may_be_asked_for_than_a_query_takes(source: BotSource, encoder: Encoder) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    destination.upsert([Document(page_content=PAGES["ferry"], id="f")])
    ids = [*(str(number) for number in range(300_000)), "f"]
    assert [found.id for found in destination.get(ids)] == ["f"]
    assert destination.delete(ids)["succeeded"] == ["f"]


def test_a_document_without_text_is_kept_and_does_not_hold_on_to_others(source: BotSource, encoder: Encoder) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    destination.upsert([Document(page_content=" ", id="empty")])
    assert destination.invoke("When does the ferry leave?") == []
    destination.upsert([Document(page_content=PAGES["ferry"], id="f")])
    assert destination.delete(["f"])["num_deleted"] == 1
    assert [found.id for found in destination.get(["empty", "f"])] == ["empty"]


def test_half_a_character_is_no_id(source: BotSource, encoder: Encoder) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    with pytest.raises(GraftError, match="cannot be an id"):
        destination.upsert([Document(page_content=PAGES["ferry"], id="f\ud800")])
    destination.upsert([Document(page_content=PAGES["ferry"], id="f")])
    assert destination.get(["f\ud800"]) == [] and destination.delete(["f\ud800"])["num_deleted"] == 0


def test_a_locked_index_is_an_error_for_people(
    source: BotSource, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    destination.upsert([Document(page_content=PAGES["ferry"], id="f")])
    assert destination.get(["f"])
    database = source.home / "builds" / read_manifest(source.home).build / "knowledge.db"
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **kwargs: connect(*args, **{**kwargs, "timeout": 0.1}))
    with closing(sqlite3.connect(database)) as locker:
        locker.execute("BEGIN EXCLUSIVE")
        for index_of in (destination, BotIndex(source=source, encoder=encoder)):
            with pytest.raises(GraftError, match="cannot be read: database is locked"):
                index_of.get(["f"])
            with pytest.raises(GraftError, match="cannot be read: database is locked"):
                index_of.invoke("When does the ferry leave?")
    assert destination.get(["f"])


def test_an_index_that_another_process_publishes_is_searched_next(source: BotSource, encoder: Encoder) -> None:
    reader, writer = (BotIndex(source=source, encoder=encoder) for _ in range(2))
    writer.upsert([Document(page_content=PAGES["ferry"], id="f")])
    assert "noon" in reader.invoke("When does the ferry leave?")[0].page_content
    bot = Bot.open(source, encoder)
    writer.upsert([Document(page_content=PAGES["museum"], id="m")])
    asked = "When does the museum of clocks open?"
    for retriever in (reader, BotRetriever(bot=bot), BotRetriever(bot=bot, graph=False)):
        assert "clocks" in retriever.invoke(asked)[0].page_content
    assert "ten" in BotRunnable(bot).invoke(asked).text


def test_a_file_with_the_name_of_what_was_brought_is_refused(source: BotSource, encoder: Encoder) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    destination.upsert([Document(page_content=PAGES["ferry"], id="ferry.md")])
    (source.config.folder / "knowledge" / "ferry.md").write_text("# Ferry\n\nIt sank.", "utf8")
    assert build(source, encoder=encoder).failed == {"ferry.md": "a program has brought a document of this name"}
    assert destination.get(["ferry.md"])[0].page_content == PAGES["ferry"]


@pytest.mark.parametrize("reason", [GraftError, OSError, KeyboardInterrupt])
def test_what_could_not_be_brought_does_not_come_later(
    source: BotSource, encoder: Encoder, reason: type[BaseException]
) -> None:
    def stop(step: str, done: int, total: int) -> None:
        if step == "graph":
            raise reason

    destination = BotIndex(source=source, encoder=encoder)
    destination.upsert([Document(page_content=PAGES["museum"], id="m")])
    with pytest.raises((GraftError, KeyboardInterrupt)):
        build(source, stop, encoder, brought=Brought([Page("f", "", PAGES["ferry"], "f")]))
    assert destination.get(["f"]) == []
    destination.delete(["f"])
    (source.config.folder / "knowledge" / "cards.md").write_text("# Cards\n\nA new card costs 9 euros.", "utf8")
    assert build(source, encoder=encoder).documents == 2
    assert destination.get(["f"]) == []


def test_documents_are_told_whatever_the_adapters_are(source: BotSource, encoder: Encoder) -> None:
    BotIndex(source=source, encoder=encoder).upsert([Document(page_content=PAGES["ferry"], id="f")])
    broken = write_config(source.config.folder, adapters={"reader": "missing/"})
    destination = BotIndex(source=broken, encoder=encoder)
    assert destination.get(["f"])[0].page_content == PAGES["ferry"]
    assert destination.delete(["f"])["num_deleted"] == 1


def test_threads_may_bring_documents_at_once(source: BotSource, encoder: Encoder) -> None:
    def bring(name: str) -> None:
        BotIndex(source=source, encoder=encoder).upsert([Document(page_content=PAGES[name], id=name)])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(bring, PAGES))
    found = BotIndex(source=source, encoder=encoder).get(list(PAGES))
    assert [document.page_content for document in found] == list(PAGES.values())


def test_processes_may_bring_documents_at_once(source: BotSource, encoder: Encoder) -> None:
    program = (
        "import sys; from langchain_core.documents import Document; from chatbot import bots;"
        "from chatbot.langchain_index import BotIndex;"
        "BotIndex(source=bots.find(sys.argv[1])).upsert([Document(sys.argv[3], id=sys.argv[2])])"
    )
    command = [sys.executable, "-c", program, str(source.config.folder)]
    processes = [subprocess.Popen([*command, name, text]) for name, text in PAGES.items()]
    assert [process.wait(timeout=120) for process in processes] == [0] * len(PAGES)
    found = BotIndex(source=source, encoder=encoder).get(list(PAGES))
    assert [document.page_content for document in found] == list(PAGES.values())


def test_what_cannot_be_done_is_said(source: BotSource, encoder: Encoder) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    assert destination.get(["f"]) == []
    with pytest.raises(ValueError, match="delete needs ids"):
        destination.delete()
    destination.upsert([Document(page_content=PAGES["ferry"], id="f")])
    (source.home / "manifest.json").write_text("{", encoding="utf8")
    with pytest.raises(GraftError, match="damaged; run: graft index"):
        BotIndex(source=source, encoder=encoder).get(["f"])


def test_the_last_document_can_be_deleted(source: BotSource, encoder: Encoder) -> None:
    destination = BotIndex(source=source, encoder=encoder)
    destination.upsert([Document(page_content=PAGES["ferry"], id="f")])
    assert destination.delete(["f"])["num_deleted"] == 1
    assert destination.get(["f"]) == [] and destination.invoke("When does the ferry leave?") == []
