"""The graph in the bot's SQLite database, beside the documents it comes from, and the sparse matrix for ranking."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
from scipy import sparse

from knowledge_graph import entries, extraction, holders, readings, resolution, tallies, update, upkeep
from knowledge_graph.facts import Fact, Node
from retrieval.store import Store

SCHEMA = (
    readings.SCHEMA
    + """CREATE VIEW aliases AS SELECT l.key AS key, n.id AS node FROM lexicon l JOIN nodes n ON n.key = l.target
    WHERE l.target != l.key;"""
    + "".join(part.SCHEMA for part in (tallies, entries, resolution, holders, extraction, upkeep, update))
)
"""Of the graph and of what keeps it up to date, beside the tables of `retrieval.store`."""
TOPIC_WEIGHT = 3.0
"""A chunk whose title or heading names an entity is about it."""


def save_matrix(store: Store, folder: Path) -> None:
    """Write the matrix that ranking walks on: chunks × nodes, by position and number; what is not there is empty.

    A node that a chunk names weighs log(1 + chunks / chunks that name it), `TOPIC_WEIGHT` times that as its topic.
    """
    with store.lock:
        rows = store.connection.execute("SELECT chunk, node, topic FROM mentions ORDER BY chunk, node")
        chunks, numbers, topics = np.fromiter(chain.from_iterable(rows), dtype=np.int32).reshape(-1, 3).T
    shape = _shape(store)
    rarity = np.log1p(store.count() / np.maximum(np.bincount(numbers, minlength=shape[1]), 1))
    weights = (rarity[numbers] * np.where(topics, TOPIC_WEIGHT, 1.0)).astype(np.float32)
    matrix = sparse.csr_matrix((weights, (chunks, numbers)), shape=shape)
    sparse.save_npz(folder / "graph.npz", matrix, compressed=False)


def load_matrix(folder: Path, store: Store) -> sparse.csr_matrix:
    """Chunks × nodes: how strongly each chunk is tied to each entity.

    Raises:
        ValueError: It is of another size than the store.
    """
    matrix = sparse.load_npz(folder / "graph.npz").tocsr()
    if matrix.shape != _shape(store):
        raise ValueError(f"the files in {folder} are of different builds")
    return matrix


def _shape(store: Store) -> tuple[int, int]:
    """One more than the last chunk's position and the last node's number."""
    sql = "SELECT ifnull(max(position) + 1, 0), (SELECT ifnull(max(id) + 1, 0) FROM entities) FROM chunks"
    rows, columns = store.rows(sql)[0]
    return rows, columns


def nodes(store: Store) -> list[tuple[int, Node]]:
    """Every node with its number."""
    return [(row[0], Node(*row[1:])) for row in store.rows("SELECT id, key, label, kind FROM nodes ORDER BY key")]


def find_nodes(store: Store, keys: list[str]) -> dict[str, int]:
    """Numbers of the nodes with one of these keys or aliases, by the key given."""
    marks = ",".join("?" * len(keys))
    sql = f"SELECT key, node FROM aliases WHERE key IN ({marks}) UNION SELECT key, id FROM nodes WHERE key IN ({marks})"
    return dict(store.rows(sql, keys * 2)) if keys else {}


def facts_of_chunks(store: Store, chunk_ids: list[str]) -> list[tuple[Fact, str, str]]:
    """Facts that any of these chunks states, each with the kinds of its subject and object."""
    marks = ",".join("?" * len(chunk_ids))
    sql = f"""
        SELECT s.label, e.relation, o.label, s.kind, o.kind, group_concat(c.id, char(31)) FROM edges e
        JOIN nodes s ON s.id = e.subject JOIN nodes o ON o.id = e.object
        JOIN edge_chunks ec ON ec.edge = e.id JOIN chunks c ON c.position = ec.chunk
        WHERE c.id IN ({marks}) GROUP BY e.id ORDER BY s.key, e.relation, o.key"""
    return [
        (Fact(row[0], row[1], row[2], tuple(sorted(row[5].split("\x1f")))), row[3], row[4])
        for row in store.rows(sql, chunk_ids)
    ]
