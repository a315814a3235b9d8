"""Giving adapters away and taking them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.models import DEFAULT, ModelError
from adapters.registry import CARD, SHIPPED, base_of
from adapters.sharing.about import OTHER, About, about_adapter, is_adapter
from adapters.sharing.files import README, SharingError, check_sizes, copy_files, files_of, replacing
from adapters.sharing.hub import download, upload
from adapters.sharing.place import Repository, name_of, place
from adapters.sharing.readme import check_licence, published, readme
from adapters.sharing.whole import check_whole


@dataclass(frozen=True, slots=True)
class Shared:
    """An adapter that was given away or taken.

    Args:
        place: A folder, or the Hub's address.
        files: Their names and sizes in bytes.
        commit: Of the Hub, where it was taken from there.
    """

    about: About
    place: str
    files: dict[str, int]
    commit: str = ""


def find(name: str, pulled: Path) -> Path:
    """The folder of an adapter that a user calls by its folder or its name.

    Args:
        pulled: The folder of those that were pulled.

    Raises:
        SharingError: There is none.
    """
    folder = Path(name).expanduser()
    if is_adapter(folder):
        return folder
    if not folder.exists() and folder.name == name:
        for known in (SHIPPED / name, pulled / name):
            if is_adapter(known):
                return known
    where = "holds no adapter" if folder.is_dir() else "is no folder, and no adapter has this name"
    raise SharingError(f"{name} {where}; see: graft adapters list")


def push(folder: Path, to: str, licence: str | None = None, private: bool = False, force: bool = False) -> Shared:
    """Give an adapter away, with a model card made of its card.

    Args:
        to: See `place`; a folder becomes the adapter's own.
        licence: An SPDX identifier, kept in the card that is given away.
        private: Whether a new repository of the Hub is for its owner alone.
        force: Whether an adapter in the folder is replaced.

    Raises:
        ModelError: It is not whole, or there is no place for it; says why.
    """
    target = place(to)
    adapter = check_whole(folder)
    sizes = files_of(folder)
    if licence:
        adapter.card["licence"] = check_licence(licence)
    told = about_adapter(adapter, str(folder))
    title, source = (name_of(target), to) if isinstance(target, Repository) else (target.resolve().name, "FOLDER")
    made = {
        CARD: json.dumps(published(adapter.card), indent=1, ensure_ascii=False) + "\n",
        README: readme(adapter, told, title, source),
    }
    kept = [name for name in sizes if name not in made]
    if isinstance(target, Repository):
        if target.revision:
            raise SharingError(f"{to}: a push makes a new revision; leave out @{target.revision}")
        written = {name: text.encode() for name, text in made.items()}
        address = upload({**{name: folder / name for name in kept}, **written}, target, private)
    else:
        if private:
            raise SharingError("--private is for the Hub; who may read a folder is told by its permissions")
        here, there = folder.resolve(), target.resolve()
        if here == there or here in there.parents or there in here.parents:
            raise SharingError(f"{folder} and {to} lie within each other; choose another folder")
        with replacing(target, force) as new:
            copy_files(folder, kept, new)
            for name, text in made.items():
                (new / name).write_text(text, encoding="utf8")
            check_whole(new)
        address = str(target)
    return Shared(told, address, sizes | {name: len(text.encode()) for name, text in made.items()})


def pull(source: str, out: Path | None, pulled: Path, force: bool = False, base: str | None = None) -> Shared:
    """Take an adapter, checked, into a folder of its own.

    Args:
        source: See `place`.
        out: The folder; by default one of the adapter's name in `pulled`.
        force: Whether an adapter in the folder is replaced.
        base: Where its base model is, if not where its card says; see `adapters.models.locate`.

    Raises:
        ModelError: It is nowhere, damaged, or of another base model than the one here, or there is no place for it.
    """
    origin = place(source)
    target, commit = out or pulled / name_of(origin), ""
    if isinstance(origin, Path) and not is_adapter(origin):
        raise SharingError(f"{source} holds no adapter" if origin.is_dir() else f"{source} is no folder")
    with replacing(target, force) as new:
        if isinstance(origin, Repository):
            commit = download(origin, new)
        else:
            sizes = files_of(origin)
            check_sizes(sizes, source)
            copy_files(origin, sizes, new)
        try:
            adapter = check_whole(new)
            if base and base_of(adapter) not in (None, DEFAULT):
                adapter.card["base"] = base
                (new / CARD).write_text(json.dumps(adapter.card, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
            told = about_adapter(adapter, target.name)
        except ModelError as error:
            raise SharingError(str(error).replace(str(new), source)) from None
        if told.base_here == OTHER:
            raise SharingError(f"{source} does not load: {told.problem} (it needs the checksum {told.base_sha256})")
        files = files_of(new)
    return Shared(replace(told, path=str(target)), str(target), files, commit)
