"""Checksums of a build's files, so that a damaged one is known before it answers."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from adapters.models import sha256

FILE = "files.json"
Notes = dict[str, tuple[int, int, str]]
"""Size, time of change and SHA-256 of each file, by its name."""
_NOTES = TypeAdapter(Annotated[Notes, Field(min_length=1)])


class Damaged(ValueError):
    """A file is not what was written."""


def seal(folder: Path) -> None:
    """Write every file of a folder through to the disk, and note its size, time of change and SHA-256."""
    files: Notes = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != FILE):
        with path.open("rb") as file:
            os.fsync(file.fileno())
        status = path.stat()
        files[path.relative_to(folder).as_posix()] = status.st_size, status.st_mtime_ns, sha256(path)
    _write(folder, files)


def check(folder: Path, thorough: bool = False, only: str | None = None) -> None:
    """Compare a sealed folder with what was noted.

    A file of the size and time noted is taken for sound unless the check is `thorough`. The time of one that is sound
    though its time is another, as in a copy, is noted, so that it is not read at every check.

    Args:
        only: The one file to look at.

    Raises:
        Damaged: Some file is missing or was changed.
        OSError: The notes are missing.
        ValueError: The notes are damaged.
    """
    notes = _NOTES.validate_json((folder / FILE).read_bytes())
    moved: Notes = {}
    for name in [only] if only else notes:
        if name not in notes:
            raise Damaged(f"{folder / FILE} does not hold {name}")
        size, changed, digest = notes[name]
        path = folder / name
        if not path.is_file() or (status := path.stat()).st_size != size:
            raise Damaged(f"{path} is missing or of another size")
        if (thorough or status.st_mtime_ns != changed) and sha256(path) != digest:
            raise Damaged(f"{path} was changed")
        if status.st_mtime_ns != changed:
            moved[name] = size, status.st_mtime_ns, digest
    if moved:
        with contextlib.suppress(OSError):  # a medium that cannot be written
            _write(folder, notes | moved)


def _write(folder: Path, notes: Notes) -> None:
    """Write the notes at once or not at all, whoever else does."""
    aside = folder / f"{uuid.uuid4().hex}-{FILE}"
    try:
        with aside.open("w", encoding="utf8") as file:
            json.dump(notes, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, folder / FILE)
    finally:
        aside.unlink(missing_ok=True)
