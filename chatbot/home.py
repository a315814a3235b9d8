"""A bot's home on disk: builds beside each other, and a manifest that names the one in use.

A build is written into a folder of its own; replacing the manifest, one atomic rename, publishes it. A reader sees
the old build
or the new one, never half of one, and a build that fails or is interrupted leaves no trace.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from retrieval.errors import GraftError

FORMAT = 1
"""Version of a build's files; raise it when they change."""


@dataclass(frozen=True)
class Manifest:
    """What a build was made from.

    Args:
        build: Name of its folder under `builds`.
        inputs: Digest of the config, the sources and the encoder; another digest means the build is out of date.
        failed: Files that could not be read, with the reason.
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
    format: int = FORMAT


class NotBuilt(GraftError):
    """A bot without a usable index."""


def read_manifest(home: Path) -> Manifest:
    """The published manifest.

    Raises:
        NotBuilt: There is none, it is damaged, or it is of another format.
    """
    path = home / "manifest.json"
    try:
        data = json.loads(path.read_text(encoding="utf8"))
        manifest = Manifest(**data)
    except FileNotFoundError:
        raise NotBuilt("the bot is not indexed yet; run: graft index BOT") from None
    except (OSError, ValueError, TypeError):
        raise NotBuilt(f"{path} is damaged; run: graft index BOT") from None
    if manifest.format != FORMAT:
        raise NotBuilt(f"the index has format {manifest.format}, this Graft reads {FORMAT}; run: graft index BOT")
    if not (home / "builds" / manifest.build).is_dir():
        raise NotBuilt("the index was deleted; run: graft index BOT")
    return manifest


@contextlib.contextmanager
def new_build(home: Path) -> Iterator[Path]:
    """An empty folder for a build, removed again if the block fails.

    Raises:
        GraftError: The home cannot be written to.
    """
    try:
        (home / "builds").mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="b-", dir=home / "builds"))
    except OSError as error:
        raise GraftError(f"cannot write the index to {home}: {error.strerror}") from None
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            (home / "builds").rmdir()
            home.rmdir()
        raise


def publish(home: Path, manifest: Manifest) -> None:
    """Make a finished build the one in use and remove the others."""
    handle, aside = tempfile.mkstemp(dir=home, prefix=".manifest-")
    with os.fdopen(handle, "w", encoding="utf8") as file:
        json.dump(asdict(manifest), file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, home / "manifest.json")
    for other in (home / "builds").iterdir():
        if other.name != manifest.build:
            shutil.rmtree(other, ignore_errors=True)
