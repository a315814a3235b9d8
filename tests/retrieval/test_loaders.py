"""Files of every accepted format become citable text, and bad ones are refused with a reason."""

from __future__ import annotations

import io
import json
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval.document import Document
from retrieval.errors import GraftError, UnreadableFile
from retrieval.loaders import SUFFIXES, discover, load

REPOSITORY = Path(__file__).parents[2]
SAMPLES = REPOSITORY / "../shared/data/markitdown_docs/test_files"

Write = Callable[[str, "bytes | str"], Document]


@pytest.fixture
def read(tmp_path: Path) -> Write:
    """Writes a file below the test's folder and loads it."""

    def write_and_load(name: str, content: bytes | str) -> Document:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load(path, tmp_path)

    return write_and_load


def reason(read: Write, name: str, content: bytes | str) -> str:
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


# Text, encodings, titles


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252"])
def test_western_text_reads_the_same_in_every_encoding(read: Write, encoding: str) -> None:
    text = "Die Überweisung dauert länger.\r\nCafé à Genève: wo ist die Bank?\r\n"
    assert read("a.txt", text.encode(encoding)).text == text.replace("\r\n", "\n").strip()


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "信用卡丢失后怎么办？请立即拨打客服电话挂失。"),
        ("gb18030", "姓名,年龄\n张三,30"),
        ("shift_jis", "カードを紛失した場合は、すぐにお電話ください。"),
        ("big5", "信用卡遺失後怎麼辦？請立即撥打客服電話掛失。"),
        ("euc_kr", "카드를 분실한 경우 즉시 은행에 전화하십시오."),
        ("cp1251", "Потеря карты: немедленно позвоните в банк."),
    ],
)
def test_other_scripts_are_detected(read: Write, encoding: str, text: str) -> None:
    assert read("a.txt", text.encode(encoding)).text == text


def test_html_declares_its_encoding(read: Write) -> None:
    page = '<html><head><meta charset="iso-8859-2"></head><body><p>Zażółć gęślą jaźń</p></body></html>'
    assert read("a.html", page.encode("iso-8859-2")).text == "Zażółć gęślą jaźń"


def test_control_characters_and_lone_surrogates_are_removed(read: Write) -> None:
    assert read("a.txt", b"\xef\xbb\xbfone\x00 two\x07\rthree").text == "one two\nthree"
    text = read("a.json", '{"key": "va\\ud800lue\\u0000"}').text
    assert text.endswith("- key: value")
    text.encode("utf-8")


def test_front_matter_gives_the_title_and_leaves_the_text(read: Write) -> None:
    document = read("a.md", "---\ntitle: Opening hours\ntags: [x]\n---\n# Hours\n\nWe open at nine.\n")
    assert document.title == "Opening hours"
    assert document.text == "# Hours\n\nWe open at nine."


def test_a_rule_is_no_front_matter(read: Write) -> None:
    assert "Important first line" in read("a.md", "---\nImportant first line\n---\nMore.\n").text


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("a.md", "intro\n\n## Small\n\n# **Big** [one](x)\n", "Big one"),
        ("a.md", "```sh\n# a comment\n```\n\n# Real\n", "Real"),
        ("a.md", "Setext title\n============\n\ntext", "Setext title"),
        ("a.rst", "=====\nTitle\n=====\n\nPart\n----\n\ntext", "Title"),
        ("a.html", "<title>Shown in the tab</title><p>text</p>", "Shown in the tab"),
        ("opening_hours-2024-05.txt", "just words", "Opening hours 2024-05"),
    ],
)
def test_titles(read: Write, name: str, content: str, title: str) -> None:
    assert read(name, content).title == title


def test_underlined_headings_become_hash_headings(read: Write) -> None:
    assert read("a.rst", "Title\n=====\n\nPart\n----\n\ntext").text == "# Title\n\n## Part\n\ntext"
    assert read("a.md", "a | b\n--- | ---\n1 | 2").text == "a | b\n--- | ---\n1 | 2"


def test_identity_is_the_path_below_the_root(read: Write) -> None:
    document = read("cards/lost.md", "# Lost")
    assert (document.id, document.source) == ("cards/lost.md", "cards/lost.md")


# HTML


PAGE = """<!doctype html><html><head><title>Tab</title><style>.x{}</style><script>track()</script></head><body>
<header><a href="/">Logo words</a></header><nav><ul><li>Menu entry</li></ul></nav>
<main><h1>Lost cards</h1><p>Call <a href="https://bank.example/hotline">the hotline</a> <b>now</b>.</p>
<p hidden>Hidden words</p><p style="display: none">Invisible words</p><form><button>Press me</button></form>
<ul><li>first<ul><li>nested</li></ul></li></ul>
<table><tr><th>Card</th><th>Fee</th></tr><tr><td rowspan="2">Gold</td><td>25</td></tr><tr><td>30|31</td></tr></table>
</main><aside>Advert</aside><footer>Imprint</footer></body></html>"""


def test_html_keeps_the_content_and_drops_the_surroundings(read: Write) -> None:
    text = read("a.html", PAGE).text
    assert text.startswith("# Lost cards\n\nCall the hotline **now**.")
    assert "- first\n  - nested" in text
    assert "| Card | Fee |\n| --- | --- |\n| Gold | 25 |\n| Gold | 30\\|31 |" in text
    for noise in ("Logo", "Menu", "track", "Hidden", "Invisible", "Press", "Advert", "Imprint", "bank.example"):
        assert noise not in text


def test_a_small_main_does_not_hide_the_page(read: Write) -> None:
    page = f"<main>Short</main><div><p>{'The real content is here. ' * 20}</p></div>"
    assert "The real content" in read("a.html", page).text


def test_layout_tables_are_dissolved(read: Write) -> None:
    page = "<table><tr><td><h2>Left</h2><p>one</p></td><td><h2>Right</h2><p>two</p></td></tr></table>"
    text = read("a.html", page).text
    assert "## Left" in text and "## Right" in text and "|" not in text


def test_deep_nesting_keeps_the_text(read: Write) -> None:
    assert "needle" in read("a.html", "<div>" * 20_000 + "needle" + "</div>" * 20_000).text


# Questions and answers


def assert_answers(document: Document, pairs: list[tuple[str, str]]) -> None:
    spans = document.metadata["faq"]
    assert [(span["question"], document.text[span["start"] : span["end"]]) for span in spans] == pairs
    assert all(f"\n## {question}\n" in document.text for question, _ in pairs)


PAIRS = [("How do I block a card?", "Call us.\nWe answer day and night; really."), ("银行几点开门？", "九点。")]


@pytest.mark.parametrize("header", ["Question;Answer", " q ;A", "问题;答案", '"Prompt";"Response"'])
def test_csv_of_questions(read: Write, header: str) -> None:
    rows = f'{header}\n"{PAIRS[0][0]}";"{PAIRS[0][1]}"\nno answer;\n;no question\nshort\n{PAIRS[1][0]};{PAIRS[1][1]}\n'
    document = read("bank_faq.csv", rows)
    assert_answers(document, PAIRS)
    assert document.title == "Bank faq"
    assert "no answer" not in document.text and "no question" not in document.text


@pytest.mark.parametrize("wrapped", [False, True])
def test_json_of_questions(read: Write, wrapped: bool) -> None:
    records = [{"id": 1, "Question": q, "answer": a} for q, a in PAIRS]
    document = read("faq.json", json.dumps({"version": 2, "items": records} if wrapped else records))
    assert_answers(document, PAIRS)


def test_jsonl_and_xlsx_of_questions(read: Write) -> None:
    lines = "\n".join(json.dumps({"question": q, "answer": a}, ensure_ascii=False) for q, a in PAIRS)
    assert_answers(read("faq.jsonl", lines + "\n\n"), PAIRS)
    sheet: list[list[object]] = [["Question", "Answer"], ["How?", "So."], ["When?", None]]
    assert_answers(read("faq.xlsx", xlsx_bytes({"FAQ": sheet})), [("How?", "So.")])


def test_no_complete_pair_is_a_reason(read: Write) -> None:
    assert reason(read, "a.csv", "question,answer\nonly a question,\n") == "no row has both a question and an answer"


# Tables and records


@pytest.mark.parametrize(("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "|"), ("a.tsv", "\t")])
def test_small_tables_become_pipe_tables(read: Write, name: str, delimiter: str) -> None:
    text = read(name, f'name{delimiter}city\nAnna{delimiter}"Bern, old{delimiter} town"\n').text
    cell = f"Bern, old{delimiter} town".replace("|", "\\|").replace("\t", " ").replace("  ", " ")
    assert text == f"# A\n\n| name | city |\n| --- | --- |\n| Anna | {cell} |"


def test_rows_of_long_tables_are_understandable_alone(read: Write) -> None:
    lines = read("a.csv", "branch,opens\n" + "".join(f"b{i},{i}\n" for i in range(100))).text.split("\n")
    assert lines[-1] == "- branch: b99; opens: 99"
    assert len(lines) == 102


def test_ten_thousand_columns_do_not_explode(read: Write) -> None:
    header = ",".join(f"c{i}" for i in range(10_000))
    text = read("a.csv", header + "\n" + ",".join(["7"] * 10_000) + "\n").text
    assert "c0: 7" in text and "columns left out" in text
    assert len(text) < 10_000


def test_json_shapes(read: Write) -> None:
    titled = [{"title": "Lost cards", "text": "Call us.", "tag": "cards"}, {"title": "Fees", "body": "None."}]
    assert read("a.json", json.dumps(titled)).text == (
        "# A\n\n## Lost cards\n\nCall us.\n\n- tag: cards\n\n## Fees\n\nNone."
    )
    nested = {"bank": {"name": "Northwind", "branches": ["Bern", "Basel"]}, "open": True, "none": None}
    assert read("b.json", json.dumps(nested)).text == (
        "# B\n\n- bank:\n  - name: Northwind\n  - branches:\n    - Bern\n    - Basel\n- open: true"
    )


def test_bad_json_says_where(read: Write) -> None:
    assert "line 2, column" in reason(read, "a.json", '{"a": 1,\n b}')
    assert "(line 3, column 6)" in reason(read, "a.jsonl", '{"a": 1}\n\n{"a":\n')
    assert reason(read, "a.json", "[" * 100_000) == "nested too deeply"
    deep = read("a.json", "[" * 500 + '"needle"' + "]" * 500)
    assert "needle" in deep.text or "[[" in deep.text


# Office files and e-books


def test_docx(read: Write) -> None:
    text = read("a.docx", docx_bytes()).text
    assert text.startswith("# Lost cards\n\nCall the hotline at once.\n\n## Fees")
    assert "- A new card costs 10 euros." in text
    assert "| Card | Fee |\n| --- | --- |\n| Gold | 25 \\| 30 |" in text


def test_docx_with_a_broken_part_keeps_its_text(read: Write) -> None:
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


def test_office_files_survive_a_damaged_picture(read: Write) -> None:
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


def test_one_bad_byte_does_not_garble_a_utf8_file(read: Write) -> None:
    text = "Überweisungen dauern länger – für Kunden aus Zürich. " * 5
    assert read("a.txt", text.encode() + b"\xff" + text.encode()).text.count("Zürich") == 10


def test_pptx(read: Write) -> None:
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


def test_xlsx_has_no_spreadsheet_debris(read: Write) -> None:
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


def test_epub_chapters_in_reading_order(read: Write) -> None:
    document = read("a.epub", epub_bytes())
    assert document.title == "The bank book"
    assert document.text == "# First steps\n\nOpen an account.\n\n# Closing\n\nSay goodbye."


def test_zip_bombs_are_refused_unopened(read: Write) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * (60 * 2**20))
    assert "zip bomb" in reason(read, "a.docx", target.getvalue())


# PDF


def test_pdf_headings_paragraphs_and_tables(read: Write) -> None:
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


def test_pdf_drops_running_headers_and_page_numbers(read: Write) -> None:
    text = read("a.pdf", pdf_bytes()).text
    assert text.count("Northwind Bank - Terms") == 1
    assert "Page 2" not in text and "of 3" not in text


def test_pdf_pages_are_offsets(read: Write) -> None:
    document = read("a.pdf", pdf_bytes())
    starts = document.metadata["pages"]
    assert starts[0] == 0 and len(starts) == 3
    assert [document.text[start:].split("\n")[0] for start in starts[1:]] == ["# Chapter Two", "# Chapter Three"]


def test_pdf_columns_are_read_one_after_the_other(read: Write) -> None:
    import fpdf

    pdf = fpdf.FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=10)
    for x, side in ((15, "left"), (110, "right")):
        for index in range(12):
            pdf.text(x, 30 + 5 * index, f"The {side} column tells its story in line {index:02d} of it all")
    text = read("a.pdf", bytes(pdf.output())).text
    assert re.findall(r"left|right", text) == ["left"] * 12 + ["right"] * 12


def test_pdf_refusals(read: Write) -> None:
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


def test_pdf_without_a_user_password_is_read(read: Write) -> None:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf_bytes(1)))
    writer.encrypt(user_password="", owner_password="owner", algorithm="AES-128")
    target = io.BytesIO()
    writer.write(target)
    assert "# Chapter One" in read("a.pdf", target.getvalue()).text


# Bad files of every kind


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_empty_files_and_random_bytes_are_refused(read: Write, suffix: str) -> None:
    assert reason(read, f"a{suffix}", b"") == "empty file"
    noise = random.Random(7).randbytes(5000)
    text = reason(read, f"a{suffix}", noise)
    assert "binary data" in text


@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".epub", ".pptx"])
def test_truncated_archives_are_refused(read: Write, suffix: str) -> None:
    whole = {".docx": docx_bytes(), ".xlsx": xlsx_bytes({"a": [["b"]]}), ".epub": epub_bytes()}.get(
        suffix, docx_bytes()
    )
    assert reason(read, f"a{suffix}", whole[: len(whole) // 2]) == f"damaged or truncated {suffix}"


def test_suffixes_that_lie_are_found_out(read: Write) -> None:
    assert reason(read, "a.docx", pdf_bytes(1)) == "not a real .docx (it looks like a PDF)"
    assert reason(read, "a.pdf", PAGE) == "not a real .pdf (it looks like an HTML page)"
    assert reason(read, "a.xlsx", docx_bytes()) == "not a real .xlsx (it looks like a .docx)"
    assert reason(read, "a.txt", docx_bytes()) == "not a real .txt (it looks like a .docx)"
    assert reason(read, "a.epub", "plain words") == "not a real .epub (it looks like text)"
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert "old Office file" in reason(read, "a.docx", old)
    locked = old + "EncryptedPackage".encode("utf-16-le")
    assert reason(read, "a.docx", locked) == "encrypted .docx: save it without a password"


def test_other_reasons(read: Write, tmp_path: Path) -> None:
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


# Discovery


def names(pairs: list[tuple[Path, Path]]) -> list[str]:
    return [path.relative_to(root).as_posix() for path, root in pairs]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("kb/a.md", "kb/sub/b.txt", "kb/.hidden.md", "kb/.git/c.md", "kb/~$d.docx", "kb/song.mp3", "x/a.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# words")
    return tmp_path


def test_one_folder(tree: Path) -> None:
    files, skipped = discover(["kb/"], tree)
    assert names(files) == ["a.md", "sub/b.txt"]
    assert [name for name, _ in skipped] == ["song.mp3"]
    assert "unsupported format .mp3" in skipped[0][1]


def test_several_sources_never_share_an_id(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    for name in ("one/a.md", "two/a.md"):
        (outside / name).parent.mkdir()
        (outside / name).write_text("# words")
    sources = ["kb", "x/a.md", "kb/*.md", str(outside / "one"), str(outside / "two")]
    found = names(discover(sources, tree)[0])
    assert sorted(found) == ["kb/a.md", "kb/sub/b.txt", "one/a.md", "two/a.md", "x/a.md"]


def test_single_files_and_globs(tree: Path) -> None:
    assert names(discover(["kb/a.md"], tree)[0]) == ["a.md"]
    assert names(discover(["**/*.md"], tree)[0]) == ["kb/a.md", "x/a.md"]
    with pytest.raises(GraftError, match=r"matches no file: kb/\*\.pdf"):
        discover(["kb/*.pdf"], tree)


def test_a_missing_source_is_named_with_a_suggestion(tree: Path) -> None:
    (tree / "knowledge").mkdir()
    with pytest.raises(GraftError) as caught:
        discover(["knowlege/"], tree)
    assert str(caught.value) == f"knowledge source not found: knowlege/ (looked in {tree}); did you mean knowledge/?"
    with pytest.raises(GraftError, match="looked in"):
        discover(["nothing/like/this"], tree)


def test_links_out_of_the_source_are_reported(tree: Path) -> None:
    (tree / "kb/leak.md").symlink_to(tree / "x/a.md")
    (tree / "kb/folder").symlink_to(tree / "x")
    (tree / "kb/same.md").symlink_to(tree / "kb/a.md")
    files, skipped = discover(["kb"], tree)
    assert names(files) == ["a.md", "sub/b.txt"]
    assert dict(skipped)["leak.md"] == dict(skipped)["folder"] == "a link that leads out of its folder"


# Public samples


EXPECTED = {
    "test.docx": ("AutoGen: Enabling Next-Gen LLM Applications", "## "),
    "test.pptx": ("| ColA | ColB |", "AutoGen", "1b92870d-e3b5-4e65-8153-919f4ff45592"),
    "test.xlsx": ("Alpha: 89; Beta: 82", "6ff4173b-42a5-4784-9b19-f49caff4d93d", "| 1 | 2 | 3 | 4 |"),
    "test.epub": ("# Chapter 1: Test Content", "- A bullet point"),
    "test.pdf": ("# 1 Introduction", "feasibility and utility thanks to recent"),
    "equations.docx": ("θ", "mm)/(2.5 mm"),
    "test_mskanji.csv": ("| 佐藤太郎 | 30 | 東京 |",),
    "test_blog.html": ("# Does Model and Inference Parameter Matter", "**TL;DR:**"),
    "test_wikipedia.html": ("# Microsoft", "| Founded | April 4, 1975"),
    "REPAIR-2022-INV-001_multipage.pdf": ("| Insured name | Gabriel Diaz | Year | 2022 |", "GRAND TOTAL 211,522"),
    "SPARSE-2024-INV-1234_borderless_table.pdf": ("| SKU-8847 | A-12 | 450 |", "should be reviewed to prevent"),
    "RECEIPT-2024-TXN-98765_retail_purchase.pdf": ("# TECHMART ELECTRONICS", "SUBTOTAL $863.91"),
}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the public samples are not here")
def test_public_samples() -> None:
    refused = {}
    for path in sorted(SAMPLES.iterdir()):
        if path.is_dir():
            continue
        try:
            document = load(path, SAMPLES)
        except UnreadableFile as error:
            refused[path.name] = str(error)
            continue
        for phrase in EXPECTED.get(path.name, ()):
            assert phrase in document.text, (path.name, phrase)
        assert document.title and "\x00" not in document.text and "base64" not in document.text
        assert "NaN" not in document.text and "Unnamed" not in document.text
    assert not refused.keys() & EXPECTED.keys()
    assert refused.pop("MEDRPT-2024-PAT-3847_medical_report_scan.pdf").startswith("no text found (a scanned PDF?")
    assert all(text.startswith("unsupported format") for text in refused.values())
