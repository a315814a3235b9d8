"""Which files are an adapter's, and a folder that is replaced as a whole."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.models import ModelError
from adapters.registry import CARD, CONFIG, ENCODER, HEAD, WEIGHTS

README = "README.md"
"""The model card, which is made of the adapter's card wherever it goes."""
_OWN = {CARD, CONFIG, WEIGHTS, HEAD}
_NAME = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,95}"
_ENCODER = re.compile(rf"{ENCODER}/({_NAME}/){{0,2}}{_NAME}\.(safetensors|json|txt|model)")
"""Weights, configurations and vocabularies; nothing pickled, no code."""
MOST_FILES = 100
LARGEST_TEXT = 64 * 2**20
"""Bytes of a file that holds no weights, such as a tokenizer's."""
LARGEST = 16 * 2**30
"""Bytes of an adapter."""


class SharingError(ModelError):
    """An adapter that cannot be given away or taken; the message is for people."""


def belongs(name: str) -> bool:
    """Whether a file is part of an adapter, by its path in the adapter's folder, with `/`."""
    return name in _OWN or bool(_ENCODER.fullmatch(name))


def files_of(folder: Path) -> dict[str, int]:
    """The files of an adapter and their sizes in bytes, in order; whatever else lies in its folder is left out.

    Raises:
        SharingError: One is a link out of the folder, or no plain file.
    """
    inside = folder.resolve()
    found = [path for path in sorted(folder.iterdir()) if path.name in _OWN]
    found += sorted(path for path in (folder / ENCODER).rglob("*") if not path.is_dir())
    sizes = {}
    for path in found:
        name = path.relative_to(folder).as_posix()
        if not belongs(name):
            continue
        if not path.resolve().is_relative_to(inside):
            raise SharingError(f"{path} is a link out of its folder; links are not followed")
        if not path.is_file():
            raise SharingError(f"{path} is no file")
        sizes[name] = path.stat().st_size
    return sizes


def check_sizes(sizes: dict[str, int], place: str) -> None:
    """Refuse what is too large for an adapter, before it is fetched.

    Raises:
        SharingError: It is; says what.
    """
    if len(sizes) > MOST_FILES:
        raise SharingError(f"{place} holds {len(sizes)} files of an adapter, at most {MOST_FILES} are taken")
    for name, size in sizes.items():
        if size > LARGEST_TEXT and not name.endswith(".safetensors"):
            raise SharingError(f"{name} in {place} has {size:,} bytes; at most {LARGEST_TEXT:,} are taken")
    if (total := sum(sizes.values())) > LARGEST:
        raise SharingError(f"{place} has {total:,} bytes; at most {LARGEST:,} are taken")


def copy_files(folder: Path, names: Iterable[str], out: Path) -> None:
    """Copy files of an adapter into another folder, which exists."""
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, out / name)


@contextmanager
def replacing(folder: Path, force: bool) -> Iterator[Path]:
    """An empty folder to fill, which takes the place of `folder` when all went well; else that stays as it was.

    Raises:
        SharingError: There is an adapter and not `force`, or anything that is no adapter's.
    """
    folder = folder.resolve()
    _check_replaceable(folder, force)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    new, old = aside / "new", aside / "old"
    new.mkdir()
    try:
        yield new
        _check_replaceable(folder, force)
        try:
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
        except BaseException:
            if old.exists():
                old.rename(folder)
            raise
    finally:
        if folder.exists() or not old.exists():  # what could not be put back is kept
            shutil.rmtree(aside, ignore_errors=True)


def _check_replaceable(folder: Path, force: bool) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise SharingError(f"{folder} is a file; expected a folder")
    there = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()]
    if others := sorted(name for name in there if not belongs(name) and name != README):
        more = " …" if len(others) > 3 else ""
        raise SharingError(
            f"{folder} holds what is no adapter's ({', '.join(others[:3])}{more}): choose another folder"
        )
    if there and not force:
        raise SharingError(f"{folder} holds an adapter; --force replaces it")
