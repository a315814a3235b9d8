"""What is done to blocks of files on their way through the cluster; nothing here knows of Ray.

A block is an Arrow table with a row for each file. `number` says which; `reason` why it cannot be read, empty where it
can. The rest changes from stage to stage.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adapters import Adapter
from retrieval.document import Chunk, Document
from retrieval.encoder import Encoder
from retrieval.errors import UnreadableFile
from retrieval.ingest import indexed_text
from retrieval.loaders import parse, read_bytes
from retrieval.reading import Cutting, File, Outcome
from retrieval.vector_cache import VectorCache, digest

if TYPE_CHECKING:
    from pyarrow import Table

DIGEST = 16
"""Bytes of a text's digest."""

Row = dict[str, Any]


def file_row(number: int, file: File) -> Row:
    """A file before the first stage."""
    return {"number": number, "path": os.fsencode(file.path), "root": os.fsencode(file.root)}


def read_block(block: Table) -> Iterator[Table]:
    """Adds `data`, what the files hold; one file at a time, so that few are in memory."""
    for row in block.to_pylist():
        yield _table([_tried(row, {"data": b""}, lambda row: {"data": read_bytes(_path(row["path"]))})])


def cut_block(block: Table, words: int, overlap: int) -> Table:
    """Replaces `data` by `cut`, document and chunks as JSON, and `texts`, what is encoded for them, by digest."""
    cutting = Cutting(words, overlap)

    def cut(row: Row) -> Row:
        document = parse(row["data"], _path(row["path"]), _path(row["root"]))
        chunks = cutting(document)
        texts = [indexed_text(document.title, chunk) for chunk in chunks]
        return {
            "cut": _json([asdict(document), [astuple(chunk) for chunk in chunks]]),
            "texts": _json({digest(text).hex(): text for text in texts}),
        }

    rows = [_tried(row, {"cut": b"", "texts": b"{}"}, cut) for row in block.to_pylist()]
    return _table([{key: row[key] for key in ("number", "reason", "cut", "texts")} for row in rows])


def keep_new(block: Table, path: Path | None, dimension: int) -> Table:
    """Leaves out of `texts` those whose vectors are in a cache.

    Args:
        path, dimension: As `VectorCache` takes them.
    """
    cache = VectorCache(path, dimension)
    rows = block.to_pylist()
    for row in rows:
        texts = json.loads(row["texts"])
        known = cache.known([bytes.fromhex(key) for key in texts])
        row["texts"] = _json({key: text for key, text in texts.items() if bytes.fromhex(key) not in known})
    return _table(rows)


class Encode:
    """Replaces `texts` by `digests` and `vectors`, one after the other in half precision, as the cache keeps them.

    Args:
        encoder: Its name.
        adapter: Merged into it.
    """

    def __init__(self, encoder: str, adapter: Adapter | None) -> None:
        self._encoder = Encoder.load(encoder, adapter)

    def __call__(self, block: Table) -> Table:
        """The last block."""
        rows = block.to_pylist()
        texts = [json.loads(row.pop("texts")) for row in rows]
        new = {key: text for of_row in texts for key, text in of_row.items()}
        vectors = dict(zip(new, self._encoder.documents(list(new.values())).astype("<f2"), strict=True))
        for row, of_row in zip(rows, texts, strict=True):
            row["digests"] = bytes.fromhex("".join(of_row))
            row["vectors"] = b"".join(vectors[key].tobytes() for key in of_row)
        return _table(rows)


def outcome(row: Row) -> Outcome:
    """What became of a file, told by its row after the last stage."""
    if row["reason"]:
        return UnreadableFile(row["reason"])
    document, chunks = json.loads(row["cut"])
    return Document(**document), [Chunk(*chunk) for chunk in chunks]


def keep_vectors(rows: list[Row], cache: VectorCache) -> None:
    """Put the vectors of rows after the last stage into a cache."""
    digests = b"".join(row["digests"] for row in rows)
    vectors = np.frombuffer(b"".join(row["vectors"] for row in rows), dtype="<f2").reshape(-1, cache.dimension)
    if digests:
        keys = [digests[at : at + DIGEST] for at in range(0, len(digests), DIGEST)]
        cache.add(keys, vectors.astype(np.float32))


def _tried(row: Row, otherwise: Row, change: Callable[[Row], Row]) -> Row:
    """A row with what a change gives, or with the reason why it gives nothing."""
    if row.get("reason"):
        return {**row, **otherwise}
    try:
        return {**row, **change(row), "reason": ""}
    except UnreadableFile as error:
        return {**row, **otherwise, "reason": str(error)}


def _path(name: bytes) -> Path:
    return Path(os.fsdecode(name))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _table(rows: list[Row]) -> Table:
    """Rows as a table whose columns have the same types in every block."""
    import pyarrow

    kinds = {int: pyarrow.int64(), str: pyarrow.string(), bytes: pyarrow.large_binary()}
    return pyarrow.Table.from_pylist(rows, pyarrow.schema({key: kinds[type(rows[0][key])] for key in rows[0]}))
