"""Plain sentences of four kinds of document become typed facts, the right way round."""

from __future__ import annotations

import pytest

from knowledge_graph.facts import RELATED, VALUE
from knowledge_graph.names import key_of
from knowledge_graph.relations import in_records, in_table, values
from retrieval.document import Document
from tests.knowledge_graph.shelf import Shelf

Said = tuple[str, str, str]

HELP_DESK: dict[str, Said] = {
    "The parking permit costs 35 euros a year.": ("parking permit", "costs", "35 euros a year"),
    "A visitor badge is issued by the front desk.": ("visitor badge", "handled_by", "front desk"),
    "The travel office handles expense claims.": ("travel office", "handles", "expense claim"),
    "An expense claim requires a receipt.": ("expense claim", "requires", "receipt"),
    "The premium plan includes phone support.": ("premium plan", "includes", "phone support"),
    "Phone support is available to business members.": ("phone support", "applies_to", "business member"),
    "A refund takes five working days.": ("refund", "takes", "five working days"),
    "Lost property is kept in the basement office.": ("lost property", "located_in", "basement office"),
}
MEDICAL: dict[str, Said] = {
    "Scurvy is caused by vitamin C deficiency.": ("vitamin C deficiency", "causes", "scurvy"),
    "Smoking can cause chronic bronchitis.": ("smoking", "causes", "chronic bronchitis"),
    "Salbutamol relieves asthma.": ("salbutamol", "treats", "asthma"),
    "Gout is usually treated with allopurinol.": ("allopurinol", "treats", "gout"),
    "The measles vaccine protects against measles.": ("measles vaccine", "prevents", "measles"),
    "Regular exercise reduces the risk of stroke.": ("regular exercise", "prevents", "stroke"),
    "Eczema is a type of dermatitis.": ("eczema", "is_a", "dermatitis"),
    "Untreated diabetes may lead to kidney damage.": ("diabetes", "causes", "kidney damage"),
    "The pancreas produces insulin.": ("pancreas", "produces", "insulin"),
    "The retina is part of the eye.": ("retina", "part_of", "eye"),
}
SECURITY: dict[str, Said] = {
    "Kerberos uses symmetric keys.": ("Kerberos", "uses", "symmetric key"),
    "A firewall blocks unwanted traffic.": ("firewall", "prevents", "unwanted traffic"),
    "Phishing is a form of social engineering.": ("phishing", "is_a", "social engineering"),
    "Spear phishing leads to credential theft.": ("spear phishing", "causes", "credential theft"),
    "A buffer overflow is also called a buffer overrun.": ("buffer overflow", "also_known_as", "buffer overrun"),
    "Remote access requires a hardware token.": ("remote access", "requires", "hardware token"),
    "Critical alerts are escalated to the duty manager.": ("critical alert", "reports_to", "duty manager"),
    "SHA-1 was replaced by SHA-256.": ("SHA-1", "replaced_by", "SHA-256"),
}
PLACES: dict[str, Said] = {
    "The parcel goes to Harbour Branch, located in Oslo.": ("Harbour Branch", "located_in", "Oslo"),
}
COURSE: dict[str, Said] = {
    "Organic Chemistry is taught by Professor Lindqvist.": ("Organic Chemistry", "handled_by", "Professor Lindqvist"),
    "Linear Algebra is a prerequisite for Machine Learning.": ("Machine Learning", "requires", "Linear Algebra"),
    "The written exam lasts two hours.": ("written exam", "takes", "two hours"),
    "The final grade depends on the term project.": ("final grade", "requires", "term project"),
    "Numerical Methods covers sparse matrices.": ("Numerical Methods", "includes", "sparse matrices"),
    "The Harbour Institute was founded by Ada Brandt.": ("Ada Brandt", "founded", "Harbour Institute"),
    "Ada Brandt was born in Tromsø.": ("Ada Brandt", "born_in", "Tromsø"),
    "Plagiarism is governed by the honour code.": ("plagiarism", "governed_by", "honour code"),
}
SAID = HELP_DESK | MEDICAL | SECURITY | PLACES | COURSE


def stated(texts: dict[str, str], language: str = "en") -> set[Said]:
    """Typed facts of a corpus of texts by title; ends are keys."""
    shelf = Shelf(language, words=200)
    shelf.add(*(Document(title, title, text, "") for title, text in texts.items()))
    shelf.settle()
    edges = [(subject, relation, object_.removeprefix(VALUE)) for subject, relation, object_, _ in shelf.edges()]
    return {edge for edge in edges if edge[1] != RELATED}


def facts(sentence: str, ends: tuple[str, str], language: str = "en") -> set[Said]:
    """Typed facts of a one-sentence corpus in which both ends have a page of their own."""
    return stated({"Notes": sentence} | {name: "" for name in ends if not name[0].isdigit()}, language)


def folded(said: Said) -> Said:
    subject, relation, object_ = said
    return key_of(subject), relation, object_ if values(object_, "en") else key_of(object_)


def test_at_least_nine_in_ten_come_out_and_none_is_turned_round() -> None:
    found = {sentence: facts(sentence, (said[0], said[2])) for sentence, said in SAID.items()}
    wrong = {
        sentence: got
        for sentence, got in found.items()
        if any((object_, subject) == folded(SAID[sentence])[::2] for subject, _, object_ in got)
    }
    assert wrong == {}
    missed = {sentence: got for sentence, got in found.items() if folded(SAID[sentence]) not in got}
    assert len(missed) <= len(SAID) // 10, missed


@pytest.mark.parametrize(
    ("sentence", "ends"),
    [
        ("Paris is the capital of France.", ("Paris", "France")),
        ("A renewal requires no receipt.", ("renewal", "receipt")),
        ("Aspirin does not treat asthma.", ("aspirin", "asthma")),
        ("Insulin is not a vaccine.", ("insulin", "vaccine")),
        ("Salt causes a rise in blood pressure.", ("salt", "blood pressure")),
        ("Salbutamol (a drug), asthma (a disease).", ("salbutamol", "asthma")),
        ("The safest way to write to Tern Bank is the secure inbox.", ("Tern Bank", "secure inbox")),
        ("| Night Desk | Head: Ada Brandt |", ("Night Desk", "Ada Brandt")),
        ("- Team: the Night Desk of Tern Bank; heads Ada Brandt", ("Night Desk", "Ada Brandt")),
    ],
)
def test_what_a_sentence_does_not_say_is_no_fact(sentence: str, ends: tuple[str, str]) -> None:
    assert facts(sentence, ends) == set()


CHINESE: dict[str, Said] = {
    "信用卡年费为200元。": ("信用卡年费", "费用", "200元"),
    "贷款申请需要提供收入证明。": ("贷款申请", "requires", "收入证明"),
    "投诉由客服中心受理。": ("投诉", "handled_by", "客服中心"),
    "白金卡套餐包括机场接送。": ("白金卡套餐", "includes", "机场接送"),
    "金库位于总行大楼。": ("金库", "located_in", "总行大楼"),
    "ATM机支持无卡取款。": ("ATM机", "includes", "无卡取款"),
}


@pytest.mark.parametrize("sentence", CHINESE)
def test_chinese_sentences(sentence: str) -> None:
    said = CHINESE[sentence]
    assert (key_of(said[0]), said[1], key_of(said[2])) in facts(sentence, said[::2], "zh")


ROWS = """- Plan: Basic Plan; Monthly fee: 5 euros; Contact desk: North Desk
- Plan: Large Plan; Monthly fee: 9 euros; column 3: yes
"""


def test_rows_in_words_are_facts_and_other_lists_are_none() -> None:
    assert [fact[1:] for fact in in_records(ROWS)] == [
        ("Basic Plan", "Monthly fee", "5 euros"),
        ("Basic Plan", "Contact desk", "North Desk"),
        ("Large Plan", "Monthly fee", "9 euros"),
    ]
    for text in (
        "- Note: bring a pen; come early\n- Note: no dogs; no cats",
        "- Basic Plan: 5 euros; Large Plan: 9 euros",
        "- Opening hours: Monday to Friday: 9-5; Saturday: 10-2",
    ):
        assert list(in_records(text)) == []


TABLE = "| Plan | Monthly fee | Contact desk |\n| --- | --- | --- |\n| Basic Plan | 5 euros | North Desk |\n"


def test_rows_of_a_table_are_facts_and_a_table_cut_in_two_gives_no_false_ones() -> None:
    assert [fact[1:] for fact in in_table(TABLE)] == [
        ("Basic Plan", "Monthly fee", "5 euros"),
        ("Basic Plan", "Contact desk", "North Desk"),
    ]
    assert list(in_table("| Basic Plan | 5 euros |\n| Large Plan | 9 euros |\n")) == []
    assert stated({"Prices": TABLE, "North Desk": ""}) >= {
        ("basic plan", "monthly_fee", "5 euros"),
        ("basic plan", "contact_desk", "north desk"),
    }
