"""A bot whose vectors are in Milvus: the same answers, and one clear line for whatever is wrong there."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.build import build, is_current
from chatbot.cli.main import app
from chatbot.config_file import ConfigError
from chatbot.home import NotBuilt, read_manifest
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.milvus import MilvusStore
from retrieval.milvus_client import MilvusError, connect
from retrieval.scope import EVERYTHING, Scope
from tests.chatbot.small_bot import DOCUMENTS, write_bot, write_config

QUESTIONS = ["When does the Harbour branch open?", "What does a replacement card cost?", "transfer to another country"]
FERRY = "# Ferry\n\nThe ferry Zwaluw leaves at noon from pier four."


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One Milvus file for the bots of all tests."""
    return str(tmp_path_factory.mktemp("milvus") / "shared.db")


def in_milvus(folder: Path, uri: str, documents: dict[str, str] | None = None, **config: object) -> BotSource:
    return write_bot(folder, documents, store={"kind": "milvus", "uri": uri}, **config)


@pytest.fixture
def source(tmp_path: Path, file: str) -> BotSource:
    return in_milvus(tmp_path / "bot", file)


def passages(bot: Bot, scope: Scope = EVERYTHING) -> list[list[tuple[str, float]]]:
    found = [bot.searcher.search(question, 5, scope=scope).passages for question in QUESTIONS]
    return [[(passage.chunk.id, passage.score) for passage in each] for each in found]


def same(found: list[list[tuple[str, float]]], expected: list[list[tuple[str, float]]]) -> bool:
    """The same passages in the same order, with scores that differ by rounding at most."""
    one, other = ([pair for each in passages for pair in each] for passages in (found, expected))
    scores = [score for _, score in one] == pytest.approx([score for _, score in other], abs=1e-3)
    return scores and [id_ for id_, _ in one] == [id_ for id_, _ in other]


def said(*arguments: object) -> str:
    """What the command line says of an error; nothing else is printed."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 2 and result.stdout == "" and result.stderr.count("\n") == 1
    return result.stderr.strip()


def test_vectors_are_not_kept_among_the_documents(tmp_path: Path, encoder: Encoder) -> None:
    source = in_milvus(tmp_path / "bot", "knowledge/vectors.db")
    with pytest.raises(GraftError, match=r"store\.uri lies in knowledge/, which is read; take \.graft/vectors\.db"):
        build(source, encoder=encoder)
    assert build(in_milvus(tmp_path / "bot", ".graft/vectors.db", knowledge={"sources": ["."]}), encoder=encoder)


def test_the_last_documents_can_be_deleted(source: BotSource, encoder: Encoder) -> None:
    build(source, encoder=encoder)
    for path in (source.config.folder / "knowledge").iterdir():
        path.unlink()
    assert build(source, encoder=encoder).documents == 0 and is_current(source)
    bot = Bot.open(source, encoder)
    assert bot.searcher.search(QUESTIONS[0], 5).passages == [] and bot.ask(QUESTIONS[0]).abstained
    (source.config.folder / "knowledge" / "ferry.md").write_text(FERRY, "utf8")
    assert build(source, encoder=encoder).documents == 1
    assert "noon" in Bot.open(source, encoder).searcher.search("When does the ferry leave?", 1).passages[0].chunk.text


def test_passages_scores_and_answers_are_those_of_the_local_store(
    source: BotSource, northwind: Bot, tmp_path: Path, encoder: Encoder
) -> None:
    assert build(source, encoder=encoder).chunks == build(write_bot(tmp_path / "local"), encoder=encoder).chunks
    here, there = Bot.open(write_bot(tmp_path / "local"), encoder), Bot.open(source, encoder)
    assert there.index.dense_weight == here.index.dense_weight
    assert same(passages(there), passages(here))
    only = Scope(source="branches.md")
    assert same(passages(there, only), passages(here, only))
    assert {id_.split("#")[0] for each in passages(there, only) for id_, _ in each} == {"branches.md"}
    assert [there.ask(question).text for question in QUESTIONS] == [here.ask(question).text for question in QUESTIONS]
    assert not (source.home / "builds" / there.manifest.build / "vectors.faiss").exists()


def test_an_update_is_found_and_what_was_deleted_is_not(source: BotSource, encoder: Encoder) -> None:
    build(source, encoder=encoder)
    old = Bot.open(source, encoder)
    knowledge = source.config.folder / "knowledge"
    (knowledge / "ferry.md").write_text(FERRY, encoding="utf8")
    (knowledge / "transfers.txt").unlink()
    assert not is_current(source)
    build(source, encoder=encoder)
    new = Bot.open(source, encoder)
    vector = encoder.query("Instant transfers arrive within ten seconds")
    of = [chunk.document_id for chunk in new.index.store.chunks(new.index.dense.search(vector, 50)[0].tolist())]
    assert "ferry.md" in of and "transfers.txt" not in of and len(of) == new.manifest.chunks
    assert "9 euros" in old.ask(QUESTIONS[1]).text  # whoever has the old index open goes on
    assert is_current(source) and build(source, encoder=encoder) == new.manifest


def test_two_bots_of_one_name_share_a_file(tmp_path: Path, file: str, encoder: Encoder) -> None:
    one, two = (in_milvus(tmp_path / name, file, {"a.md": text}) for name, text in (("1", FERRY), ("2", "# A\n\nB.")))
    for source in (one, two):
        build(source, encoder=encoder)
    for _ in range(3):
        build(two, encoder=encoder, compact=True)
    assert "noon" in Bot.open(one, encoder).ask("When does the ferry Zwaluw leave?").text
    assert is_current(one) and is_current(two)


def test_a_lost_collection_is_noticed_and_written_again(source: BotSource, encoder: Encoder) -> None:
    build(source, encoder=encoder)
    bot = Bot.open(source, encoder)
    before = passages(bot)
    (part,) = bot.index.dense._parts  # type: ignore[attr-defined]
    connect(str(source.config.store_uri), "").drop_collection(part.collection)
    assert not is_current(source)
    with pytest.raises(NotBuilt, match=r"shared\.db does not hold the vectors of this index; run: graft index BOT"):
        Bot.open(source, encoder)
    build(source, encoder=encoder)
    assert is_current(source) and same(passages(Bot.open(source, encoder)), before)


def test_a_copied_and_a_moved_bot_answer_and_are_brought_up_to_date(
    source: BotSource, tmp_path: Path, encoder: Encoder, file: str
) -> None:
    build(source, encoder=encoder)
    before = passages(Bot.open(source, encoder))
    shutil.copytree(source.config.folder, tmp_path / "copy")
    (tmp_path / "bot").rename(tmp_path / "moved")
    for name in ("copy", "moved"):
        there = in_milvus(tmp_path / name, file, {})
        assert same(passages(Bot.open(there, encoder)), before)
        in_milvus(tmp_path / name, file, {"cards.md": DOCUMENTS["cards.md"] + "\nMore.\n"})
        for _ in range(2):
            build(there, encoder=encoder, compact=True)
    assert all(is_current(in_milvus(tmp_path / name, file, {})) for name in ("copy", "moved"))


def test_going_to_milvus_and_back_is_one_index_away(tmp_path: Path, file: str, encoder: Encoder) -> None:
    source = write_bot(tmp_path)
    build(source, encoder=encoder)
    before = passages(Bot.open(source, encoder))
    for change in ({"store": {"kind": "milvus", "uri": file}}, {}):
        source = write_config(tmp_path, **change)
        assert not is_current(source)
        with pytest.raises(NotBuilt, match="run: graft index BOT"):
            Bot.open(source, encoder)
        build(source, encoder=encoder)
        assert is_current(source) and same(passages(Bot.open(source, encoder)), before)


def test_what_a_killed_build_derived_for_another_store_is_not_taken_up(
    tmp_path: Path, file: str, encoder: Encoder
) -> None:
    def stop(step: str, done: int, total: int) -> None:
        if (step, done) == ("write", 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(write_bot(tmp_path), stop, encoder)
    assert (tmp_path / ".graft" / "builds" / "next" / "positions.npy").exists()
    source = in_milvus(tmp_path, file)
    folder = source.home / "builds" / build(source, encoder=encoder).build
    assert (folder / "milvus.json").exists() and not (folder / "positions.npy").exists()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A Milvus server of its own, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["server", "--data-dir", str(tmp_path / "server"), "--host", "127.0.0.1", "--port", str(port)]
    command = [sys.executable, "-u", "-m", "milvus_lite", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout and "listening" in process.stdout.readline()
        yield f"http://127.0.0.1:{port}", process
        process.kill()


def test_a_server_that_goes_down_is_one_line_and_nothing_is_lost(
    tmp_path: Path,
    server: tuple[str, subprocess.Popen[str]],
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MILVUS_TOKEN", "root:sesame")
    uri, process = server
    source = in_milvus(tmp_path / "bot", uri)
    manifest = build(source, encoder=encoder)
    bot = Bot.open(source, encoder)
    assert "9 euros" in bot.ask(QUESTIONS[1]).text
    process.kill()
    process.wait()
    for attempt in (
        lambda: bot.ask(QUESTIONS[1]),
        lambda: is_current(source),
        lambda: Bot.open(source, encoder),
        lambda: build(source, encoder=encoder),
    ):
        with pytest.raises(MilvusError) as caught:
            attempt()
        line = str(caught.value)
        assert line.startswith(f"Milvus at {uri} cannot be used: ") and "\n" not in line and "sesame" not in line
    assert read_manifest(source.home) == manifest
    assert "sesame" not in "".join(capfd.readouterr())
    shown = said("index", source.config.folder)
    assert shown.startswith(f"error: Milvus at {uri} cannot be used: ") and "sesame" not in shown
    assert said("chat", source.config.folder, "--once", "card?").startswith("error: Milvus at http://127.0.0.1:")


def test_a_first_build_without_a_server_leaves_nothing(tmp_path: Path, encoder: Encoder) -> None:
    source = in_milvus(tmp_path, "http://127.0.0.1:1")
    with pytest.raises(MilvusError, match=r"Milvus at http://127.0.0.1:1 cannot be used: "):
        build(source, encoder=encoder)
    assert not source.home.exists()


def test_a_file_in_use_by_another_process_is_said_to_be(tmp_path: Path, encoder: Encoder) -> None:
    hold = "import milvus_lite, sys; db = milvus_lite.MilvusLite(sys.argv[1]); print('held', flush=True); input()"
    command = [sys.executable, "-c", hold, str(tmp_path / "held.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "held\n"
        source = in_milvus(tmp_path / "bot", "../held.db")
        assert said("index", source.config.folder) == (
            f"error: the Milvus file {tmp_path / 'held.db'} is in use by another process;"
            " close that, or use a Milvus server"
        )
        process.communicate("\n")
    build(source, encoder=encoder)
    assert is_current(source)


def test_the_missing_extra_is_named(source: BotSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    needed = "error: store.kind milvus needs the milvus extra: pip install 'graft-bots[milvus]'"
    assert said("index", source.config.folder) == needed


def test_doctor_says_where_the_vectors_are_and_whether_that_answers(source: BotSource, encoder: Encoder) -> None:
    build(source, encoder=encoder)

    def finding() -> str:
        shown = CliRunner().invoke(app, ["doctor", str(source.config.folder)]).stdout
        return " ".join(re.sub(r"\s+", " ", shown[shown.index("bot vectors") :]).split("bot index")[0].split())

    assert re.search(r"the Milvus file \S+shared\.db, version milvus_lite-\d", finding())
    in_milvus(source.config.folder, "http://127.0.0.1:1")
    assert "Milvus at http://127.0.0.1:1 cannot be used" in finding()
    write_config(source.config.folder)
    assert "in the folder of the index" in finding()


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        ({"kind": "milvs", "uri": "v.db"}, "`store.kind` must be 'local' or 'milvus', got 'milvs'"),
        ({"kind": "milvus"}, "`store` of kind milvus needs a uri: http(s)://host:port, or a file that ends in .db"),
        ({"uri": "v.db"}, "`store` takes a uri only with kind: milvus"),
        ({"kind": "milvus", "uri": "v.sqlite"}, "`store.uri` must be http(s)://host:port, or a file that ends in .db"),
        ({"kind": "milvus", "uri": "ftp://h/v.db"}, "`store.uri` must be http(s)://host:port, or a file"),
        ({"kind": "milvus", "url": "v.db"}, "unknown key `store.url`; did you mean `uri`?"),
        ({"kind": "milvus", "uri": "http://root:sesame@h:1"}, "`store.uri` must hold no user or password; put"),
        ({"kind": "milvus", "uri": "root:sesame@h:19530"}, "`store.uri` must hold no user or password; put"),
        ("http://root:sesame@h:1", "`store` must be a mapping of keys to values, got 'http://…@h:1'"),
    ],
)
def test_a_store_that_cannot_be_is_refused(tmp_path: Path, store: object, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        write_config(tmp_path, store=store)
    assert re.sub(r"^\S+bot\.yaml:\d+: ", "", str(caught.value)).startswith(expected)
    assert "sesame" not in str(caught.value) and "\n" not in str(caught.value)


def test_an_inherited_file_is_that_of_the_base_and_an_address_stays(tmp_path: Path) -> None:
    base = in_milvus(tmp_path / "base", "data/v.db")
    child = write_config(tmp_path / "child", extends="../base")
    assert child.config.store_uri == base.config.store_uri == str(tmp_path / "base" / "data" / "v.db")
    in_milvus(tmp_path / "base", "https://milvus.example:19530")
    assert write_config(tmp_path / "child", extends="../base").config.store_uri == "https://milvus.example:19530"


def test_the_store_hides_its_token(source: BotSource) -> None:
    store = MilvusStore.connect(str(source.config.store_uri), "root:sesame", "bot", source.home)
    assert "sesame" not in repr(store) + str(store)
