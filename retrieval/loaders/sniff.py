"""What a file really is, by its first bytes: a suffix can lie."""

from __future__ import annotations

import io
import zipfile

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"RIFF", "an audio, video or WebP file"),
    (b"OggS", "an audio file"),
    (b"ID3", "an MP3 audio file"),
    (b"\xff\xfb", "an MP3 audio file"),
    (b"\xff\xf3", "an MP3 audio file"),
    (b"fLaC", "an audio file"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"{\\rtf", "an RTF document"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"\x7fELF", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"wOFF", "a font"),
    (b"PAR1", "a Parquet file"),
    (b"\x80\x04\x95", "a Python pickle"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_MARKS = (("word/", "a .docx"), ("ppt/", "a .pptx"), ("xl/", "an .xlsx"), ("META-INF/container.xml", "an .epub"))
ENCRYPTED_OFFICE = "an encrypted Office file"


def looks_like(data: bytes) -> str:
    """What the bytes look like, with its article: `a PDF`, `an HTML page`, `text`, `binary data`."""
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _zip_kind(data)
    if data.startswith(_OLE):
        name = "EncryptedPackage".encode("utf-16-le")
        return ENCRYPTED_OFFICE if name in data else "an old Office file (.doc, .xls or .ppt)"
    for magic, name_of_kind in _MAGIC:
        if head.startswith(magic):
            return name_of_kind
    if data[4:8] == b"ftyp":
        return "an MPEG-4 audio or video file"
    start = head[:300].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or b"<html" in start:
        return "an HTML page"
    if start.startswith(b"<?xml"):
        return "an XML file"
    return "text" if _is_text(data[:4096]) else "binary data"


def is_foreign(kind: str) -> bool:
    """Whether a file of this kind, as `looks_like` names it, cannot be read as text."""
    return kind not in {"text", "an HTML page", "an XML file", "binary data"}


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3
    return True


def _zip_kind(data: bytes) -> str:
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return "a damaged zip archive"
    for mark, kind in _ZIP_MARKS:
        if any(name.startswith(mark) for name in names):
            return kind
    return "a zip archive"
