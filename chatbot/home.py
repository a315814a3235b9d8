"""A bot's home on disk: builds beside each other, and a manifest that names the one in use.

A build is made in a folder of its own; replacing the manifest, one atomic rename, publishes it. A reader sees the old
build or the new one, never half of one, and a build that is interrupted is taken up by the next.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from chatbot.checksums import seal
from retrieval.errors import GraftError

FORMAT = 10
"""Version of a build's files; raise it when they change, or what is made of a text: its chunks, words or graph."""

NEXT = "next"
"""The folder of the build that is being made."""
NOT_PUBLISHED = (0, 0)
"""When nothing was ever published."""
_BUILD = re.compile(r"b-[0-9a-f]{8}")


@dataclass(frozen=True)
class Manifest:
    """What a build was made from.

    Args:
        build: Name of its folder under `builds`.
        inputs: Digest of the config, the sources and the encoder; another digest means the build is out of date.
        failed: Files that could not be read, with the reason.
        changes: How many documents were added, changed, moved and removed since the build before.
    """

    build: str
    inputs: str
    encoder: str
    documents: int
    chunks: int
    nodes: int
    edges: int
    faq: int
    failed: dict[str, str] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    format: int = FORMAT


class NotBuilt(GraftError):
    """A bot without a usable index."""


class CannotBuild(GraftError):
    """The machine does not let the index be written: no permission, no space."""


class NothingToIndex(GraftError):
    """A bot without any document to make an index of."""


def read_manifest(home: Path) -> Manifest:
    """The published manifest.

    Raises:
        NotBuilt: There is none, it is damaged, or it is of another format.
    """
    path = home / "manifest.json"
    try:
        data = json.loads(path.read_text(encoding="utf8"))
        if data["format"] != FORMAT:
            raise NotBuilt(f"the index has format {data['format']}, this Graft reads {FORMAT}; run: graft index BOT")
        manifest = TypeAdapter(Manifest).validate_python(data)
        if data != sealed(data):
            raise ValueError
        if not _BUILD.fullmatch(manifest.build):
            raise ValueError
        there = (home / "builds" / manifest.build).is_dir()
    except (FileNotFoundError, NotADirectoryError):
        raise NotBuilt("the bot is not indexed yet; run: graft index BOT") from None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        raise NotBuilt(f"{path} is damaged; run: graft index BOT") from None
    if not there:
        raise NotBuilt("the index was deleted; run: graft index BOT")
    return manifest


@contextlib.contextmanager
def updating(home: Path, waiting: Callable[[], None] = lambda: None, resumable: bool = True) -> Iterator[Path]:
    """The folder in which the next build of a home is made; one process at a time.

    What an interrupted build left there is found there again; what is of no use is removed, where folders can be locked
    and it is known what is in use. Where there is nothing to index (`NothingToIndex`), nothing is left.

    Args:
        waiting: Called once if another process is building.
        resumable: Whether what an error leaves is of use to the next build; what a kill leaves always is.

    Raises:
        CannotBuild: The home cannot be written to, or the disk is full.
    """
    builds = home / "builds"
    try:
        with _alone(builds, waiting) as alone:
            kept = _published(home)
            if alone and kept:
                _remove_builds(home, {kept, NEXT})
            (builds / NEXT).mkdir(exist_ok=True)
            try:
                yield builds / NEXT
            except (GraftError, OSError, RuntimeError, sqlite3.Error) as error:
                if not resumable or isinstance(error, NothingToIndex):
                    shutil.rmtree(builds / NEXT, ignore_errors=True)
                for empty in (builds / NEXT, builds, home):
                    with contextlib.suppress(OSError):
                        empty.rmdir()
                raise
    except (OSError, RuntimeError, sqlite3.Error) as error:
        if isinstance(error, GraftError):
            raise
        reason = getattr(error, "strerror", None) or str(error).strip().split("\n")[0][:200]
        raise CannotBuild(f"cannot build the index in {home}: {reason}") from error


@contextlib.contextmanager
def _alone(folder: Path, waiting: Callable[[], None]) -> Iterator[bool]:
    """Make a folder, and wait until no other process builds in it; a killed one frees its place. Yields whether that
    is certain.
    """
    if os.name == "nt":
        folder.mkdir(parents=True, exist_ok=True)
        yield False  # Windows locks no folders
        return
    import fcntl

    while True:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
        locked = False
        try:
            with contextlib.suppress(OSError):  # some network drives have no locks
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    waiting()
                    fcntl.flock(handle, fcntl.LOCK_EX)
                locked = True
            if folder.exists() and os.path.samestat(os.fstat(handle), folder.stat()):
                yield locked
                return
            # a refused build removed the folder that was waited for
        finally:
            os.close(handle)


def publish(home: Path, manifest: Manifest) -> None:
    """Make the finished build in `NEXT` the one in use and remove the others."""
    folder = home / "builds" / manifest.build
    seal(home / "builds" / NEXT)
    (home / "builds" / NEXT).rename(folder)
    write_json(home / "manifest.json", folder, sealed(asdict(manifest)))
    _remove_builds(home, {manifest.build})


def sealed(manifest: dict[str, Any]) -> dict[str, Any]:
    """What is written of a manifest: itself, and its SHA-256."""
    told = {name: value for name, value in manifest.items() if name != "digest"}
    return told | {"digest": hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()}


def published_at(home: Path) -> tuple[int, int]:
    """What changes whenever a build is published, at the price of one look at the manifest's file."""
    try:
        status = (home / "manifest.json").stat()
    except OSError:
        return NOT_PUBLISHED
    return status.st_ino, status.st_mtime_ns


def write_json(path: Path, build: Path, value: dict[str, Any]) -> None:
    """Write a file of the home at once or not at all.

    Args:
        build: Folder where it is written first; what a killed process leaves there is removed with the build.
    """
    aside = build / f"{os.getpid()}-{path.name}"
    with aside.open("w", encoding="utf8") as file:
        json.dump(value, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def _published(home: Path) -> str | None:
    try:
        return read_manifest(home).build
    except NotBuilt:
        return None


def _remove_builds(home: Path, kept: set[str | None]) -> None:
    for build in (home / "builds").iterdir():
        if build.name not in kept:
            shutil.rmtree(build, ignore_errors=True)
