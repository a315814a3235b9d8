"""Bytes to text: the encoding is found out, and what is not text is refused."""

from __future__ import annotations

import codecs
import re
import unicodedata

from retrieval.errors import UnreadableFile
from retrieval.loaders.clean import clean

_BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b")) + b"\x7f"
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_\-]+)""")
_HIGH_RUNS = re.compile(rb"[\x80-\xff]+")
_TYPOGRAPHY = frozenset("“”„‘’‚–—…€£§©®°«»¿¡·•™½¼¾²³×\u00a0")
_MAX_CONTROL_SHARE = 0.05  # random bytes have 0.11, texts with a stray NUL far less
_FEW_CONTROLS = 4
_BAD_SHARE = 0.3  # of the characters above ASCII: with fewer bad ones it is UTF-8 with a slip
_DETECTION_BYTES = 200_000


def decode(data: bytes) -> str:
    r"""Decodes text of unknown encoding, newlines as `\n`, control characters removed.

    Tried in order: a byte-order mark, UTF-8, UTF-16 without a mark, the encoding an HTML or XML file declares,
    Western European where that reads as words, then charset-normalizer (GB18030, Shift-JIS, Cyrillic ...).

    Raises:
        UnreadableFile: The bytes are no text.
    """
    text = _decode(data)
    if sum(text.count(chr(code)) for code in _CONTROLS) > max(_FEW_CONTROLS, _MAX_CONTROL_SHARE * len(text)):
        raise UnreadableFile("binary data, not text")
    return clean(text)


def _decode(data: bytes) -> str:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data.decode(name, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # A file cut in the middle of its last character is still UTF-8.
        if error.start >= max(len(data) - 3, 1) and error.reason == "unexpected end of data":
            return data[: error.start].decode("utf-8")
    if (wide := _utf16_without_mark(data)) is not None:
        return data.decode(wide, errors="replace")
    if sum(data.count(code) for code in _CONTROLS) > max(_FEW_CONTROLS, _MAX_CONTROL_SHARE * len(data)):
        raise UnreadableFile("binary data, not text")
    mended = data.decode("utf-8", errors="replace")
    if _BAD_SHARE * sum(not character.isascii() for character in mended) > mended.count("\ufffd"):
        return mended
    for guess in (_declared, _western, _detected):
        if (guessed := guess(data)) is not None:
            return guessed
    raise UnreadableFile("binary data, or text in an unknown encoding: save it as UTF-8")


def _utf16_without_mark(data: bytes) -> str | None:
    sample = data[:4000]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = max(len(sample) // 2, 1)
    if odd > 0.3 * half and even < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.3 * half and odd < 0.05 * half else None


def _declared(data: bytes) -> str | None:
    match = _DECLARED.search(data[:2048])
    if match is None:
        return None
    name = match[1].decode("ascii").lower()
    name = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "iso-8859-1": "cp1252"}.get(name, name)
    try:
        return data.decode(name)
    except (LookupError, UnicodeError):
        return None


def _western(data: bytes) -> str | None:
    """cp1252, where the bytes above ASCII are few, stand alone, and read as letters or typography."""
    runs = _HIGH_RUNS.findall(data)
    high = sum(map(len, runs))
    if high > 0.25 * len(data) or high > 1.5 * len(runs):
        return None
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    return text if all(c.isascii() or c.isalpha() or c in _TYPOGRAPHY for c in text) else None


def _detected(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_DETECTION_BYTES]).best()
    if best is None:
        return None
    name = best.encoding
    if _mixes_hangul_with_hanzi(str(best)):  # short Chinese texts are taken for Korean
        name = "gb18030"
    for candidate in (name, best.encoding):
        try:
            return data.decode(candidate)
        except UnicodeDecodeError:
            continue
    return data.decode(best.encoding, errors="replace")


def _mixes_hangul_with_hanzi(text: str) -> bool:
    names = [unicodedata.name(c, "")[:3] for c in text[:2000] if not c.isascii()]
    hangul, hanzi = names.count("HAN"), names.count("CJK")
    return hangul > 0 and hanzi > 0.1 * (hangul + hanzi)
