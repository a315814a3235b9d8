"""Zip-based formats (docx, pptx, xlsx, epub): opened only when what they unpack to is sane."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from retrieval.errors import UnreadableFile

_MAX_UNPACKED = 500 * 2**20
_MAX_RATIO = 200
_RATIO_FROM = 50 * 2**20


def open_archive(data: bytes, suffix: str) -> zipfile.ZipFile:
    """Opens the archive without unpacking it.

    Raises:
        UnreadableFile: It is damaged, encrypted, or unpacks to far more than a document would (a zip bomb).
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise UnreadableFile(f"damaged or truncated {suffix}") from error
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > _MAX_UNPACKED or (unpacked > _RATIO_FROM and unpacked > _MAX_RATIO * len(data)):
        raise UnreadableFile(f"unpacks to {unpacked // 2**20:,} MB, far more than a document (a zip bomb?)")
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnreadableFile(f"encrypted {suffix}: save it without a password")
    return archive


def parse_xml(data: bytes) -> Any:
    """The root element of an XML part, mended where it is malformed; entities and the network stay untouched.

    Raises:
        UnreadableFile: It is not XML, or ends too early.
    """
    from lxml import etree

    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(data, parser)
    if root is None:
        raise UnreadableFile("damaged: a part holds no XML")
    if any(entry.type == etree.ErrorTypes.ERR_TAG_NOT_FINISHED for entry in parser.error_log):
        raise UnreadableFile("damaged: a part ends too early")  # half a text must not pass for all of it
    return root
