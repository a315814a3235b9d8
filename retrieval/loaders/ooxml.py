"""The plain way into Office files: their XML parts, for what the libraries cannot open."""

from __future__ import annotations

import re
import zlib
from zipfile import BadZipFile, ZipFile

from retrieval.errors import UnreadableFile
from retrieval.loaders.archive import parse_xml
from retrieval.loaders.clean import one_line
from retrieval.loaders.titles import sensible

_BREAKS = {"tab", "br", "cr"}
_HEADING_STYLE = re.compile(r"^heading\s?([1-6])$|^(title)$", re.IGNORECASE)


def read_part(archive: ZipFile, name: str) -> bytes:
    """A part of the archive.

    Raises:
        UnreadableFile: It is missing or damaged.
    """
    try:
        return archive.read(name)
    except (KeyError, BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise UnreadableFile(f"damaged: its part {name} is missing or broken") from error


def paragraphs(archive: ZipFile, part: str) -> list[str]:
    """The paragraphs of a part, headings by their style's name; nothing else of the formatting is kept."""
    found = []
    for paragraph in parse_xml(read_part(archive, part)).iter("{*}p"):
        runs = []
        for node in paragraph.iter("{*}t", "{*}tab", "{*}br", "{*}cr"):
            runs.append(" " if local_name(node) in _BREAKS else node.text or "")
        if text := one_line("".join(runs)):
            found.append(_heading_mark(paragraph) + text)
    return found


def core_title(archive: ZipFile) -> str:
    """The title in the document's properties, where somebody chose one."""
    try:
        title = parse_xml(read_part(archive, "docProps/core.xml")).find("{*}title")
    except UnreadableFile:
        return ""
    return "" if title is None else sensible(title.text)


def local_name(node: object) -> str:
    """An element's name without its namespace."""
    return str(getattr(node, "tag", "")).rsplit("}", 1)[-1]


def _heading_mark(paragraph: object) -> str:
    styles = paragraph.iter("{*}pStyle")  # type: ignore[attr-defined]
    names = [value for style in styles for key, value in style.attrib.items() if key.endswith("}val")]
    match = _HEADING_STYLE.match(names[0]) if names else None
    return "" if match is None else "#" * int(match[1] or 1) + " "
