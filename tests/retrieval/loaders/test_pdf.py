"""PDF: headings, columns, tables, pages, and what is refused."""

from __future__ import annotations

import io
import random
import re

from tests.retrieval.loaders.sample_files import Read, pdf_bytes, reason


def test_pdf_headings_paragraphs_and_tables(read: Read) -> None:
    document = read("a.pdf", pdf_bytes())
    text = document.text
    assert [line for line in text.split("\n") if line.startswith("#")] == [
        "# Chapter One",
        "# Chapter Two",
        "# Chapter Three",
    ]
    assert "a refund of a payment that was taken twice" in text
    assert "an ordinary week of work." in text
    assert "| Card | Fee |\n| --- | --- |\n| Gold | 25 |\n| Silver | 10 |" in text
    assert text.count("Silver") == 1


def test_pdf_drops_running_headers_and_page_numbers(read: Read) -> None:
    text = read("a.pdf", pdf_bytes()).text
    assert text.count("Northwind Bank - Terms") == 1
    assert "Page 2" not in text and "of 3" not in text


def test_pdf_pages_are_offsets(read: Read) -> None:
    document = read("a.pdf", pdf_bytes())
    starts = document.metadata["pages"]
    assert starts[0] == 0 and len(starts) == 3
    assert [document.text[start:].split("\n")[0] for start in starts[1:]] == ["# Chapter Two", "# Chapter Three"]


def test_pdf_columns_are_read_one_after_the_other(read: Read) -> None:
    import fpdf

    pdf = fpdf.FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=10)
    for x, side in ((15, "left"), (110, "right")):
        for index in range(12):
            pdf.text(x, 30 + 5 * index, f"The {side} column tells its story in line {index:02d} of it all")
    text = read("a.pdf", bytes(pdf.output())).text
    assert re.findall(r"left|right", text) == ["left"] * 12 + ["right"] * 12


def test_pdf_refusals(read: Read) -> None:
    import fpdf
    import pypdf

    whole = pdf_bytes()
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(whole))
    writer.encrypt("secret", algorithm="AES-256")
    locked = io.BytesIO()
    writer.write(locked)
    blank = fpdf.FPDF()
    blank.add_page()
    assert reason(read, "a.pdf", locked.getvalue()) == "encrypted PDF: save it without a password"
    assert reason(read, "a.pdf", whole[: len(whole) // 2]).startswith("damaged or truncated PDF")
    assert reason(
        read, "a.pdf", b"%PDF-1.7\n" + random.Random(7).randbytes(3000) + b"\nstartxref\n0\n%%EOF"
    ).startswith("damaged")
    assert reason(read, "a.pdf", bytes(blank.output())) == "no text found (a scanned PDF? run OCR first)"


def test_pdf_without_a_user_password_is_read(read: Read) -> None:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf_bytes(1)))
    writer.encrypt(user_password="", owner_password="owner", algorithm="AES-128")
    target = io.BytesIO()
    writer.write(target)
    assert "# Chapter One" in read("a.pdf", target.getvalue()).text
