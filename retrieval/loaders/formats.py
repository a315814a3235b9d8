"""The accepted suffixes and the parser of each."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final, cast

from retrieval.loaders.clean import visible
from retrieval.loaders.parsed import Parsed

Parser = Callable[[bytes, Path], Parsed]

# Suffix to module; each module has `parse(data, path)`. Modules and their libraries are imported at the first use.
_MODULES: Final = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "markdown",
    ".rst": "markdown",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "word",
    ".pptx": "slides",
    ".xlsx": "sheets",
    ".epub": "ebook",
    ".csv": "delimited",
    ".tsv": "delimited",
    ".json": "records",
    ".jsonl": "records",
}
SUFFIXES: Final[frozenset[str]] = frozenset(_MODULES)
# What a file of a binary format must look like (see `sniff.looks_like`); the other suffixes hold text.
EXPECTED: Final = {".pdf": "a PDF", ".docx": "a .docx", ".pptx": "a .pptx", ".xlsx": "an .xlsx", ".epub": "an .epub"}


def parser_for(suffix: str) -> Parser:
    """The parser of an accepted suffix."""
    return cast(Parser, import_module(f"retrieval.loaders.{_MODULES[suffix]}").parse)


def unsupported(path: Path) -> str:
    """Why a file of another suffix is not read."""
    what = f"unsupported format {visible(path.suffix.lower())}" if path.suffix else "a file without a suffix"
    return f"{what}; accepted: {', '.join(sorted(SUFFIXES))}"
