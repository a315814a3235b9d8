"""The graph in the bot's SQLite database, beside the documents it comes from, and the sparse matrix for ranking."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import sparse

from knowledge_graph.build import Extraction
from knowledge_graph.facts import Fact, Node
from retrieval.store import Store

SCHEMA = """
CREATE TABLE nodes (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, label TEXT NOT NULL, kind TEXT NOT NULL) STRICT;
CREATE TABLE aliases (key TEXT PRIMARY KEY, node INTEGER NOT NULL REFERENCES nodes ON DELETE CASCADE) STRICT;
CREATE TABLE mentions (
    node INTEGER NOT NULL REFERENCES nodes ON DELETE CASCADE,
    chunk INTEGER NOT NULL REFERENCES chunks ON DELETE CASCADE, count INTEGER NOT NULL, PRIMARY KEY (node, chunk)
) STRICT, WITHOUT ROWID;
CREATE TABLE edges (
    id INTEGER PRIMARY KEY, subject INTEGER NOT NULL REFERENCES nodes ON DELETE CASCADE, relation TEXT NOT NULL,
    object INTEGER NOT NULL REFERENCES nodes ON DELETE CASCADE
) STRICT;
CREATE TABLE edge_chunks (
    edge INTEGER NOT NULL REFERENCES edges ON DELETE CASCADE,
    chunk INTEGER NOT NULL REFERENCES chunks ON DELETE CASCADE, PRIMARY KEY (edge, chunk)
) STRICT, WITHOUT ROWID;
CREATE INDEX edges_of_subject ON edges (subject);
CREATE INDEX edges_of_object ON edges (object);
CREATE INDEX edges_of_chunk ON edge_chunks (chunk);
"""
DROP = "".join(f"DROP TABLE IF EXISTS {name};" for name in ("edge_chunks", "edges", "mentions", "aliases", "nodes"))
TOPIC_WEIGHT = 3.0
"""A chunk whose title or heading names an entity is about it."""


def save(graph: Extraction, connection: sqlite3.Connection, positions: Sequence[int], folder: Path) -> None:
    """Write a graph's tables into a database, and the matrix that ranking walks on into `folder`.

    Args:
        positions: Of the chunks that the graph was extracted from.
    """
    used = {key for found in graph.mentions for key in found} | {key for topics in graph.topics for key in topics}
    used |= {key for triple in graph.triples for key in (triple.subject, triple.object)}
    ids = {key: number for number, key in enumerate(key for key in graph.nodes if key in used)}
    connection.executescript(f"{DROP} {SCHEMA}")
    with connection:
        connection.executemany(
            "INSERT INTO nodes VALUES (?, ?, ?, ?)",
            ((ids[key], key, graph.nodes[key].label, graph.nodes[key].kind) for key in ids),
        )
        connection.executemany(
            "INSERT OR IGNORE INTO aliases VALUES (?, ?)",
            ((alias, ids[key]) for alias, key in graph.aliases.items() if key in ids),
        )
        connection.executemany(
            "INSERT INTO mentions VALUES (?, ?, ?)",
            (
                (ids[k], chunk, n)
                for chunk, found in zip(positions, graph.mentions, strict=True)
                for k, n in found.items()
            ),
        )
        for number, (triple, chunks) in enumerate(graph.triples.items()):
            row = (number, ids[triple.subject], triple.relation, ids[triple.object])
            connection.execute("INSERT INTO edges VALUES (?, ?, ?, ?)", row)
            connection.executemany(
                "INSERT INTO edge_chunks VALUES (?, ?)", ((number, positions[chunk]) for chunk in chunks)
            )
    sparse.save_npz(folder / "graph.npz", _matrix(graph, ids, positions), compressed=False)


def load_matrix(folder: Path, store: Store) -> sparse.csr_matrix:
    """Chunks × nodes: how strongly each chunk is tied to each entity.

    Raises:
        ValueError: It is of another size than the store.
    """
    matrix = sparse.load_npz(folder / "graph.npz").tocsr()
    if matrix.shape != (store.size(), store.rows("SELECT count(*) FROM nodes")[0][0]):
        raise ValueError(f"the files in {folder} are of different builds")
    return matrix


def _matrix(graph: Extraction, ids: dict[str, int], positions: Sequence[int]) -> sparse.csr_matrix:
    spread = np.zeros(len(ids))
    for found, topics in zip(graph.mentions, graph.topics, strict=True):
        for key in found.keys() | topics:
            spread[ids[key]] += 1
    rows, columns, weights = [], [], []
    for chunk, found, topics in zip(positions, graph.mentions, graph.topics, strict=True):
        for key in found.keys() | topics:
            rows.append(chunk)
            columns.append(ids[key])
            rarity = np.log1p(len(graph.mentions) / spread[ids[key]])
            weights.append(rarity * (TOPIC_WEIGHT if key in topics else 1.0))
    shape = (max(positions, default=-1) + 1, len(ids))
    return sparse.csr_matrix((np.array(weights, dtype=np.float32), (rows, columns)), shape=shape)


def nodes(store: Store) -> list[tuple[int, Node]]:
    """Every node with its number."""
    return [(row[0], Node(*row[1:])) for row in store.rows("SELECT id, key, label, kind FROM nodes ORDER BY id")]


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
        WHERE c.id IN ({marks}) GROUP BY e.id ORDER BY e.id"""
    return [
        (Fact(row[0], row[1], row[2], tuple(row[5].split("\x1f"))), row[3], row[4])
        for row in store.rows(sql, chunk_ids)
    ]
