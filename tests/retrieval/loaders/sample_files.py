"""Small files of each format, made on the spot."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from retrieval.document import Document
from retrieval.errors import UnreadableFile

Read = Callable[[str, "bytes | str"], Document]

PAGE = """<!doctype html><html><head><title>Tab</title><style>.x{}</style><script>track()</script></head><body>
<header><a href="/">Logo words</a></header><nav><ul><li>Menu entry</li></ul></nav>
<main><h1>Lost cards</h1><p>Call <a href="https://bank.example/hotline">the hotline</a> <b>now</b>.</p>
<p hidden>Hidden words</p><p style="display: none">Invisible words</p><form><button>Press me</button></form>
<ul><li>first<ul><li>nested</li></ul></li></ul>
<table><tr><th>Card</th><th>Fee</th></tr><tr><td rowspan="2">Gold</td><td>25</td></tr><tr><td>30|31</td></tr></table>
</main><aside>Advert</aside><footer>Imprint</footer></body></html>"""


def reason(read: Read, name: str, content: bytes | str) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read(name, content)
    return str(caught.value)


def docx_bytes() -> bytes:
    import docx

    document = docx.Document()
    document.add_heading("Lost cards", level=1)
    document.add_paragraph("Call the hotline at once.")
    document.add_heading("Fees", level=2)
    document.add_paragraph("A new card costs 10 euros.", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Card", "Fee", "Gold", "25 | 30"], strict=True):
        cell.text = text
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def xlsx_bytes(sheets: dict[str, list[list[object]]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def pdf_bytes(pages: int = 3) -> bytes:
    """Pages with a running header, a heading, a hyphenated paragraph, a table on the first page, and page numbers."""
    import fpdf

    pdf = fpdf.FPDF()
    pdf.set_auto_page_break(False)
    for number in range(1, pages + 1):
        pdf.add_page()
        pdf.set_font("Helvetica", size=9)
        pdf.text(20, 10, "Northwind Bank - Terms")
        pdf.set_font("Helvetica", "B", 18)
        pdf.text(20, 30, f"Chapter {['One', 'Two', 'Three', 'Four'][number - 1]}")
        pdf.set_font("Helvetica", size=11)
        lines = [
            f"Paragraph {number} explains how a customer of the bank may ask for a refund of a pay-",
            "ment that was taken twice from the account, and how long that takes in an ordinary week of",
            "work.",
        ]
        for index, line in enumerate(lines):
            pdf.text(20, 42 + 5 * index, line)
        if number == 1:
            pdf.set_xy(20, 80)
            with pdf.table(width=120) as table:
                for cells in (("Card", "Fee"), ("Gold", "25"), ("Silver", "10")):
                    table.row(cells)
        pdf.set_font("Helvetica", size=9)
        pdf.text(100, 290, f"Page {number} of {pages}")
    return bytes(pdf.output())


def epub_bytes(chapter: str = "<h1>First steps</h1><p>Open an account.</p>") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
        )
        archive.writestr(
            "OEBPS/book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            "<metadata><dc:title>The bank book</dc:title></metadata><manifest>"
            '<item id="two" href="two.xhtml" media-type="application/xhtml+xml"/>'
            '<item id="one" href="a%20b.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="one"/><itemref idref="two"/></spine></package>',
        )
        archive.writestr("OEBPS/two.xhtml", "<html><body><h1>Closing</h1><p>Say goodbye.</p></body></html>")
        archive.writestr("OEBPS/a b.xhtml", f"<html><body>{chapter}</body></html>")
    return target.getvalue()
