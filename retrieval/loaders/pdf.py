"""PDF documents: text in reading order with headings, paragraphs, tables and the offsets of the pages."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from retrieval.errors import UnreadableFile
from retrieval.loaders.parsed import Parsed
from retrieval.loaders.pdf_furniture import without_furniture
from retrieval.loaders.pdf_lines import Line, page_lines
from retrieval.loaders.pdf_text import PageText, compose
from retrieval.loaders.titles import sensible

_TAIL = 4096
_UNMAPPED = re.compile(r"\(cid:\d+\)|\ufffd")


def parse(data: bytes, path: Path) -> Parsed:
    """Reads the pages; `metadata["pages"]` holds the offset in the text at which each page starts.

    Raises:
        UnreadableFile: It is encrypted, damaged, or holds no text (a scan).
    """
    if b"startxref" not in data[-_TAIL:] and b"%%EOF" not in data[-_TAIL:]:
        raise UnreadableFile("damaged or truncated PDF (its end is missing)")
    pages, title = _read(data)
    if not any(pages):
        raise UnreadableFile("no text found (a scanned PDF? run OCR first)")
    sample = "".join(line.text for page in pages for line in page)
    unmapped = sum(len(found) for found in _UNMAPPED.findall(sample))
    if unmapped > 0.3 * len(sample):
        raise UnreadableFile("its fonts do not say which characters they show: run OCR, or save it anew")
    composed: PageText = compose(without_furniture(pages))
    return Parsed(composed.text, fallback_title=sensible(title), metadata={"pages": composed.starts})


def _read(data: bytes) -> tuple[list[list[Line]], str]:
    """The lines of every page, and the title in the document's properties."""
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect
    from pdfplumber.utils.exceptions import PdfminerException

    try:
        with pdfplumber.open(io.BytesIO(data)) as pdf:
            if not pdf.pages:
                raise UnreadableFile("damaged or truncated PDF (it has no pages)")
            pages = [_lines(page) for page in pdf.pages]
            title = pdf.metadata.get("Title", "")
    except PdfminerException as error:
        cause = error.args[0] if error.args else error
        if isinstance(cause, PDFPasswordIncorrect) or "Password" in repr(error):
            raise UnreadableFile("encrypted PDF: save it without a password") from error
        if "Encryption" in repr(error):
            raise UnreadableFile("encrypted PDF, in a way that is not supported: save it without a password") from error
        raise UnreadableFile("damaged or truncated PDF") from error
    if all(page is None for page in pages):
        raise UnreadableFile("damaged or truncated PDF")
    return [page or [] for page in pages], title if isinstance(title, str) else ""


def _lines(page: Any) -> list[Line] | None:
    """A page's lines; None for a damaged page, which must not lose the others."""
    try:
        return page_lines(page)
    except Exception:
        return None
    finally:
        page.close()
