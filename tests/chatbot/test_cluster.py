"""Indexing on a Ray cluster of several nodes: the same index, whoever dies on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import astuple
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread, Timer
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adapters import find_adapter, locate
from adapters.backbone import files_of
from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.build import build
from chatbot.home import read_manifest
from retrieval.cluster import connected
from retrieval.cluster.reader import _examination
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.vector_cache import VectorCache
from tests.chatbot.small_bot import DOCUMENTS, FAQ, write_bot

pytest.importorskip("ray.data")

ROOT = Path(__file__).parents[2]
GRAFT = [sys.executable, "-c", "from chatbot.cli.main import main; main()"]
WITHOUT_RAY = [sys.executable, "-c", "import sys; sys.modules['ray'] = None; from chatbot.cli.main import main; main()"]
DRIVER = [sys.executable, "-m", "tests.chatbot.cluster_driver"]
IDLE = """
import ray, sys, time
ray.init(sys.argv[1], log_to_driver=False)
until = time.monotonic() + 20
while ray.available_resources().get("CPU") != ray.cluster_resources()["CPU"]:
    assert time.monotonic() < until
    time.sleep(0.2)
"""
WITHOUT_GRAFT = """
import sys
from ray.cloudpickle import loads
sys.modules["retrieval"] = None
print(loads(sys.stdin.buffer.read())("default", ""))
"""
MEMORY = 80 * 2**20
PAGES = 24


class Nodes:
    """A head that does no work, and nodes of one core each."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 0, "object_store_memory": MEMORY, "include_dashboard": False}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.address = f"127.0.0.1:{self.cluster.address.rpartition(':')[2]}"
        self.workers: list[Any] = []

    def add(self) -> None:
        self.workers.append(self.cluster.add_node(num_cpus=1, object_store_memory=MEMORY))

    def kill_first(self) -> None:
        self.cluster.remove_node(self.workers.pop(0), allow_graceful=False)


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    nodes = Nodes()
    nodes.add()
    yield nodes
    nodes.cluster.shutdown()


@pytest.fixture
def source(tmp_path: Path) -> BotSource:
    """A bot of a few dozen documents, a FAQ, a duplicate and two files that cannot be read."""
    documents = {
        f"sub/page{number}.md": f"# Page {number}\n\n"
        + " ".join(f"Locker {number}-{i} holds item {i}." for i in range(30))
        for number in range(PAGES)
    }
    documents |= DOCUMENTS | {
        "twice.md": DOCUMENTS["cards.md"],
        "broken.pdf": "%PDF-1.7 and no more",
        "empty.txt": "",
    }
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "faq.csv").write_text(FAQ, encoding="utf8")
    return write_bot(tmp_path / "bot", documents, faq="faq.csv")


@pytest.fixture
def local(source: BotSource, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bot:
    """The same bot built without a cluster, in a home of its own."""
    home = BotSource(source.config, tmp_path / "local")
    with monkeypatch.context() as patch:
        patch.setenv("GRAFT_HOME", str(tmp_path / "other-home"))
        build(home, encoder=encoder)
    return Bot.open(home, encoder)


def start(command: list[str], *arguments: object) -> subprocess.Popen[str]:
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([*command, *map(str, arguments)], cwd=ROOT, text=True, **pipes)


def report(process: subprocess.Popen[str], say: str = "") -> dict[str, Any]:
    out, errors = process.communicate(say, timeout=120)
    assert process.returncode == 0, errors
    return dict(json.loads(out))


def held(command: list[str], *arguments: object) -> subprocess.Popen[str]:
    process = start(command, *arguments)
    assert process.stdout and process.stderr
    too_late = Timer(60, process.kill)
    too_late.start()
    assert process.stdout.readline() == "held\n", process.stderr.read()
    too_late.cancel()
    return process


def contents(bot: Bot) -> dict[str, Any]:
    """All that an index holds, but for its vectors and the order in which files came."""
    store = bot.index.store
    graph = bot.graph.networkx
    columns = "id, title, text, source, metadata, date, language, size, digest"
    of_chunks = "c.id, c.start, c.end, c.section, c.header, c.digest, b.terms"
    return {
        "documents": sorted(store.rows(f"SELECT {columns} FROM documents")),
        "chunks": sorted(store.rows(f"SELECT {of_chunks} FROM chunks c JOIN bags b ON b.position = c.position")),
        "faq": store.faq(),
        "nodes": {name: (data["kind"], sorted(data["chunks"])) for name, data in graph.nodes(data=True)},
        "edges": sorted((u, d["relation"], v, sorted(d["chunks"])) for u, v, d in graph.edges(data=True)),
        "failed": read_manifest(bot.home).failed,
    }


def cached(home: Path, digests: list[bytes]) -> NDArray[np.float32]:
    (file,) = (home / "vectors").glob("*.db")
    with closing(VectorCache(file, 384)) as cache:
        found = cache.get(digests)
    return np.stack([found[key] for key in digests])


def assert_same(bot: Bot, local: Bot, encoder: Encoder) -> None:
    ours, theirs = contents(bot), contents(local)
    for name in theirs:
        assert ours[name] == theirs[name], name
    digests = [key for (key,) in bot.index.store.rows("SELECT digest FROM chunks")]
    vectors = [cached(home, digests) for home in (Path(os.environ["GRAFT_HOME"]), local.home.parent / "other-home")]
    assert vectors[0].shape == vectors[1].shape == (len(digests), encoder.backbone.spec.dimension)
    assert (np.sum(vectors[0] * vectors[1], axis=1) > 0.9999).all()
    for question in ("What does a replacement card cost?", "Which item does locker 7-3 hold?"):
        found = [
            [(p.chunk.id, round(p.score, 3)) for p in b.searcher.search(question, 5).passages] for b in (bot, local)
        ]
        assert found[0] == found[1]


def test_the_index_of_a_cluster_equals_a_local_one(
    nodes: Nodes, source: BotSource, local: Bot, encoder: Encoder
) -> None:
    folder = source.config.folder
    process = start(GRAFT, "index", folder, "--ray", nodes.address)
    out, errors = process.communicate(timeout=120)
    failed = read_manifest(local.home).failed
    assert set(failed) == {"broken.pdf", "empty.txt"}
    unread = "".join(f"not read: {name}: {reason}\n" for name, reason in failed.items())
    assert (process.returncode, errors) == (1, unread) and out.startswith(f"{PAGES + 5} documents, ")
    assert_same(Bot.open(source, encoder), local, encoder)

    edited = folder / "knowledge" / "sub" / "page7.md"
    edited.write_text(edited.read_text("utf8").replace("item 3.", "a violin."), "utf8")
    for name in ("broken.pdf", "empty.txt"):
        (folder / "knowledge" / name).unlink()
    assert report(start(DRIVER, folder, nodes.address)) == {"sent": ["sub/page7.md"], "failed": {}}
    assert "violin" in Bot.open(source, encoder).searcher.search("Who holds a violin?", 1).passages[0].chunk.text
    before = read_manifest(source.home)
    assert report(start(DRIVER, folder, nodes.address))["sent"] == []
    assert read_manifest(source.home) == before


def test_a_node_may_die_with_the_work_it_did(nodes: Nodes, source: BotSource, local: Bot, encoder: Encoder) -> None:
    process = held(DRIVER, source.config.folder, nodes.address, 8)
    assert len(nodes.workers) == 1, "the only node that could have worked is the one that dies"
    nodes.add()
    nodes.kill_first()
    assert set(report(process, "\n")["failed"]) == {"broken.pdf", "empty.txt"}
    assert_same(Bot.open(source, encoder), local, encoder)


def test_a_killed_build_is_taken_up(nodes: Nodes, source: BotSource, local: Bot, encoder: Encoder) -> None:
    process = held(DRIVER, source.config.folder, nodes.address, 20)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    sent = report(start(DRIVER, source.config.folder, nodes.address))["sent"]
    assert len(sent) == PAGES + 7 - 16, "what was committed is not sent again"
    assert_same(Bot.open(source, encoder), local, encoder)


def test_a_document_that_crashes_its_reader_is_named(nodes: Nodes, tmp_path: Path) -> None:
    source = write_bot(tmp_path, DOCUMENTS | {"crash.md": "# Crash\n\nNo more."})
    found = report(start(DRIVER, tmp_path, nodes.address, 0, "crash.md"))["failed"]
    assert list(found) == ["crash.md"] and found["crash.md"].startswith("what reads it on the cluster breaks down")
    assert read_manifest(source.home).documents == len(DOCUMENTS)


def test_an_interrupted_build_leaves_nothing_running(nodes: Nodes, source: BotSource) -> None:
    process = held(DRIVER, source.config.folder, nodes.address, 8)
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=60)[1]
    subprocess.run([sys.executable, "-c", IDLE, nodes.address], check=True, timeout=60)


@pytest.mark.parametrize(
    ("command", "address", "message"),
    [
        (GRAFT, "127.0.0.1:1", "no Ray cluster answers at 127.0.0.1:1: connection refused"),
        (GRAFT, "somewhere", "--ray must be auto, local or HOST:PORT, got 'somewhere'"),
        (WITHOUT_RAY, "auto", "--ray needs the ray extra: pip install 'graft-bots[ray]'"),
    ],
)
def test_what_cannot_begin_is_one_line_and_changes_nothing(
    source: BotSource, encoder: Encoder, command: list[str], address: str, message: str
) -> None:
    build(source, encoder=encoder)
    before = sorted(source.home.rglob("*"))
    write_bot(source.config.folder, {"new.md": "# New\n\nThe ferry leaves at noon."}, faq="faq.csv")
    process = start(command, "index", source.config.folder, "--ray", address)
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, out, errors) == (2, "", f"error: {message}\n")
    assert sorted(source.home.rglob("*")) == before
    assert Bot.open(source, encoder).searcher.search("replacement card cost", 1).passages


def test_something_else_than_ray_is_told_at_once(source: BotSource) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with (
            pytest.raises(GraftError, match="something else than Ray does"),
            connected(f"127.0.0.1:{server.server_port}"),
        ):
            pytest.fail("connected")
        server.shutdown()


def test_a_machine_that_differs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray.cloudpickle import dumps

    examine = _examination()
    assert examine("default", locate("default").fingerprint) == ""
    assert examine("default", "another") == "has another model at default; copy the encoder's folder there"
    adapter = find_adapter("default", "matcher")
    assert examine("default", files_of("default", adapter).fingerprint, astuple(adapter)) == ""
    assert examine("/nowhere", "").startswith("cannot load the encoder /nowhere: ")
    command = [sys.executable, "-c", WITHOUT_GRAFT]
    told = subprocess.run(command, input=dumps(examine), capture_output=True, check=True).stdout.decode()
    assert told.startswith("lacks Graft (") and "; install graft-bots " in told
    monkeypatch.setattr("importlib.metadata.version", lambda name: "9.9")
    assert examine("default", "").startswith("has graft-bots 9.9, this one has ")
