"""Where adapters come from and go to: folders, and repositories of the Hugging Face Hub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from adapters.sharing.files import SharingError

HUB = "hf:"
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_REPOSITORY = re.compile(rf"(?P<name>{_PART}/{_PART})(?:@(?P<revision>[A-Za-z0-9][A-Za-z0-9._/-]{{0,254}}))?")
_NAME = re.compile(_PART)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of the Hub; `revision` is a branch, a tag or a commit, or None for the newest."""

    name: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{HUB}{self.name}" + (f"@{self.revision}" if self.revision else "")


Place = Path | Repository


def place(text: str) -> Place:
    """A folder, or `hf:owner/name`, with `@revision` or without.

    Raises:
        SharingError: It is neither.
    """
    if not text.startswith(HUB):
        return Path(text).expanduser()
    found = _REPOSITORY.fullmatch(text.removeprefix(HUB))
    if not found or ".." in text or "--" in found["name"]:
        raise SharingError(f"{text!r} is no repository of the Hub; expected hf:owner/name, or hf:owner/name@revision")
    return Repository(found["name"], found["revision"])


def name_of(source: Place) -> str:
    """The name under which what is pulled from a place is kept: a folder's or a repository's, one part of a path.

    Raises:
        SharingError: The folder's name is not fit for it.
    """
    name = source.name.partition("/")[2] if isinstance(source, Repository) else source.resolve().name
    if not _NAME.fullmatch(name):
        raise SharingError(f"the adapter cannot be kept as {name!r}; choose a folder with -o")
    return name


def is_folder(base: str) -> bool:
    """Whether a base model's name is a folder's on some machine, rather than one of the Hub."""
    return base.startswith((".", "~", "/")) or "\\" in base or base.count("/") > 1 or Path(base).is_dir()
