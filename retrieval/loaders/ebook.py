"""E-books (.epub)."""

from __future__ import annotations

import posixpath
from pathlib import Path
from urllib.parse import unquote
from zipfile import ZipFile

from retrieval.errors import UnreadableFile
from retrieval.loaders.archive import open_archive, parse_xml
from retrieval.loaders.encoding import decode
from retrieval.loaders.html import html_to_markdown
from retrieval.loaders.ooxml import read_part
from retrieval.loaders.parsed import Parsed
from retrieval.loaders.titles import sensible

_PAGES = ("application/xhtml+xml", "text/html")


def parse(data: bytes, path: Path) -> Parsed:
    """The chapters in their reading order, without the table of contents; damaged chapters are left out."""
    archive = open_archive(data, ".epub")
    rootfile = parse_xml(read_part(archive, "META-INF/container.xml")).find(".//{*}rootfile")
    if rootfile is None:
        raise UnreadableFile("damaged: it names no package document")
    package_name = unquote(rootfile.get("full-path", ""))
    package = parse_xml(read_part(archive, package_name))
    chapters = [_chapter(archive, name) for name in _spine(package, posixpath.dirname(package_name))]
    text = "\n\n".join(chapter for chapter in chapters if chapter)
    if not text and "META-INF/encryption.xml" in archive.namelist():
        raise UnreadableFile("encrypted .epub (DRM): save it without protection")
    title = package.find(".//{http://purl.org/dc/elements/1.1/}title")
    return Parsed(text, title=sensible(title.text) if title is not None else "")


def _spine(package: object, folder: str) -> list[str]:
    """The names of the chapters in reading order."""
    items = {}
    for item in package.iter("{*}item"):  # type: ignore[attr-defined]
        is_contents = "nav" in item.get("properties", "").split()
        if item.get("media-type") in _PAGES and not is_contents:
            items[item.get("id")] = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
    order = [reference.get("idref") for reference in package.iter("{*}itemref")]  # type: ignore[attr-defined]
    return [items[name] for name in order if name in items] or list(items.values())


def _chapter(archive: ZipFile, name: str) -> str:
    try:
        return html_to_markdown(decode(read_part(archive, name)))
    except UnreadableFile:
        return ""
