"""Whether an index survives being killed: a builder is killed again and again while its documents change.

    python -m benchmarks.kills BEIR_FOLDER [--kills 100] [--documents 300] [--seed 0]

Each round changes, adds, moves and deletes some documents, starts `graft index`, or by chance a program that
brings a document (`BotIndex`), and kills it (SIGKILL) at a moment drawn from the time that a whole update takes. After
each kill the index in use must be whole, every file by its checksum, the database by its own check, and must answer.
Every tenth round, and at the end, the update is let finish, and the index must hold just the documents that there are,
each text whole; of a program that was killed, the document or none.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from chatbot import bots
from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.checksums import check
from chatbot.home import read_manifest
from retrieval.beir import read_beir
from retrieval.encoder import Encoder
from retrieval.store import DATABASE

GRAFT = [sys.executable, "-W", "ignore", "-c", "from chatbot.cli.main import main; main()", "index"]
BRING = """
import sys
from chatbot import bots
from chatbot.langchain_index import BotIndex
from langchain_core.documents import Document
BotIndex(source=bots.find(sys.argv[1])).upsert([Document(sys.argv[3], id=sys.argv[2])])
"""
FINISHED_EVERY = 10


def main(beir: Path, kills: int, count: int, seed: int) -> None:
    """Kill, check, and print what came of it."""
    rng = random.Random(seed)
    if not beir.is_dir():
        raise SystemExit(f"error: {beir} is no BEIR folder")
    documents, *_ = read_beir(beir, sorted(path.stem for path in beir.glob("qrels/*.tsv"))[0])
    texts = iter([f"# {document.title}\n\n{document.text}\n" for document in documents])
    encoder = Encoder.load()
    with tempfile.TemporaryDirectory() as folder:
        source = _make(Path(folder) / "bot", texts, count)
        _index(source)
        brought: dict[str, str] = {}  # texts by id
        finished: set[str] = set()  # ids of those whose program was not killed
        corrupt = lost = done = 0
        longest = 1.0
        number = 0
        while done < kills:
            number += 1
            _change(source, texts, rng)
            command = [*GRAFT, str(source.config.folder)]
            if bringing := rng.choice(["", f"brought-{number}"]):
                brought[bringing] = next(texts)
                command = [sys.executable, "-c", BRING, str(source.config.folder), bringing, brought[bringing]]
            begin = time.monotonic()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                if process.wait(rng.uniform(0.3, longest)):
                    raise SystemExit(f"failed: {command[:3]}")
                finished |= {bringing} - {""}
                longest = max(longest, time.monotonic() - begin)  # it was done before it could be killed
                continue
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            done += 1
            longest *= 1.05
            corrupt += not _whole(source, encoder)
            if done % FINISHED_EVERY == 0:
                subprocess.run(command, check=True, capture_output=True)
                finished |= {bringing} - {""}
                _index(source)
                lost += _lost(source, brought, finished)
                print(f"{done} kills, {corrupt} corrupt states, {lost} documents lost", flush=True)
        _index(source)
        lost += _lost(source, brought, finished)
        corrupt += not _whole(source, encoder)
        print(
            f"{kills} kills: {corrupt} corrupt states, {lost} documents lost or wrong; "
            f"programs brought {len(finished)} documents before they were killed"
        )
        shutil.rmtree(source.home)


def _make(folder: Path, texts: Iterator[str], count: int) -> BotSource:
    (folder / "knowledge").mkdir(parents=True)
    (folder / "bot.yaml").write_text("name: kills\nknowledge:\n  sources: [knowledge/]\n", encoding="utf8")
    for number in range(count):
        (folder / "knowledge" / f"{number:05}.md").write_text(next(texts), encoding="utf8")
    return bots.find(str(folder))


def _index(source: BotSource) -> None:
    subprocess.run([*GRAFT, str(source.config.folder)], check=True, capture_output=True)


def _change(source: BotSource, texts: Iterator[str], rng: random.Random) -> None:
    """Edit three documents, add two, move one and delete two."""
    knowledge = source.config.folder / "knowledge"
    paths = rng.sample(sorted(knowledge.iterdir()), 6)
    for path in paths[:3]:
        path.write_text(f"{path.read_text(encoding='utf8')}\nChanged {rng.random()}.\n", encoding="utf8")
    for _ in range(2):
        (knowledge / f"new-{rng.getrandbits(40):010x}.md").write_text(next(texts), encoding="utf8")
    paths[3].rename(knowledge / f"moved-{rng.getrandbits(40):010x}.md")
    for path in paths[4:]:
        path.unlink()


def _whole(source: BotSource, encoder: Encoder) -> bool:
    """Whether the index in use is sound and answers."""
    build = source.home / "builds" / read_manifest(source.home).build
    try:
        check(build, thorough=True)
        with closing(sqlite3.connect(f"{(build / DATABASE).as_uri()}?mode=ro", uri=True)) as connection:
            sound = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            linked = not connection.execute("PRAGMA foreign_key_check").fetchall()
        found = Bot.open(source, encoder).searcher.search("What are the symptoms?", 5).passages
    except (OSError, ValueError, sqlite3.Error) as error:
        print(f"corrupt: {error}", flush=True)
        return False
    return sound and linked and len(found) == 5


def _lost(source: BotSource, brought: dict[str, str], finished: set[str]) -> int:
    """How many documents the index lacks or holds otherwise, or holds though they are gone.

    Args:
        brought: Texts that programs brought, by id.
        finished: Those of them that a program was not killed over.
    """
    build = source.home / "builds" / read_manifest(source.home).build
    wanted = {path.name: path.read_text(encoding="utf8") for path in (source.config.folder / "knowledge").iterdir()}
    with closing(sqlite3.connect(f"{(build / DATABASE).as_uri()}?mode=ro", uri=True)) as connection:
        held = dict(connection.execute("SELECT id, text FROM documents"))
        cut = {row[0] for row in connection.execute("SELECT DISTINCT document_id FROM chunks")}
    wanted |= {name: text for name, text in brought.items() if name in finished or name in held}
    wrong = [name for name in held.keys() & wanted if held[name].split() != wanted[name].split() or name not in cut]
    return len(held.keys() ^ wanted.keys()) + len(wrong)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("beir", type=Path, metavar="BEIR_FOLDER")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    main(given.beir, given.kills, given.documents, given.seed)
