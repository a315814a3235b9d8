"""Word, PowerPoint, Excel and e-books."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.retrieval.loaders.sample_files import Read, docx_bytes, epub_bytes, reason, xlsx_bytes


def test_docx(read: Read) -> None:
    text = read("a.docx", docx_bytes()).text
    assert text.startswith("# Lost cards\n\nCall the hotline at once.\n\n## Fees")
    assert "- A new card costs 10 euros." in text
    assert "| Card | Fee |\n| --- | --- |\n| Gold | 25 \\| 30 |" in text


def test_docx_with_a_broken_part_keeps_its_text(read: Read) -> None:
    import docx
    from PIL import Image

    picture, target = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    document = docx.Document()
    document.add_heading("Lost cards", level=1)
    document.add_picture(io.BytesIO(picture.getvalue()))
    document.add_paragraph("Call the hotline.")
    document.save(target)
    broken = io.BytesIO()
    with zipfile.ZipFile(target) as old, zipfile.ZipFile(broken, "w") as new:
        for entry in old.infolist():
            if not entry.filename.startswith("word/media/"):
                new.writestr(entry, old.read(entry))
    text = read("a.docx", broken.getvalue()).text
    assert "# Lost cards" in text and "Call the hotline." in text
    assert "base64" not in read("b.docx", target.getvalue()).text


def test_office_files_survive_a_damaged_picture(read: Read) -> None:
    import pptx
    from PIL import Image
    from pptx.util import Inches

    picture, target = io.BytesIO(), io.BytesIO()
    Image.effect_noise((64, 64), 50).save(picture, "PNG")
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Lost cards"
    slide.shapes.add_picture(picture, Inches(1), Inches(1))
    deck.save(target)
    data = bytearray(target.getvalue())
    with zipfile.ZipFile(target) as archive:
        entry = next(entry for entry in archive.infolist() if entry.filename.startswith("ppt/media/"))
    middle = entry.header_offset + entry.compress_size // 2
    data[middle : middle + 50] = bytes(50)
    assert "Lost cards" in read("a.pptx", bytes(data)).text


def test_one_bad_byte_does_not_garble_a_utf8_file(read: Read) -> None:
    text = "Überweisungen dauern länger – für Kunden aus Zürich. " * 5
    assert read("a.txt", text.encode() + b"\xff" + text.encode()).text.count("Zürich") == 10


def test_a_few_signs_in_utf8_outweigh_a_stray_byte(read: Read) -> None:
    text = "The café costs five euro — “cheap”.".encode() + b"\nAnother caf\xe9.\n"
    assert read("a.txt", text).text.startswith("The café costs five euro — “cheap”.")


def test_docx_with_half_a_text_is_refused(read: Read) -> None:
    broken = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx_bytes())) as old, zipfile.ZipFile(broken, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry, data[: data.index(b"10 euros")] if entry.filename == "word/document.xml" else data)
    assert reason(read, "a.docx", broken.getvalue()) == "damaged: a part ends too early"


@pytest.mark.parametrize("cell", ["A1048576", "XFD2", "XFD1048576"])
def test_xlsx_with_a_cell_far_away(read: Read, cell: str) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.worksheets[0]["A1"], book.worksheets[0][cell] = "top", "bottom"
    target = io.BytesIO()
    book.save(target)
    text = read("a.xlsx", target.getvalue()).text
    assert "top" in text and "bottom" in text


def test_xlsx_with_too_many_cells_is_refused(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.loaders.sheets.MAX_CELLS", 5)
    assert reason(read, "a.xlsx", xlsx_bytes({"Big": [["x"] * 3] * 2})) == "the sheet 'Big' has more than 5 cells"


def test_pptx(read: Read) -> None:
    import pptx
    from pptx.util import Inches

    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Cards in 2024"
    first.placeholders[1].text = "Block it\nReplace it"
    first.notes_slide.notes_text_frame.text = "Mention the hotline."
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Fees"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for index, text in enumerate(["Card", "Fee", "Gold", "25"]):
        table.cell(index // 2, index % 2).text = text
    target = io.BytesIO()
    deck.save(target)
    document = read("a.pptx", target.getvalue())
    assert document.title == "Cards in 2024"
    assert document.text == (
        "# Cards in 2024\n\n- Block it\n- Replace it\n\nNotes: Mention the hotline.\n\n"
        "## Fees\n\n| Card | Fee |\n| --- | --- |\n| Gold | 25 |"
    )


def test_xlsx_has_no_spreadsheet_debris(read: Read) -> None:
    import datetime

    rows: list[list[object]] = [
        ["Branch report"],
        [],
        ["Branch", None, "Opened", "Share"],
        ["Bern", None, datetime.datetime(2020, 5, 1), 0.1 + 0.2],
        ["Basel", None, None, 3.0],
    ]
    text = read("branches.xlsx", xlsx_bytes({"Northern branches": rows, "Empty": []})).text
    assert text == (
        "# Branches\n\n## Northern branches\n\nBranch report\n\n| Branch | Opened | Share |\n| --- | --- | --- |\n"
        "| Bern | 2020-05-01 | 0.3 |\n| Basel |  | 3 |"
    )


def test_epub_chapters_in_reading_order(read: Read) -> None:
    document = read("a.epub", epub_bytes())
    assert document.title == "The bank book"
    assert document.text == "# First steps\n\nOpen an account.\n\n# Closing\n\nSay goodbye."


def test_zip_bombs_are_refused_unopened(read: Read) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * (60 * 2**20))
    assert "zip bomb" in reason(read, "a.docx", target.getvalue())
