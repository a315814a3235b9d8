"""How fast Graft searches many chunks, in how much memory, and how much of what is nearest its index finds.

    python -m benchmarks.search BEIR_FOLDER [--chunks 100000] [--index auto] [--home DIR]

Cuts the texts of a set into about so many pieces (overlapping ones of 20 words where the set is too short for that),
indexes them as a bot, graph included, and asks the questions of the set's first split in a process of its own, each
once: encode, dense, BM25, fusion, PageRank, and the text of ten passages. Then compares the ten vectors that the index
calls nearest with those that are. With --home the bot stays there and is not built again: a million pieces take an hour
or more.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import yaml

from benchmarks.rivals.harness import peak_memory
from chatbot import bots
from chatbot.bot import Bot
from chatbot.reply import Trace
from retrieval.beir import read_beir
from retrieval.document import Document

WORDS = 20
"""Least words in a piece."""
QUESTIONS, COMPARED = 200, 50
"""How many are asked, and of how many the nearest vectors are sought among all."""
BLOCK = 20_000


@dataclass(frozen=True)
class Report:
    """What asking measured: seconds, bytes, milliseconds a question by step, and the share found of what is nearest."""

    chunks: int
    opening: float
    memory: int
    times: dict[str, list[float]]
    recall: float


def main(beir: Path, chunks: int, kind: str, home: Path) -> None:
    """Build what is not there, measure, and print."""
    documents, questions, relevant = read_beir(beir, sorted(path.stem for path in beir.glob("qrels/*.tsv"))[0])
    folder = home / f"{beir.name}-{chunks}"
    if not folder.exists():
        write_bot(folder, documents, chunks)
    config = yaml.safe_load((folder / "bot.yaml").read_text(encoding="utf8"))
    config["retrieval"] = {"index": kind}
    (folder / "bot.yaml").write_text(yaml.safe_dump(config), encoding="utf8")
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-W", "ignore", "-m", "apps.main", "index", folder], check=True)
    print(f"indexed in {time.perf_counter() - begin:.0f} s")
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        report = alone.submit(ask, str(folder), [questions[id_] for id_ in list(relevant)[:QUESTIONS]]).result()
    print(f"{report.chunks:,} chunks, opened in {report.opening:.1f} s, {report.memory / 1e6:,.0f} MB resident")
    print(f"recall@10 of the nearest vectors: {report.recall:.3f}\n\n| step | p50, ms | p95, ms |\n|---|---:|---:|")
    for step, times in report.times.items():
        p50, p95 = np.percentile(times, [50, 95])
        print(f"| {step} | {p50:.1f} | {p95:.1f} |")


def write_bot(folder: Path, documents: Sequence[Document], chunks: int) -> None:
    """Write a bot whose documents are cut into about so many chunks: each paragraph is one."""
    words = [document.text.split() for document in documents]
    step = sum(map(len, words)) / chunks
    size = max(WORDS, round(step))
    (folder / "documents").mkdir(parents=True)
    for number, (document, text) in enumerate(zip(documents, words, strict=True)):
        starts = [round(piece * step) for piece in range(max(1, round(len(text) / step)))]
        pieces = [" ".join(text[start : start + size]).rstrip(".?!:;,") for start in starts if start < len(text)]
        whole = "\n\n".join([f"# {document.title}", *(f"{piece}." for piece in pieces)])
        (folder / "documents" / f"{number:06}.md").write_text(f"{whole}\n", encoding="utf8")
    knowledge = {"sources": ["documents"], "chunk": {"words": size, "overlap": 0}}
    (folder / "bot.yaml").write_text(yaml.safe_dump({"name": "search", "knowledge": knowledge}), encoding="utf8")


def ask(folder: str, questions: Sequence[str]) -> Report:
    """Open a built bot and ask; the first question is asked once more beforehand, to read in what all need."""
    begin = time.perf_counter()
    bot = Bot.open(bots.find(folder))
    opening = time.perf_counter() - begin
    bot.searcher.search(questions[0], 10)
    times: dict[str, list[float]] = {}
    for question in questions:
        trace = Trace()
        with trace.step("search"):
            bot.searcher.search(question, 10, trace)
        for step in trace:
            times.setdefault(step.step, []).append(step.ms)
    memory = peak_memory()
    return Report(len(bot.index.dense), opening, memory, times, recall(bot, questions[:COMPARED]))


def recall(bot: Bot, questions: Sequence[str]) -> float:
    """The mean share of the ten nearest chunks that are among the ten the dense index gives."""
    queries = bot.index.encoder.queries(questions)
    positions = bot.index.store.positions()
    best = np.empty((len(queries), 0)), np.empty((len(queries), 0), np.int64)
    for begin in range(0, len(positions), BLOCK):
        some = positions[begin : begin + BLOCK]
        cosines = np.hstack([best[0], [bot.index.dense.cosines(query, some) for query in queries]])
        of = np.hstack([best[1], np.tile(some, (len(queries), 1))])
        order = np.argsort(-cosines, axis=1)[:, :10]
        best = np.take_along_axis(cosines, order, 1), np.take_along_axis(of, order, 1)
    found = bot.index.dense.search_all(queries, 10)
    return float(np.mean([len(np.intersect1d(near, one)) / 10 for near, (one, _) in zip(best[1], found, strict=True)]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("beir", type=Path, metavar="BEIR_FOLDER")
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--index", default="auto", help="flat, hnsw, ivf, ivfpq or auto")
    parser.add_argument("--home", type=Path, metavar="DIR")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        os.environ.setdefault("GRAFT_HOME", str(given.home or temporary))
        main(given.beir, given.chunks, given.index, given.home or Path(temporary))
