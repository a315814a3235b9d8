"""Bad files of every kind are refused with a reason."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from retrieval.errors import UnreadableFile
from retrieval.loaders import SUFFIXES, load
from tests.retrieval.loaders.sample_files import PAGE, Read, docx_bytes, epub_bytes, pdf_bytes, reason, xlsx_bytes

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_empty_files_and_random_bytes_are_refused(read: Read, suffix: str) -> None:
    assert reason(read, f"a{suffix}", b"") == "empty file"
    noise = random.Random(7).randbytes(5000)
    text = reason(read, f"a{suffix}", noise)
    assert "binary data" in text


@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".epub", ".pptx"])
def test_truncated_archives_are_refused(read: Read, suffix: str) -> None:
    whole = {".docx": docx_bytes(), ".xlsx": xlsx_bytes({"a": [["b"]]}), ".epub": epub_bytes()}.get(
        suffix, docx_bytes()
    )
    assert reason(read, f"a{suffix}", whole[: len(whole) // 2]) == f"damaged or truncated {suffix}"


def test_suffixes_that_lie_are_found_out(read: Read) -> None:
    assert reason(read, "a.docx", pdf_bytes(1)) == "not a real .docx (it looks like a PDF)"
    assert reason(read, "a.pdf", PAGE) == "not a real .pdf (it looks like an HTML page)"
    assert reason(read, "a.xlsx", docx_bytes()) == "not a real .xlsx (it looks like a .docx)"
    assert reason(read, "a.txt", docx_bytes()) == "not a real .txt (it looks like a .docx)"
    assert reason(read, "a.epub", "plain words") == "not a real .epub (it looks like text)"
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert "old Office file" in reason(read, "a.docx", old)
    locked = old + "EncryptedPackage".encode("utf-16-le")
    assert reason(read, "a.docx", locked) == "encrypted .docx: save it without a password"


def test_other_reasons(read: Read, tmp_path: Path) -> None:
    assert reason(read, "a.m4a", b"x").startswith("unsupported format .m4a; accepted: .csv, ")
    assert reason(read, "a.md", " \n\t\n") == "no text found"
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(UnreadableFile, match="not a file"):
        load(tmp_path / "folder.md", tmp_path)
    with pytest.raises(UnreadableFile, match="no such file"):
        load(tmp_path / "gone.md", tmp_path)


def test_loading_is_quiet_and_importing_is_light(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf_bytes(1).replace(b"/Helvetica", b"/Nonsenses"))
    program = (
        "import sys, pathlib; from retrieval.loaders import load\n"
        "heavy = {'pdfplumber', 'bs4', 'lxml', 'pptx', 'openpyxl', 'mammoth', 'yaml'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\nload(folder / 'a.pdf', folder)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
