"""The build that is being made: begun from the one in use, or gone on with where it was interrupted."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from chatbot.bots import data_home
from chatbot.checksums import check
from chatbot.config import BotConfig
from chatbot.home import Manifest, NotBuilt, read_manifest
from chatbot.sources import shaping
from knowledge_graph.store import SCHEMA
from retrieval.document import Document
from retrieval.ingest import connect
from retrieval.store import DATABASE

_TOLD = "id, title, text, source, metadata, date"


def sound_build(home: Path, inputs: str, skipped: Collection[str]) -> Manifest | None:
    """The build in use, if it was made of these inputs and every file of it is sound; None to try again where a file
    could not be read that is not `skipped`."""
    try:
        manifest = read_manifest(home)
        if manifest.inputs != inputs or not manifest.failed.keys() <= set(skipped):
            return None
        check(home / "builds" / manifest.build, thorough=True)
    except (NotBuilt, OSError, ValueError):
        return None
    return manifest


def sound_store(home: Path) -> Path | None:
    """The database of the build in use, checked; None where there is none or it is damaged.

    Where the manifest is damaged or of another format, that of the last build: what a program brought is kept.
    """
    try:
        builds = [home / "builds" / read_manifest(home).build]
    except NotBuilt:
        builds = sorted((home / "builds").glob("b-*"), key=lambda path: -path.stat().st_mtime_ns)
    for folder in builds:
        with contextlib.suppress(OSError, ValueError):
            check(folder, thorough=True, only=DATABASE)
            return folder / DATABASE
    return None


def cache_file(fingerprint: str) -> Path:
    """Where an encoder's vectors are kept for all bots."""
    return data_home() / "vectors" / f"{hashlib.sha256(fingerprint.encode()).hexdigest()[:16]}.db"


def work_store(folder: Path, base: Path | None, config: BotConfig) -> tuple[sqlite3.Connection, list[Document]]:
    """The database to bring up to date, and documents to put in first.

    One that an interrupted build left in `folder` is taken up where it is sound, otherwise `base` is copied; where the
    settings that shape documents, chunks or the graph differ, it begins empty, and what a program brought is put in
    again.

    Args:
        base: The database of the build in use.
    """
    path = folder / DATABASE
    wanted = json.dumps(shaping(config), sort_keys=True)
    if path.exists() and (connection := _taken_up(path, wanted, thorough=True)):
        _keep_database(folder)
        return connection, _waiting(connection)
    shutil.rmtree(folder)
    folder.mkdir()
    brought: list[tuple[str, ...]] = []
    if base:
        shutil.copyfile(base, folder / "copy")
        (folder / "copy").rename(path)
        if connection := _taken_up(path, wanted):
            return connection, []
        brought = _brought(path)
        path.unlink()
    connection = connect(path, SCHEMA)
    with connection:
        connection.execute("INSERT INTO settings VALUES ('shaping', ?)", [wanted])
        connection.executemany(
            f"INSERT INTO documents ({_TOLD}, language, size, changed, digest) VALUES (?, ?, ?, ?, ?, ?, '', 0, 0, '')",
            brought,
        )
    return connection, _waiting(connection)


def _keep_database(folder: Path) -> None:
    """Remove what was derived from the database, which may be kept elsewhere by now."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif not path.name.startswith(DATABASE):
            path.unlink()


def _brought(path: Path) -> list[tuple[str, ...]]:
    """What is told of the documents of a store that are of no file; nothing where it is of another format."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(f"SELECT {_TOLD} FROM documents WHERE digest = ''").fetchall()
    except sqlite3.DatabaseError:
        return []


def _waiting(connection: sqlite3.Connection) -> list[Document]:
    """The documents of no file that have not been cut yet: a kill loses none, as they are in the store."""
    sql = f"SELECT {_TOLD} FROM documents d WHERE digest = '' AND d.id NOT IN (SELECT document_id FROM chunks)"
    return [
        Document(id_, title, text, source, {**json.loads(metadata), "date": date})
        for id_, title, text, source, metadata, date in connection.execute(sql)
    ]


def _taken_up(path: Path, wanted: str, thorough: bool = False) -> sqlite3.Connection | None:
    connection = None
    try:
        connection = connect(path)
        found = connection.execute("SELECT value FROM settings WHERE name = 'shaping'").fetchall()
        if found == [(wanted,)]:
            if not thorough or connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",):
                return connection
    except sqlite3.DatabaseError:
        pass
    if connection:
        connection.close()
    return None
