"""Questions with answers, tables and JSON records."""

from __future__ import annotations

import json

import pytest

from retrieval.document import Document
from tests.retrieval.loaders.sample_files import Read, reason, xlsx_bytes


def assert_answers(document: Document, pairs: list[tuple[str, str]]) -> None:
    spans = document.metadata["faq"]
    assert [(span["question"], document.text[span["start"] : span["end"]]) for span in spans] == pairs
    assert all(f"\n## {question}\n" in document.text for question, _ in pairs)


PAIRS = [("How do I block a card?", "Call us.\nWe answer day and night; really."), ("银行几点开门？", "九点。")]


@pytest.mark.parametrize("header", ["Question;Answer", " q ;A", "问题;答案", '"Prompt";"Response"'])
def test_csv_of_questions(read: Read, header: str) -> None:
    rows = f'{header}\n"{PAIRS[0][0]}";"{PAIRS[0][1]}"\nno answer;\n;no question\nshort\n{PAIRS[1][0]};{PAIRS[1][1]}\n'
    document = read("bank_faq.csv", rows)
    assert_answers(document, PAIRS)
    assert document.title == "Bank faq"
    assert "no answer" not in document.text and "no question" not in document.text


@pytest.mark.parametrize("wrapped", [False, True])
def test_json_of_questions(read: Read, wrapped: bool) -> None:
    records = [{"id": 1, "Question": q, "answer": a} for q, a in PAIRS]
    document = read("faq.json", json.dumps({"version": 2, "items": records} if wrapped else records))
    assert_answers(document, PAIRS)


def test_incomplete_records_do_not_hide_the_complete_one(read: Read) -> None:
    records = [{"question": "", "answer": ""}, {"question": None, "answer": 5}, {"question": "How?", "answer": "So."}]
    assert_answers(read("faq.json", json.dumps(records)), [("How?", "So.")])
    records = [{"question": "How many?", "answer": 12}, {"question": "What?", "answer": {"text": "5 euros"}}]
    text = read("b.json", json.dumps([*records, records[1]])).text
    assert "12" in text and "5 euros" in text


def test_jsonl_and_xlsx_of_questions(read: Read) -> None:
    lines = "\n".join(json.dumps({"question": q, "answer": a}, ensure_ascii=False) for q, a in PAIRS)
    assert_answers(read("faq.jsonl", lines + "\n\n"), PAIRS)
    sheet: list[list[object]] = [["Question", "Answer"], ["How?", "So."], ["When?", None]]
    assert_answers(read("faq.xlsx", xlsx_bytes({"FAQ": sheet})), [("How?", "So.")])


def test_no_complete_pair_is_a_reason(read: Read) -> None:
    assert reason(read, "a.csv", "question,answer\nonly a question,\n") == "no row has both a question and an answer"


@pytest.mark.parametrize(("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "|"), ("a.tsv", "\t")])
def test_small_tables_become_pipe_tables(read: Read, name: str, delimiter: str) -> None:
    text = read(name, f'name{delimiter}city\nAnna{delimiter}"Bern, old{delimiter} town"\n').text
    cell = f"Bern, old{delimiter} town".replace("|", "\\|").replace("\t", " ").replace("  ", " ")
    assert text == f"# A\n\n| name | city |\n| --- | --- |\n| Anna | {cell} |"


def test_rows_of_long_tables_are_understandable_alone(read: Read) -> None:
    lines = read("a.csv", "branch,opens\n" + "".join(f"b{i},{i}\n" for i in range(100))).text.split("\n")
    assert lines[-1] == "- branch: b99; opens: 99"
    assert len(lines) == 102


def test_ten_thousand_columns_do_not_explode(read: Read) -> None:
    header = ",".join(f"c{i}" for i in range(10_000))
    text = read("a.csv", header + "\n" + ",".join(["7"] * 10_000) + "\n").text
    assert "c0: 7" in text and "columns left out" in text
    assert len(text) < 10_000


def test_json_shapes(read: Read) -> None:
    titled = [{"title": "Lost cards", "text": "Call us.", "tag": "cards"}, {"title": "Fees", "body": "None."}]
    assert read("a.json", json.dumps(titled)).text == (
        "# A\n\n## Lost cards\n\nCall us.\n\n- tag: cards\n\n## Fees\n\nNone."
    )
    nested = {"bank": {"name": "Northwind", "branches": ["Bern", "Basel"]}, "open": True, "none": None}
    assert read("b.json", json.dumps(nested)).text == (
        "# B\n\n- bank:\n  - name: Northwind\n  - branches:\n    - Bern\n    - Basel\n- open: true"
    )


def test_bad_json_says_where(read: Read) -> None:
    assert "line 2, column" in reason(read, "a.json", '{"a": 1,\n b}')
    assert "(line 3, column 6)" in reason(read, "a.jsonl", '{"a": 1}\n\n{"a":\n')
    assert reason(read, "a.json", "[" * 100_000) == "nested too deeply"
    deep = read("a.json", "[" * 500 + '"needle"' + "]" * 500)
    assert "needle" in deep.text or "[[" in deep.text


FARMS = [
    {"name": "Elmfield", "hectares": 120, "at": {"road": "Mill Lane", "town": "Bern"}, "grows": ["oats", "barley"]},
    {"name": "Brackwater", "hectares": 310, "open": None, "note": "Mostly wetland | reed."},
]


def test_json_records_read_like_rows_of_a_table(read: Read) -> None:
    text = read("farms.json", json.dumps(FARMS)).text
    assert "| name | hectares | at road | at town | grows | note |" in text
    assert "| Elmfield | 120 | Mill Lane | Bern | oats, barley |  |" in text
    assert read("farms.jsonl", "\n".join(map(json.dumps, FARMS))).text == text
    wrapped = read("farms.json", json.dumps({"year": 2026, "farms": FARMS})).text
    assert wrapped.startswith("# Farms\n\n- year: 2026\n\n| name | hectares |")


def test_many_records_are_a_line_each_that_names_its_columns(read: Read) -> None:
    text = read("farms.json", json.dumps([{"name": f"Farm {n}", "2026": n} for n in range(40)])).text
    assert "- name: Farm 7; 2026: 7\n" in text


def test_records_that_are_no_table_keep_every_value(read: Read) -> None:
    deep = [{"name": "Elmfield", "herds": [{"kind": "goats", "head": 12}]}, {"name": "Brackwater"}]
    assert "kind: goats" in read("farms.json", json.dumps(deep)).text
    twice = [{"a b": "Paris", "a": {"b": "Rome"}}] * 2
    assert "Paris" in read("farms.json", json.dumps(twice)).text
    wide = [{f"column{n}": n for n in range(300)}, {"name": "Elmfield"}]
    assert "column299: 299" in read("farms.json", json.dumps(wide)).text
    inner: dict[str, object] = {"name": "deep"}
    for _ in range(5):
        inner = {"in": inner}
    assert "name: deep" in read("farms.json", json.dumps([inner, inner])).text
