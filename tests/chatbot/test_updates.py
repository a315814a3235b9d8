"""Bringing an index up to date: what is read and encoded again, what goes, and who notices."""

from __future__ import annotations

import gc
import importlib.metadata
import math
import os
import shutil
import sqlite3
import time
import weakref
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
import Stemmer

import retrieval.text
from chatbot import sources
from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.build import build, is_current
from chatbot.home import NotBuilt, read_manifest
from chatbot.update import Brought
from retrieval.document import Document
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.ingest import indexed_text
from tests.chatbot.small_bot import DOCUMENTS, write_bot, write_config

FERRY = "# Ferry\n\nThe ferry Zwaluw leaves at noon from pier four."


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vectors that other tests keep would hide what is encoded."""
    monkeypatch.setenv("GRAFT_HOME", str(tmp_path / "home"))


class Watched:
    """An encoder that counts the texts it is given to encode as documents."""

    def __init__(self, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts: list[str] = []
        self.encoder = encoder
        stream, documents = encoder.stream, encoder.documents

        def counted(texts):  # type: ignore[no-untyped-def]
            for key, text in texts:
                self.texts.append(text)
                yield key, text

        monkeypatch.setattr(encoder, "stream", lambda texts: stream(counted(texts)))
        monkeypatch.setattr(
            encoder, "documents", lambda texts, **more: self.texts.extend(texts) or documents(texts, **more)
        )


@pytest.fixture
def watched(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(encoder, monkeypatch)


@pytest.fixture
def source(tmp_path: Path) -> BotSource:
    return write_bot(tmp_path / "bot")


def state(source: BotSource, encoder: Encoder) -> dict[str, object]:
    """Everything an index answers from, in an order of its own."""
    bot = Bot.open(source, encoder)
    store = bot.index.store
    positions = store.positions()
    chunks = dict(zip(positions.tolist(), store.chunks(positions.tolist()), strict=True))
    titles = store.titles_of({chunk.document_id for chunk in chunks.values()})
    probe = encoder.query("When does the branch open?")
    cosines = bot.index.dense.cosines(probe, positions)
    words = bot.index.lexical.scores("replacement card branch opens ferry")[positions]
    graph = bot.graph.networkx
    return {
        "chunks": {
            chunk.id: (indexed_text(titles[chunk.document_id], chunk), round(float(cosine), 3), round(float(score), 4))
            for chunk, cosine, score in zip(chunks.values(), cosines, words, strict=True)
        },
        "weight": bot.index.dense_weight,
        "nodes": {name: (data["kind"], sorted(data["chunks"])) for name, data in graph.nodes(data=True)},
        "edges": sorted((u, d["relation"], v, sorted(d["chunks"])) for u, v, d in graph.edges(data=True)),
    }


def fresh(source: BotSource, folder: Path, encoder: Encoder) -> dict[str, object]:
    """The state of an index built of the same files from nothing."""
    shutil.copytree(source.config.folder, folder, ignore=shutil.ignore_patterns(".graft"))
    other = write_config(folder)
    build(other, encoder=encoder)
    return state(other, encoder)


def test_an_update_equals_an_index_built_from_nothing(source: BotSource, tmp_path: Path, encoder: Encoder) -> None:
    knowledge = source.config.folder / "knowledge"
    build(source, encoder=encoder)
    (knowledge / "ferry.md").write_text(FERRY * 30, "utf8")
    (knowledge / "cards.md").write_text(DOCUMENTS["cards.md"].replace("9 euros", "11 euros"), "utf8")
    (knowledge / "sub").mkdir()
    (knowledge / "branches.md").rename(knowledge / "sub" / "moved.md")
    build(source, encoder=encoder)
    assert state(source, encoder) == fresh(source, tmp_path / "one", encoder)
    (knowledge / "ferry.md").write_text(FERRY, "utf8")
    (knowledge / "transfers.txt").unlink()
    build(source, encoder=encoder)
    assert state(source, encoder) == fresh(source, tmp_path / "two", encoder)


def test_only_what_changed_is_read_and_encoded(source: BotSource, watched: Watched) -> None:
    build(source, encoder=watched.encoder)
    assert len(watched.texts) == read_manifest(source.home).chunks
    watched.texts.clear()
    (source.config.folder / "knowledge" / "ferry.md").write_text(FERRY, "utf8")
    build(source, encoder=watched.encoder)
    assert watched.texts == ["Ferry\nThe ferry Zwaluw leaves at noon from pier four."]


def test_words_are_counted_anew_when_another_version_of_the_stemmer_is_installed(
    source: BotSource, watched: Watched
) -> None:
    with pytest.MonkeyPatch.context() as before:  # Porter's older algorithm stands for an older version
        before.setattr(retrieval.text, "_stemmer", lambda: Stemmer.Stemmer("porter"))
        before.setattr(
            sources, "version", lambda name: "2.2.0" if name == "PyStemmer" else importlib.metadata.version(name)
        )
        (source.config.folder / "knowledge" / "star.md").write_text("# Star\n\nIts light is dying.", "utf8")
        build(source, encoder=watched.encoder)
        assert is_current(source)
    assert not Bot.open(source, watched.encoder).index.lexical.scores("die").any()
    assert not is_current(source)
    watched.texts.clear()
    build(source, encoder=watched.encoder)
    assert Bot.open(source, watched.encoder).index.lexical.scores("die").any()
    assert is_current(source) and watched.texts == []


def test_a_touched_file_is_not_encoded_and_an_unchanged_bot_is_left_alone(source: BotSource, watched: Watched) -> None:
    first = build(source, encoder=watched.encoder)
    watched.texts.clear()
    assert build(source, encoder=watched.encoder) == first
    later = time.time() + 5
    os.utime(source.config.folder / "knowledge" / "cards.md", (later, later))
    assert not is_current(source)
    assert build(source, encoder=watched.encoder).chunks == first.chunks
    assert watched.texts == [] and is_current(source)


def test_a_change_within_the_clock_of_the_file_system_is_noticed(source: BotSource, encoder: Encoder) -> None:
    path = source.config.folder / "knowledge" / "cards.md"
    build(source, encoder=encoder)
    before = path.stat()
    path.write_text(path.read_text("utf8").replace("9 euros", "8 euros"), "utf8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    (source.config.folder / "knowledge" / "ferry.md").write_text(FERRY, "utf8")
    build(source, encoder=encoder)
    found = Bot.open(source, encoder).searcher.search("replacement card cost", 1).passages[0]
    assert "8 euros" in found.chunk.text


def test_texts_of_another_bot_are_not_encoded_again(tmp_path: Path, watched: Watched) -> None:
    build(write_bot(tmp_path / "one"), encoder=watched.encoder)
    watched.texts.clear()
    again = write_bot(tmp_path / "two", {**DOCUMENTS, "ferry.md": FERRY, "same.md": FERRY})
    build(again, encoder=watched.encoder)
    assert len(watched.texts) == 1


@pytest.mark.parametrize("reason", [KeyboardInterrupt, GraftError])
def test_an_interrupted_build_does_not_read_or_encode_again_what_it_had(
    source: BotSource, watched: Watched, reason: type[BaseException]
) -> None:
    def stop(step: str, done: int, total: int) -> None:
        if step == "graph":
            raise reason

    steps = []
    with pytest.raises(reason):
        build(source, stop, watched.encoder)
    watched.texts.clear()
    assert build(source, lambda *step: steps.append(step), watched.encoder).documents == 3
    assert watched.texts == [] and ("read", 3, 3) in steps
    assert (source.home / "builds" / "next").exists() is False


def test_what_an_interrupted_build_had_read_but_not_encoded_is_encoded(
    source: BotSource, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.ingest.DOCUMENTS_PER_COMMIT", 1)

    def stop(step: str, done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(source, stop, watched.encoder)
    watched.texts.clear()
    told = []
    chunks = build(source, lambda *step: told.append(step), watched.encoder).chunks
    assert len(watched.texts) == chunks
    assert [done == total for step, done, total in told if step == "encode"][-1]


def test_the_last_documents_can_be_deleted(source: BotSource, encoder: Encoder) -> None:
    build(source, encoder=encoder)
    running = Bot.open(source, encoder)
    shutil.rmtree(source.config.folder / "knowledge")
    with pytest.raises(GraftError, match="not found"):  # as where a drive is not mounted
        build(source, encoder=encoder)
    assert running.current() is running
    (source.config.folder / "knowledge").mkdir()
    manifest = build(source, encoder=encoder, compact=True)
    assert (manifest.documents, manifest.chunks, manifest.changes["removed"]) == (0, 0, 3)
    for bot in (running.current(), Bot.open(source, encoder)):
        assert bot.ask("What does a replacement card cost?").abstained
        assert bot.searcher.search("replacement card", 5).passages == []
        assert len(bot.graph.networkx) == 0
    for file in source.home.rglob("*"):
        assert file.is_dir() or b"replacement card" not in file.read_bytes(), file
    (source.config.folder / "knowledge" / "ferry.md").write_text(FERRY, "utf8")
    assert build(source, encoder=encoder).documents == 1
    assert "noon" in running.current().searcher.search("When does the ferry leave?", 1).passages[0].chunk.text


def test_documents_that_cannot_be_read_any_more_do_not_empty_the_index(source: BotSource, encoder: Encoder) -> None:
    build(source, encoder=encoder)
    for path in (source.config.folder / "knowledge").iterdir():
        path.write_bytes(b"")
    with pytest.raises(GraftError, match="no document could be read"):
        build(source, encoder=encoder)
    assert Bot.open(source, encoder).searcher.search("replacement card cost", 1).passages


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(source: BotSource, encoder: Encoder) -> None:
    os.mkfifo(source.config.folder / "knowledge" / "pipe.md")
    manifest = build(source, encoder=encoder)
    assert (manifest.documents, manifest.failed) == (3, {"pipe.md": "not a file"})


def test_documents_are_called_as_their_source_says(source: BotSource, encoder: Encoder) -> None:
    build(source, encoder=encoder)
    source = write_config(source.config.folder, knowledge={"sources": ["."]})
    assert not is_current(source)
    build(source, encoder=encoder)
    assert Bot.open(source, encoder).index.store.document("knowledge/cards.md")


def test_a_change_that_the_time_of_a_file_hides_is_noticed(source: BotSource, encoder: Encoder) -> None:
    path = source.config.folder / "knowledge" / "cards.md"
    to_come = time.time() + 10_000_000
    os.utime(path, (to_come, to_come))
    build(source, encoder=encoder)
    assert is_current(source)
    path.write_text(path.read_text("utf8").replace("9 euros", "8 euros"), "utf8")
    os.utime(path, (to_come, to_come))
    assert not is_current(source)
    build(source, encoder=encoder)
    assert "8 euros" in Bot.open(source, encoder).searcher.search("replacement card cost", 1).passages[0].chunk.text


def test_the_last_document_can_be_deleted_beside_one_that_was_never_read(source: BotSource, encoder: Encoder) -> None:
    (source.config.folder / "knowledge" / "broken.pdf").write_bytes(b"no PDF")
    build(source, encoder=encoder)
    for name in DOCUMENTS:
        (source.config.folder / "knowledge" / name).unlink()
    manifest = build(source, encoder=encoder)
    assert manifest.documents == 0 and list(manifest.failed) == ["broken.pdf"]


def test_a_silent_change_of_an_array_is_damage(source: BotSource, encoder: Encoder) -> None:
    path = source.home / "builds" / build(source, encoder=encoder).build / "bm25" / "size.npy"
    data, status = bytearray(path.read_bytes()), path.stat()
    data[data.index(b"{")] = ord("(")
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(NotBuilt, match="is damaged; run: graft index"):
        Bot.open(source, encoder)


def test_an_update_tells_what_it_did_to_the_documents(source: BotSource, encoder: Encoder) -> None:
    nothing = {"added": 0, "changed": 0, "moved": 0, "removed": 0}
    assert build(source, encoder=encoder).changes == {**nothing, "added": 3}
    assert build(source, encoder=encoder, compact=True).changes == nothing
    knowledge = source.config.folder / "knowledge"
    (knowledge / "ferry.md").write_text(FERRY, "utf8")
    (knowledge / "cards.md").write_text(DOCUMENTS["cards.md"].replace("9 euros", "11 euros"), "utf8")
    (knowledge / "branches.md").rename(knowledge / "moved.md")
    (knowledge / "transfers.txt").unlink()
    assert build(source, encoder=encoder).changes == {"added": 1, "changed": 1, "moved": 1, "removed": 1}


def test_nothing_of_a_deleted_document_is_left(source: BotSource, encoder: Encoder) -> None:
    path = source.config.folder / "knowledge" / "secret.md"
    said = "Professor Ermengarde Vandersloot keeps the Xylophone Protocol in room 77419."
    path.write_text(f"# Quetzalcoatl\n\n{said}", "utf8")
    build(source, encoder=encoder)
    assert Bot.open(source, encoder).graph.search("Vandersloot")
    path.unlink()
    build(source, encoder=encoder, compact=True)
    bot = Bot.open(source, encoder)
    assert bot.graph.search("Vandersloot") == []
    found = bot.searcher.search("Who keeps the Xylophone Protocol?", 10).passages
    assert all(passage.chunk.document_id != "secret.md" for passage in found)
    for file in source.home.rglob("*"):
        data = file.read_bytes().lower() if file.is_file() else b""
        words = (b"quetzalcoatl", b"vandersloot", b"xylophone", b"77419")
        assert not any(word in data or _hash(word) in data for word in words), file


def _hash(word: bytes) -> bytes:
    """What a word is known by in the graph's index of words."""
    return f"{crc32(word) & 0xFFFFF:05x}".encode()


def test_compacting_gives_back_space(source: BotSource, encoder: Encoder) -> None:
    knowledge = source.config.folder / "knowledge"
    for number in range(40):
        (knowledge / f"page{number}.md").write_text(f"# Page {number}\n\n" + f"Locker {number} is blue. " * 300, "utf8")
    build(source, encoder=encoder)
    for number in range(40):
        (knowledge / f"page{number}.md").unlink()
    sizes = []
    for compact in (False, True):
        manifest = build(source, encoder=encoder, compact=compact)
        sizes.append((source.home / "builds" / manifest.build / "knowledge.db").stat().st_size)
    assert sizes[1] < sizes[0] / 2
    assert Bot.open(source, encoder).searcher.search("replacement card cost", 1).passages


def test_a_bot_in_use_goes_over_to_the_new_index(source: BotSource, encoder: Encoder) -> None:
    build(source, encoder=encoder)
    bot = Bot.open(source, encoder)
    assert bot.current() is bot
    (source.config.folder / "knowledge" / "ferry.md").write_text(FERRY, "utf8")
    build(source, encoder=encoder)
    new = bot.current()
    assert new is not bot and new is bot.current() is new.current()
    assert "noon" in new.searcher.search("When does the ferry leave?", 1).passages[0].chunk.text
    assert "9 euros" in bot.searcher.search("replacement card cost", 1).passages[0].chunk.text


def test_a_new_index_that_cannot_be_opened_for_a_while_is_tried_again(
    source: BotSource, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.bot.PAUSE", math.inf)
    build(source, encoder=encoder)
    bot = Bot.open(source, encoder)
    (source.config.folder / "knowledge" / "ferry.md").write_text(FERRY, "utf8")
    path = source.home / "builds" / build(source, encoder=encoder).build / "fusion.json"
    hidden = path.rename(source.home / "hidden")
    assert bot.current() is bot
    hidden.rename(path)
    assert bot.current() is bot
    bot._again = 0.0  # the pause is over
    assert "noon" in bot.current().searcher.search("When does the ferry leave?", 1).passages[0].chunk.text


def test_a_bot_keeps_no_index_between_its_own_and_the_one_in_use(source: BotSource, encoder: Encoder) -> None:
    build(source, encoder=encoder)
    bot = Bot.open(source, encoder)
    opened = []
    for number in range(3):
        (source.config.folder / "knowledge" / "ferry.md").write_text(f"{FERRY} Seat {number} is free.", "utf8")
        build(source, encoder=encoder)
        opened.append(weakref.ref(bot.current()))
    gc.collect()
    assert [held() is not None for held in opened] == [False, False, True]


@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_damage_of_any_file_is_noticed_and_mended(source: BotSource, encoder: Encoder, damage: str) -> None:
    build(source, encoder=encoder)
    whole = state(source, encoder)
    rng = np.random.default_rng(5)
    names = [path.relative_to(folder) for folder in _builds(source) for path in folder.rglob("*") if path.is_file()]
    assert len(names) >= 10
    for name in [*names, *[Path("../../manifest.json")] * 5]:
        path = _builds(source)[0] / name
        data, status = bytearray(path.read_bytes()), path.stat()
        if damage == "flip":
            data[int(rng.integers(len(data)))] ^= 0x40
            path.write_bytes(data)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as when a disk goes bad
        elif damage == "cut":
            path.write_bytes(data[: len(data) // 2])
        else:
            path.unlink()
        build(source, encoder=encoder)
        assert state(source, encoder) == whole, name


@pytest.mark.parametrize("damage", [b"{", b'{"format": 1}'])
def test_what_a_program_brought_outlives_the_manifest(source: BotSource, encoder: Encoder, damage: bytes) -> None:
    build(source, encoder=encoder)
    build(source, encoder=encoder, brought=Brought([Document("f", "Ferry", FERRY, "timetable")]))
    whole = state(source, encoder)
    (source.home / "manifest.json").write_bytes(damage)
    build(source, encoder=encoder)
    assert state(source, encoder) == whole
    assert "noon" in Bot.open(source, encoder).ask("When does the ferry Zwaluw leave?").text


def _builds(source: BotSource) -> list[Path]:
    return [path for path in (source.home / "builds").iterdir() if path.is_dir()]


@pytest.mark.parametrize("damage", [b"no database" * 900, b""])
def test_a_damaged_cache_of_vectors_is_made_anew(
    source: BotSource, tmp_path: Path, encoder: Encoder, damage: bytes
) -> None:
    build(source, encoder=encoder)
    whole = state(source, encoder)
    (cache,) = (tmp_path / "home" / "vectors").glob("*.db")
    cache.write_bytes(damage)
    shutil.rmtree(source.home)
    build(source, encoder=encoder)
    assert state(source, encoder) == whole


def test_damaged_vectors_are_encoded_again(source: BotSource, tmp_path: Path, watched: Watched) -> None:
    build(source, encoder=watched.encoder)
    encoded = sorted(watched.texts)
    whole = state(source, watched.encoder)
    (cache,) = (tmp_path / "home" / "vectors").glob("*.db")
    with sqlite3.connect(cache) as connection:
        connection.execute("UPDATE vectors SET vector = zeroblob(length(vector))")
    connection.close()
    shutil.rmtree(source.home)
    watched.texts.clear()
    build(source, encoder=watched.encoder)
    assert sorted(watched.texts) == encoded
    assert state(source, watched.encoder) == whole
