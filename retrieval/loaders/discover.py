"""From the sources in `bot.yaml` to the files to read."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from retrieval.errors import GraftError
from retrieval.loaders.clean import visible
from retrieval.loaders.formats import SUFFIXES, unsupported
from retrieval.loaders.titles import below, source_name

_IGNORED_FOLDERS = frozenset({"__MACOSX", "__pycache__", "node_modules"})
_GLOB = frozenset("*?[")
UNLISTED = "cannot be listed"
"""Begins the reason why what is in a folder is not read."""


def discover(sources: list[str], base: Path) -> tuple[list[tuple[Path, Path]], list[tuple[str, str]]]:
    """Expands files, folders (with what is below them) and globs.

    The document's id is the file's path relative to its root: the source's folder, a single file's own folder, or
    `base` for a glob. With several folders or globs it is `base`, so that equal names in two folders stay apart; others
    that would be equal keep as many parent folders as that takes.

    Args:
        sources: As written in the configuration; relative ones are relative to `base`.
        base: The folder of the configuration.

    Returns:
        The sorted, unique (path, root) pairs, and (name, reason) of the files and folders that are not read. Hidden
        files and folders, and lock files (`~$report.docx`), are left out silently.

    Raises:
        GraftError: A source does not exist, or a glob matches nothing.
    """
    base = base.absolute()
    roots: dict[Path, Path] = {}
    skipped: dict[str, str] = {}
    seen: set[str] = set()
    folders: dict[str, str] = {}
    several = sum(not _absolute(source, base).is_file() for source in sources) > 1
    unlisted: dict[Path, str] = {}
    for source in sources:
        for path, root in _expand(source, base, unlisted):
            reason = unlisted.get(path) or _refusal(path, root)
            if several and path.is_relative_to(base):
                root = base
            if reason is not None:
                skipped.setdefault(source_name(path, root), reason)
            elif (identity := _identity(path, folders)) not in seen:
                seen.add(identity)
                roots[path] = root
    return sorted(_apart(roots).items()), sorted(skipped.items())


def _expand(source: str, base: Path, unlisted: dict[Path, str]) -> Iterator[tuple[Path, Path]]:
    """The files of a source with their roots, and the folders that cannot be listed, which `unlisted` then holds."""
    path = _absolute(source, base)
    if path.is_dir():
        yield from ((file, path) for file in _walk(path, unlisted))
    elif path.exists():
        yield path, path.parent
    elif _GLOB.isdisjoint(source):
        raise GraftError(_not_found(source, path))
    else:
        matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
        files = [file for match in matches for file in (_walk(match, unlisted) if match.is_dir() else [match])]
        if not files:
            raise GraftError(visible(f"knowledge source matches no file: {source} (looked in {base})"))
        yield from ((file, base if file.is_relative_to(base) else file.parent) for file in files if not _hidden(file))


def _absolute(source: str, base: Path) -> Path:
    return Path(os.path.normpath(base / os.path.expanduser(source)))


def _walk(folder: Path, unlisted: dict[Path, str]) -> Iterator[Path]:
    failed: list[Path] = []

    def note(error: OSError) -> None:
        failed.append(Path(error.filename))
        unlisted[failed[-1]] = f"{UNLISTED}: {(error.strerror or str(error)).lower()}"

    for parent, folders, files in os.walk(folder, onerror=note):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        folders[:] = sorted(n for n in folders if n not in links and n not in _IGNORED_FOLDERS and n[0] != ".")
        # A link to a folder inside the source would list its files twice; one that leads out is reported.
        out = [name for name in links if not _real(Path(parent, name)).is_relative_to(_real(folder))]
        yield from (path for name in sorted([*files, *out]) if not _hidden(path := Path(parent, name)))
    yield from failed


def _real(path: Path) -> Path:
    """The path without links; unlike `Path.resolve`, never an error where they go round in a circle."""
    return Path(os.path.realpath(path))


def _identity(path: Path, folders: dict[str, str]) -> str:
    """What two names of one file have in common; the real paths of their folders are found once."""
    folder, name = os.path.split(path)
    if folder not in folders:
        folders[folder] = os.path.realpath(folder)
    return os.path.realpath(path) if os.path.islink(path) else os.path.join(folders[folder], name)


def _hidden(path: Path) -> bool:
    return path.name.startswith((".", "~$"))


def _refusal(path: Path, root: Path) -> str | None:
    if os.path.islink(path):
        if not _real(path).is_relative_to(_real(root)):
            return "a link that leads out of its folder"
        if not os.path.exists(path):
            return "a broken link"
    return unsupported(path) if path.suffix.lower() not in SUFFIXES else None


def _apart(roots: dict[Path, Path]) -> dict[Path, Path]:
    """Moves roots up, one folder at a time, until no two files have the same name relative to their root."""
    roots = dict(roots)
    names = {path: below(path, root) or os.path.relpath(path, root) for path, root in roots.items()}
    while True:
        counts = Counter(names.values())
        again = [p for p, root in roots.items() if counts[names[p]] > 1 and root.parent != root]
        if not again:
            return roots
        for path in again:
            roots[path] = roots[path].parent
            names[path] = os.path.relpath(path, roots[path])


def _not_found(source: str, path: Path) -> str:
    parent = path.parent
    while not parent.is_dir():
        path, parent = parent, parent.parent
    siblings = sorted(entry.name for entry in parent.iterdir() if entry.name[0] != ".")
    close = get_close_matches(path.name, siblings, n=1, cutoff=0.7)
    hint = f"; did you mean {close[0]}{'/' if (parent / close[0]).is_dir() else ''}?" if close else ""
    return visible(f"knowledge source not found: {source} (looked in {parent}){hint}")
