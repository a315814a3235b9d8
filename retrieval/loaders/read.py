"""One file to one document."""

from __future__ import annotations

import os
import re
from pathlib import Path

from retrieval.document import Document
from retrieval.errors import UnreadableFile
from retrieval.loaders.formats import EXPECTED, SUFFIXES, parser_for, unsupported
from retrieval.loaders.parsed import Parsed
from retrieval.loaders.quiet import quiet
from retrieval.loaders.sniff import ENCRYPTED_OFFICE, is_foreign, looks_like
from retrieval.loaders.titles import first_heading, readable_name, source_name

_MAX_BYTES = 256 * 2**20
_WORD = re.compile(r"\w")


def load(path: Path, root: Path) -> Document:
    """Reads a file of any accepted format into Markdown-like text.

    Args:
        path: The file.
        root: The folder that the document's `id` and `source` are relative to.

    Raises:
        UnreadableFile: The file cannot become a document; the message says why, in plain words.
    """
    return parse(read_bytes(path), path, root)


def read_bytes(path: Path) -> bytes:
    """What a file holds.

    Raises:
        UnreadableFile: It is of a format that is not accepted, empty, too large, or cannot be opened.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UnreadableFile(unsupported(path))
    if not os.path.isfile(path):
        raise UnreadableFile("not a file" if os.path.exists(path) else "no such file")
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise UnreadableFile(f"larger than {_MAX_BYTES // 2**20} MB: split it")
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"cannot be opened: {(error.strerror or str(error)).lower()}") from error
    if not data:
        raise UnreadableFile("empty file")
    return data


def parse(data: bytes, path: Path, root: Path) -> Document:
    """Makes what a file holds a document; the file itself may be on another machine.

    Args:
        path, root: As `load` takes them, for the names of the document.

    Raises:
        UnreadableFile: As `load` raises it.
    """
    suffix = path.suffix.lower()
    _check_kind(data, suffix)
    parsed = _parse(data, path, suffix)
    if not _WORD.search(parsed.text):
        raise UnreadableFile("no text found")
    name = source_name(path, root)
    title = parsed.title or first_heading(parsed.text) or parsed.fallback_title or readable_name(path)
    return Document(id=name, title=title, text=parsed.text, source=name, metadata=parsed.metadata)


def _parse(data: bytes, path: Path, suffix: str) -> Parsed:
    """Runs the parser; whatever its library raises on a bad file becomes a reason."""
    try:
        with quiet():
            return parser_for(suffix)(data, path)
    except (UnreadableFile, ImportError):
        raise
    except RecursionError as error:
        raise UnreadableFile("nested too deeply") from error
    except MemoryError as error:
        raise UnreadableFile("too large for this machine's memory") from error
    except Exception as error:
        raise UnreadableFile(f"damaged or truncated {'PDF' if suffix == '.pdf' else suffix}") from error


def _check_kind(data: bytes, suffix: str) -> None:
    kind = looks_like(data)
    expected = EXPECTED.get(suffix)
    if expected is None:
        if is_foreign(kind):
            raise UnreadableFile(f"not a real {suffix} (it looks like {kind})")
    elif kind == "a damaged zip archive" and expected != "a PDF":
        raise UnreadableFile(f"damaged or truncated {suffix}")
    elif kind == ENCRYPTED_OFFICE:
        raise UnreadableFile(f"encrypted {suffix}: save it without a password")
    elif kind != expected and not (expected == "a PDF" and b"%PDF-" in data[:1024]):
        raise UnreadableFile(f"not a real {suffix} (it looks like {kind})")
