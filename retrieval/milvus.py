"""Vectors in Milvus: a server, a cluster, or a file (Milvus Lite).

A collection is written once and never changed, so whoever reads an older build is not disturbed. A build has at most
two: the base, and a patch of the vectors that came since. What has gone from the base is left out of every search; once
much has gone or come, a new base is written. Which chunk each row belongs to is kept in the build's folder.

A collection's name carries the mark of the home it was written for. A build first drops those with its mark that no
published build names: what a killed build left, and what the readers of the build before had time to leave. A copy of a
bot has another mark: it reads what the original wrote, and drops nothing of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import re
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from retrieval.dense import FLAT_UP_TO, IndexKind
from retrieval.milvus_base import Base, chosen, compared, keys_of
from retrieval.milvus_client import connect, place, plainly
from retrieval.milvus_index import LISTED, MilvusIndex, Part, index_params
from retrieval.vectors import VectorsMissing

if TYPE_CHECKING:
    from pymilvus import MilvusClient

RECORD = "milvus.json"
"""Which collections a build has."""
PATCHED = 0.1
"""Share of the base that may have gone, or come since, before a new one is written; no more than one filter names."""
PATIENCE = 600.0
"""Seconds for a call that writes or loads."""
_NAME = re.compile(r"graft_\w+_([0-9a-f]{12})_[0-9a-f]{8}")


@dataclass(frozen=True)
class Record:
    """What is noted of a build.

    Args:
        parts: Its collections, the base first.
        kind: How they are indexed.
    """

    parts: list[Part]
    kind: IndexKind
    dimension: int


@dataclass(frozen=True)
class MilvusStore:
    """A bot's vectors in Milvus.

    Args:
        uri: `http(s)://host:port`, or the path of a file that ends in `.db`.
        home: The bot's home.
        anew: Write every vector, whatever is there.
    """

    uri: str
    token: str = field(repr=False)
    bot: str
    home: Path
    anew: bool
    client: MilvusClient = field(repr=False)

    @classmethod
    def connect(cls, uri: str, token: str, bot: str, home: Path, anew: bool = False) -> MilvusStore:
        """Connect to a server, or open a file.

        Raises:
            MilvusError: The extra is not installed, the server does not answer, or another process has the file open.
        """
        return cls(uri, token, bot, home, anew, connect(uri, token))

    def __str__(self) -> str:
        with self._plainly():
            return f"{place(self.uri)}, version {self.client.get_server_version(timeout=PATIENCE)}"

    def write(
        self,
        folder: Path,
        batches: Iterable[NDArray[np.float32]],
        positions: NDArray[np.int64],
        dimension: int,
        kind: IndexKind = "auto",
    ) -> None:
        """Write the vectors of a build that are not there yet; `retrieval.vectors` says what of.

        Raises:
            MilvusError: Milvus does not answer, or refuses.
        """
        if kind == "auto":
            kind = "flat" if len(positions) <= FLAT_UP_TO else "hnsw"
        with self._plainly():
            records = [path for path in folder.parent.glob(f"*/{RECORD}") if path.parent != folder]
            earlier = [found for path in records if (found := _read(path))]
            self._tidy({part.collection for record, _ in earlier for part in record.parts})
            parts, rows, keys = [], np.empty(0, np.int64), np.empty(0, np.uint64)
            new = np.ones(len(positions), dtype=bool)
            if len(positions) and (base := self._base(earlier, kind, dimension)):
                kept, came = compared(base, positions, np.concatenate([keys_of(vectors) for vectors in batches]))
                if max((kept < 0).sum(), came.sum()) <= min(PATCHED * len(kept), LISTED):
                    parts, rows, keys, new = [base.part], kept, base.keys, came
            if new.any():
                part, sent = self._send(chosen(batches, new), int(new.sum()), len(rows), dimension, kind)
                parts, rows, keys = [*parts, part], np.append(rows, positions[new]), np.append(keys, sent)
        np.save(folder / "rows.npy", rows)
        np.save(folder / "keys.npy", keys)
        (folder / RECORD).write_text(json.dumps(asdict(Record(parts, kind, dimension)), indent=1), encoding="utf8")

    def open(self, folder: Path) -> MilvusIndex:
        """Open the vectors of a build.

        Raises:
            VectorsMissing: They are not in Milvus, or not all.
            MilvusError: Milvus does not answer.
            ValueError: What is in the folder does not belong together.
        """
        if not (folder / RECORD).exists():
            raise VectorsMissing("the vectors of this index are not in Milvus; run: graft index BOT")
        found = _read(folder / RECORD)
        if not found:
            raise ValueError(f"the files in {folder} are damaged")
        record, rows = found[0], np.load(folder / "rows.npy", mmap_mode="r", allow_pickle=False)
        if len(rows) != max((part.end for part in record.parts), default=0):
            raise ValueError(f"the files in {folder} are of different builds")
        with self._plainly():
            for part in record.parts:
                self._check(part)
        return MilvusIndex(self.client, self._plainly, record.parts, rows, record.kind)

    def _plainly(self) -> contextlib.AbstractContextManager[None]:
        return plainly(self.uri, self.token)

    def _check(self, part: Part) -> None:
        """See that a collection is loaded and whole."""
        self.client.load_collection(part.collection, timeout=PATIENCE)
        options: dict[str, Any] = {"consistency_level": "Strong", "timeout": PATIENCE}
        counted = self.client.query(part.collection, filter="", output_fields=["count(*)"], **options)
        if counted[0]["count(*)"] != len(part):
            raise VectorsMissing(f"{place(self.uri)} lacks vectors of this index; run: graft index BOT")

    @property
    def _mark(self) -> str:
        """Differs between homes: a copy's folder is another, here or on another machine."""
        told = f"{platform.node()}:{self.home.resolve()}:{self.home.stat().st_ino}"
        return hashlib.sha256(told.encode("utf8", "surrogateescape")).hexdigest()[:12]

    def _is_ours(self, collection: str) -> bool:
        name = _NAME.fullmatch(collection)
        return name is not None and name[1] == self._mark

    def _tidy(self, used: set[str]) -> None:
        for name in self.client.list_collections(timeout=PATIENCE):
            if self._is_ours(name) and name not in used:
                self.client.drop_collection(name, timeout=PATIENCE)

    def _base(self, earlier: list[tuple[Record, Path]], kind: IndexKind, dimension: int) -> Base | None:
        """An earlier build's base, where it is this home's, of the same kind, and whole."""
        for record, folder in [] if self.anew else earlier:
            part = record.parts[0] if record.parts else None
            if part and (record.kind, record.dimension) == (kind, dimension) and self._is_ours(part.collection):
                with contextlib.suppress(VectorsMissing, OSError, ValueError, EOFError), self._plainly():
                    self._check(part)
                    rows, keys = (np.load(folder / name, allow_pickle=False) for name in ("rows.npy", "keys.npy"))
                    if min(len(rows), len(keys)) >= len(part):
                        return Base(part, rows[: len(part)], keys[: len(part)])
        return None

    def _send(
        self, batches: Iterable[NDArray[np.float32]], size: int, begin: int, dimension: int, kind: IndexKind
    ) -> tuple[Part, NDArray[np.uint64]]:
        """Write a collection of vectors numbered from `begin`; returns it with their keys. A failure leaves none."""
        from pymilvus import DataType, MilvusClient

        part = Part(f"graft_{self.bot.replace('-', '_')}_{self._mark}_{uuid.uuid4().hex[:8]}", begin, begin + size)
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
        index = MilvusClient.prepare_index_params()
        index.add_index("vector", metric_type="IP", **index_params(kind, size))
        keys = []
        try:
            self.client.create_collection(part.collection, schema=schema, index_params=index, timeout=PATIENCE)
            for vectors in batches:
                rows = [{"id": row, "vector": vector} for row, vector in enumerate(vectors, begin)]
                self.client.insert(part.collection, rows, timeout=PATIENCE)
                keys.append(keys_of(vectors))
                begin += len(vectors)
            self.client.flush(part.collection, timeout=PATIENCE)
            self._check(part)
        except BaseException:
            with contextlib.suppress(Exception):
                self.client.drop_collection(part.collection, timeout=PATIENCE)
            raise
        return part, np.concatenate(keys)


def _read(path: Path) -> tuple[Record, Path] | None:
    """A build's record and folder; None where it is damaged."""
    try:
        return TypeAdapter(Record).validate_json(path.read_bytes()), path.parent
    except (OSError, ValueError):
        return None
