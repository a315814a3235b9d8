"""How long ranking through the graph takes, and in how much memory: `GraphRanker.rank` alone, after retrieval.

    python -m benchmarks.walk [--edges 1000000] [--questions 200]

Makes graphs with a tenth as many chunks as edges, an edge being that a chunk names an entity. In the first, how many
chunks name an entity follows Zipf's law; the walk leaves its hubs out. In the second every entity is named by as many
chunks as the walk just takes: the most work that so many edges can make. A question names two entities of one chunk;
retrieval's hits are chunks that name them and others drawn at random. Each graph is opened and asked in a process of
its own, and `resident` is all memory of that process at its peak.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.rivals.harness import peak_memory
from knowledge_graph.names import key_of
from knowledge_graph.rank import HUB, GraphRanker
from knowledge_graph.store import SCHEMA, load_matrix, save_matrix
from retrieval.index import CANDIDATES
from retrieval.ingest import connect, seal
from retrieval.store import DATABASE, Store

TIES = 10
"""Entities that a chunk names on average."""
WARM = 5
"""Questions asked before the clock runs."""
SYLLABLES = [first + second for first in "bdfgklmnprtv" for second in ("al", "en", "or", "ir", "um")]

Numbers = NDArray[np.int64]


def main(edges: int, questions: int) -> None:
    """Make the graphs, measure, and print."""
    print("| graph | edges | entities | p50, ms | p95, ms | worst, ms | resident, MB |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    chunks = edges // TIES
    ranks = np.arange(1, chunks + 1)
    zipf = np.minimum(np.ceil(edges / (1 / ranks).sum() / ranks), chunks).astype(np.int64)
    widest = np.full(edges // HUB, HUB)
    for kind, sizes in (("Zipf", zipf[: np.searchsorted(zipf.cumsum(), edges) + 1]), ("widest", widest)):
        with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, get_context("spawn")) as alone:
            write(Path(folder), chunks, sizes)
            times, memory = alone.submit(ask, Path(folder), questions).result()
            p50, p95, worst = np.percentile(times, [50, 95, 100])
            counts = f"{sizes.sum():,} | {len(sizes):,}"
            print(f"| {kind} | {counts} | {p50:.1f} | {p95:.1f} | {worst:.1f} | {memory / 1e6:,.0f} |", flush=True)


def write(folder: Path, chunks: int, sizes: Numbers) -> None:
    """Write the database and the matrix of a bot, each entity named by so many chunks."""
    chance = np.random.default_rng(0)
    connection = connect(folder / DATABASE, SCHEMA)
    connection.execute("INSERT INTO documents VALUES ('d', 'd', 'd', '', '{}', '', 'en', 0, 0, '')")
    cut = ((number, f"d#{number}") for number in range(chunks))
    connection.executemany("INSERT INTO chunks VALUES (?, ?, 'd', 0, 0, '', '', x'')", cut)
    called = [(number, key_of(name(number)), name(number)) for number in range(len(sizes))]
    connection.executemany("INSERT INTO entities VALUES (?, ?, ?, 'name', 0, 1)", called)
    connection.executemany(
        "INSERT INTO lexicon VALUES (?, ?, ?, 'name', 1)", ((key, key, label) for _, key, label in called)
    )
    for number, size in enumerate(sizes.tolist()):
        naming = chance.choice(chunks, size, replace=False).tolist()
        connection.executemany("INSERT INTO mentions VALUES (?, ?, 1, 0)", ((chunk, number) for chunk in naming))
    seal(connection)
    save_matrix(Store(folder / DATABASE), folder)


def name(number: int) -> str:
    """A made-up name of two words, its own for each number."""
    parts = [SYLLABLES[number // len(SYLLABLES) ** power % len(SYLLABLES)] for power in range(4)]
    return "{}{} {}{}".format(*parts).title()


def ask(folder: Path, questions: int) -> tuple[list[float], int]:
    """Open a graph and rank: milliseconds a question, and bytes of memory."""
    store = Store(folder / DATABASE)
    ranker = GraphRanker(load_matrix(folder, store), store)
    times = []
    for question, positions, fused, cosines in asked(store, questions + WARM):
        begin = time.perf_counter()
        ranking = ranker.rank(question, positions, fused, cosines)
        times.append(1000 * (time.perf_counter() - begin))
        assert ranking.link.any() and ranking.walk.any()
    return times[WARM:], peak_memory()


def asked(store: Store, count: int) -> Iterator[tuple[str, Numbers, NDArray[np.float32], NDArray[np.float32]]]:
    """Questions, each with the positions, fused scores and cosines of what retrieval would find."""
    chance = np.random.default_rng(1)
    nodes = store.numbers("SELECT node FROM mentions GROUP BY node HAVING count(*) BETWEEN 2 AND ?", [HUB])
    for node in chance.choice(nodes, count).tolist():
        naming = store.numbers("SELECT chunk FROM mentions WHERE node = ? LIMIT 3", [node])
        other = store.numbers("SELECT node FROM mentions WHERE chunk = ? AND node != ?", [int(naming[0]), node])
        beside = name(int(chance.choice(other))) if len(other) else "anyone"
        positions = np.union1d(naming, chance.choice(store.size(), 2 * CANDIDATES, replace=False))
        fused = np.where(np.isin(positions, naming), 1.0, 0.8) * chance.random(len(positions))
        cosines = 0.2 + 0.5 * fused + chance.normal(0, 0.05, len(positions))
        question = f"In which year did {name(node)} first agree to work for {beside}, and who was told of it?"
        yield question, positions, fused.astype(np.float32), cosines.astype(np.float32)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=200)
    given = parser.parse_args()
    main(given.edges, given.questions)
