"""Builds that are killed, starved of disk or permissions, or run at once; and indexes that were damaged later."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from chatbot import bots
from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.build import build, is_current
from chatbot.checksums import Damaged, check
from chatbot.cli.opening import open_bot
from chatbot.home import NotBuilt, read_manifest, updating
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from tests.chatbot.small_bot import DOCUMENTS, write_bot

ROOT = Path(__file__).parents[2]
GRAFT = [sys.executable, "-c", "from chatbot.cli.main import main; main()"]
FULL_DISK = ["bash", "-c", 'ulimit -f 20; exec "$@"', "bash"]
"""What a full disk looks like to a process: no file can grow beyond 20 kilobytes."""


def page(number: int) -> str:
    return f"# Page {number}\n\n" + " ".join(f"Locker {number}-{i} holds item {i * number}." for i in range(400))


def graft(*arguments: str, under: list[str] | None = None) -> subprocess.Popen[str]:
    command = [*(under or []), *GRAFT, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    folder = tmp_path_factory.mktemp("built") / "bot"
    build(write_bot(folder), encoder=encoder)
    return folder


@pytest.fixture
def built(built_once: Path, tmp_path: Path, encoder: Encoder) -> BotSource:
    """A built bot to maltreat."""
    shutil.copytree(built_once, tmp_path / "bot")
    return bots.find(str(tmp_path / "bot"))


def test_a_killed_build_leaves_the_old_index_and_the_next_one_cleans_up(built: BotSource, encoder: Encoder) -> None:
    old = read_manifest(built.home)
    pages = {f"page{number}.md": page(number) for number in range(40)}
    write_bot(built.config.folder, pages)
    process = graft("index", str(built.config.folder))
    builds = built.home / "builds"
    until = time.monotonic() + 60
    while not any((path / "knowledge.db").exists() for path in builds.iterdir() if path.name != old.build):
        assert process.poll() is None, "the build ended before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert read_manifest(built.home) == old and not is_current(built)
    assert "9 euros" in Bot.open(built, encoder).searcher.search("replacement card cost", 1).passages[0].chunk.text
    for name in pages:
        (built.config.folder / "knowledge" / name).unlink()
    new = build(built, encoder=encoder)
    assert [path.name for path in builds.iterdir()] == [new.build]
    assert is_current(built)


def test_what_killed_builds_left_is_removed(built: BotSource, encoder: Encoder) -> None:
    before = sorted(built.home.rglob("*"))
    for name in ("b-killed", "next"):
        (built.home / "builds" / name).mkdir()
        (built.home / "builds" / name / "knowledge.db").write_bytes(b"half")
    assert build(built, encoder=encoder) == read_manifest(built.home)
    assert sorted(built.home.rglob("*")) == before


def test_a_full_disk_is_one_line_and_the_old_index_stays(built: BotSource, encoder: Encoder) -> None:
    before = read_manifest(built.home)
    write_bot(built.config.folder, {"new.md": "# New\n\nThe ferry leaves at noon."})
    process = graft("index", str(built.config.folder), under=FULL_DISK)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert errors.startswith(f"error: cannot build the index in {built.home}: ") and errors.count("\n") == 1
    assert read_manifest(built.home) == before
    assert Bot.open(built, encoder).searcher.search("replacement card cost", 1).passages
    build(built, encoder=encoder)
    found = Bot.open(built, encoder).searcher.search("When does the ferry leave?", 1).passages
    assert found[0].chunk.text == "The ferry leaves at noon."


def test_builds_of_one_bot_at_once_all_succeed(tmp_path: Path, encoder: Encoder) -> None:
    source = write_bot(tmp_path)
    processes = [graft("index", str(tmp_path)) for _ in range(2)]
    said = sorted(process.communicate(timeout=120)[1] for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    waiting = "northwind: another process is indexing this bot; waiting for it\n"
    assert said in (["", waiting], ["", ""])  # the second may begin when the first is done
    assert [path.name for path in (source.home / "builds").iterdir()] == [read_manifest(source.home).build]
    assert Bot.open(source, encoder).searcher.search("replacement card cost", 1).passages


def test_builds_that_waited_for_a_refused_one_wait_for_each_other(tmp_path: Path) -> None:
    waits, builds = threading.Event(), threading.Event()
    order: list[str] = []

    def refused() -> None:
        with suppress(GraftError), updating(tmp_path / "home"):
            begin.wait()
            waits.wait(10)
            raise GraftError("no document could be read")

    def second() -> None:
        begin.wait()
        with updating(tmp_path / "home", waits.set):
            builds.set()
            time.sleep(0.2)
            order.append("second")

    def third() -> None:
        builds.wait(10)
        with updating(tmp_path / "home"):
            order.append("third")

    begin = threading.Barrier(2)
    threads = [threading.Thread(target=each) for each in (refused, second, third)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order == ["second", "third"]


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path, encoder: Encoder) -> None:
    source = write_bot(tmp_path)
    source.home.write_text("a file stands where the index should go", encoding="utf8")
    with pytest.raises(GraftError, match=rf"cannot build the index in {source.home}: "):
        build(source, encoder=encoder)
    assert source.home.read_text(encoding="utf8").startswith("a file")


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Root may write anywhere, so the tests that root runs become another user; others stay who they are."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture
def read_only(encoder: Encoder) -> Iterator[Callable[[], BotSource]]:
    """Makes a bot and takes away everybody's right to write its folder; pytest's own folders are closed to others."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)

    def lock(path: Path, mode: int) -> None:
        for inner in [path, *path.rglob("*")]:
            inner.chmod(mode | (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH if inner.is_dir() else 0))

    def make() -> BotSource:
        source = write_bot(folder)
        build(source, encoder=encoder)
        lock(folder, 0o444)
        return source

    yield make
    lock(folder, 0o755)
    shutil.rmtree(folder)


def test_a_read_only_home_can_be_searched_but_not_built(read_only: Callable[[], BotSource], encoder: Encoder) -> None:
    source = read_only()
    with as_somebody_else():
        bot = Bot.open(source, encoder)
        assert "9 euros" in bot.searcher.search("replacement card cost", 1).passages[0].chunk.text
        assert build(source, encoder=encoder).documents == 3  # nothing has changed
        with pytest.raises(GraftError, match=r"cannot build the index in .*: Permission denied"):
            build(source, encoder=encoder, compact=True)
        with pytest.raises(GraftError, match="cannot keep conversations in"):
            bot.sessions.turns("someone")


def test_where_nothing_can_be_written_the_index_answers_as_it_was(
    read_only: Callable[[], BotSource], encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    source = read_only()
    knowledge = source.config.folder / "knowledge"
    knowledge.chmod(0o755)
    (knowledge / "new.md").write_text("# New\n\nA new desk.\n", encoding="utf8")
    with as_somebody_else():
        bot = open_bot(source, encoder)
        assert bot.index.store.document("cards.md") and not bot.index.store.document("new.md")
    assert "Permission denied; it answers from the index as it was" in capsys.readouterr().err


def test_an_index_built_by_one_user_is_open_to_others(encoder: Encoder) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        source = write_bot(folder)
        build(source, encoder=encoder)
        modes = {stat.S_IMODE(path.stat().st_mode) & 0o044 for path in source.home.rglob("*")}
        assert modes == {0o044 & ~_umask()}
    finally:
        shutil.rmtree(folder)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("damage", ["gone", "garbage", "half"])
@pytest.mark.parametrize("name", ["knowledge.db", "vectors.faiss", "fusion.json", "faq.npy", "graph.npz", "bm25"])
def test_a_damaged_index_says_so_and_names_the_cure(built: BotSource, encoder: Encoder, name: str, damage: str) -> None:
    path = built.home / "builds" / read_manifest(built.home).build / name
    if path.is_dir():
        path = path / "texts.npy"
    data = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(b"garbage" * 20 if damage == "garbage" else data[: len(data) // 2])
    with pytest.raises(NotBuilt, match=r"the index in .* is damaged; run: graft index BOT"):
        Bot.open(built, encoder)


@pytest.mark.parametrize("notes", ["", "null", "[1]", "{}", '{"knowledge.db": 5}', '{"knowledge.db": [1, 2]}'])
def test_damaged_checksums_say_so_and_are_made_anew(built: BotSource, encoder: Encoder, notes: str) -> None:
    (built.home / "builds" / read_manifest(built.home).build / "files.json").write_text(notes, encoding="utf8")
    with pytest.raises(NotBuilt, match=r"the index in .* is damaged; run: graft index BOT"):
        Bot.open(built, encoder)
    assert not is_current(built)
    build(built, encoder=encoder)
    assert is_current(built) and Bot.open(built, encoder)


def test_a_copy_is_read_through_once(built: BotSource) -> None:
    folder = built.home / "builds" / read_manifest(built.home).build
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "files.json"]
    assert len(files) >= 10
    for number, path in enumerate(files):
        os.utime(path, ns=(0, 1_700_000_000_000_000_000 + number))
    flipped(files[0], 1)
    with pytest.raises(Damaged, match=f"{files[0].name} was changed"):
        check(folder)
    flipped(files[0], 2)
    check(folder)
    for path in files:
        flipped(path, path.stat().st_mtime_ns)  # size and time as they were read: only reading tells
        check(folder)
        with pytest.raises(Damaged, match=f"{path.name} was changed"):
            check(folder, thorough=True)
        flipped(path, path.stat().st_mtime_ns + 1)
        check(folder)
    assert {path for path in folder.rglob("*") if path.is_file()} == {*files, folder / "files.json"}


def flipped(path: Path, changed: int) -> None:
    """Flip a bit of a file, or flip it back, and say when it was changed."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(0, changed))


@pytest.mark.parametrize("name", ["vectors.faiss", "graph.npz", "bm25"])
def test_files_of_another_build_are_damage(built: BotSource, encoder: Encoder, tmp_path: Path, name: str) -> None:
    other = write_bot(
        tmp_path / "other", {"a.md": "# One\n\nOnly one short document.", "b.md": "# Two\n\nAnd another."}
    )
    build(other, encoder=encoder)
    ours, theirs = (s.home / "builds" / read_manifest(s.home).build / name for s in (built, other))
    shutil.rmtree(ours) if ours.is_dir() else ours.unlink()
    shutil.copytree(theirs, ours) if theirs.is_dir() else shutil.copy(theirs, ours)
    with pytest.raises(NotBuilt, match=r"the index in .* is damaged; run: graft index BOT"):
        Bot.open(built, encoder)


def test_a_manifest_names_a_build_of_its_own(built: BotSource) -> None:
    path = built.home / "manifest.json"
    path.write_text(path.read_text(encoding="utf8").replace('"build": "b-', '"build": "../builds/b-'), encoding="utf8")
    with pytest.raises(NotBuilt, match=r"manifest\.json is damaged; run: graft index BOT"):
        read_manifest(built.home)


def test_an_index_damaged_where_only_a_question_looks_says_so(built: BotSource, encoder: Encoder) -> None:
    path = built.home / "builds" / read_manifest(built.home).build / "knowledge.db"
    bot = Bot.open(built, encoder)
    path.write_bytes(b"garbage" * (path.stat().st_size // 7))
    with pytest.raises(GraftError, match=r"knowledge\.db is damaged \(.*\); run: graft index BOT"):
        bot.ask("What does a replacement card cost?")
    process = graft("index", str(built.config.folder))
    assert process.communicate(timeout=60)[1] == "" and process.returncode == 0
    assert "9 euros" in Bot.open(built, encoder).ask("What does a replacement card cost?").text


def test_documents_from_hell_do_not_stop_a_build(tmp_path: Path, encoder: Encoder) -> None:
    names = ["空 格.md", "emoji 😀.md", 'it\'s "quoted".md', "a#b?c%20d.md", "UPPER.MD", ".hidden.md", "~$lock.md"]
    source = write_bot(
        tmp_path,
        {
            **dict.fromkeys(names, DOCUMENTS["cards.md"]),
            "nul.md": "A\0B text with a NUL.",
            "endless.md": "word" * 50_000,
            "braces.md": "{passages} {facts} ${HOME}",
            "sub/folder/deep.md": "# Deep\n\nDown here.",
        },
    )
    manifest = build(source, encoder=encoder)
    assert manifest.failed == {}
    bot = Bot.open(source, encoder)
    stored = {chunk.document_id for chunk in bot.index.store.all_chunks()}
    assert stored == {*names[:5], "nul.md", "endless.md", "braces.md", "sub/folder/deep.md"}
    for chunk in bot.index.store.all_chunks():
        document = bot.index.store.document(chunk.document_id)
        assert document is not None and document.text[chunk.start : chunk.end] == chunk.text
