"""Checksums of a build's files, so that a damaged one is known before it answers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from adapters.models import sha256

FILE = "files.json"
_NOTES = TypeAdapter(Annotated[dict[str, tuple[int, int, str]], Field(min_length=1)])


class Damaged(ValueError):
    """A file is not what was written."""


def seal(folder: Path) -> None:
    """Write every file of a folder through to the disk, and note its size, time of change and SHA-256."""
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != FILE):
        with path.open("rb") as file:
            os.fsync(file.fileno())
        status = path.stat()
        files[path.relative_to(folder).as_posix()] = [status.st_size, status.st_mtime_ns, sha256(path)]
    with (folder / FILE).open("w", encoding="utf8") as file:
        json.dump(files, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def check(folder: Path, thorough: bool = False, only: str | None = None) -> None:
    """Compare a sealed folder with what was noted.

    A file of the size and time noted is taken for sound unless the check is `thorough`.

    Args:
        only: The one file to look at.

    Raises:
        Damaged: Some file is missing or was changed.
        OSError: The notes are missing.
        ValueError: The notes are damaged.
    """
    notes = _NOTES.validate_json((folder / FILE).read_bytes())
    for name in [only] if only else notes:
        if name not in notes:
            raise Damaged(f"{folder / FILE} does not hold {name}")
        size, changed, digest = notes[name]
        path = folder / name
        if not path.is_file() or (status := path.stat()).st_size != size:
            raise Damaged(f"{path} is missing or of another size")
        if (thorough or status.st_mtime_ns != changed) and sha256(path) != digest:
            raise Damaged(f"{path} was changed")
