"""Text in every encoding, titles and headings."""

from __future__ import annotations

import pytest

from tests.retrieval.loaders.sample_files import Read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252"])
def test_western_text_reads_the_same_in_every_encoding(read: Read, encoding: str) -> None:
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
def test_other_scripts_are_detected(read: Read, encoding: str, text: str) -> None:
    assert read("a.txt", text.encode(encoding)).text == text


def test_html_declares_its_encoding(read: Read) -> None:
    page = '<html><head><meta charset="iso-8859-2"></head><body><p>Zażółć gęślą jaźń</p></body></html>'
    assert read("a.html", page.encode("iso-8859-2")).text == "Zażółć gęślą jaźń"


def test_control_characters_and_lone_surrogates_are_removed(read: Read) -> None:
    assert read("a.txt", b"\xef\xbb\xbfone\x00 two\x07\rthree").text == "one two\nthree"
    text = read("a.json", '{"key": "va\\ud800lue\\u0000"}').text
    assert text.endswith("- key: value")
    text.encode("utf-8")


def test_front_matter_gives_the_title_and_leaves_the_text(read: Read) -> None:
    document = read("a.md", "---\ntitle: Opening hours\ntags: [x]\n---\n# Hours\n\nWe open at nine.\n")
    assert document.title == "Opening hours"
    assert document.text == "# Hours\n\nWe open at nine."


def test_front_matter_gives_other_names(read: Read) -> None:
    document = read("a.md", "---\nAliases: [Times, 9, When we\n  open]\nsynonyms: Hours\n---\nWe open at nine.\n")
    assert document.metadata == {"aliases": ["Times", "When we open"], "synonyms": ["Hours"]}


def test_a_rule_is_no_front_matter(read: Read) -> None:
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
def test_titles(read: Read, name: str, content: str, title: str) -> None:
    assert read(name, content).title == title


def test_underlined_headings_become_hash_headings(read: Read) -> None:
    assert read("a.rst", "Title\n=====\n\nPart\n----\n\ntext").text == "# Title\n\n## Part\n\ntext"
    assert read("a.md", "a | b\n--- | ---\n1 | 2").text == "a | b\n--- | ---\n1 | 2"


def test_identity_is_the_path_below_the_root(read: Read) -> None:
    document = read("cards/lost.md", "# Lost")
    assert (document.id, document.source) == ("cards/lost.md", "cards/lost.md")
