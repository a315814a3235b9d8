"""Words, terms and sentences of English, Chinese and mixed text."""

from __future__ import annotations

import itertools
import re
import time
from pathlib import Path

import pytest

from retrieval import thesaurus
from retrieval.text import CJK, is_cjk, length, sentences, terms, words

HOSTILE = {
    "empty": "",
    "blank": " \n\t\n",
    "punctuation": "?!.,;:—…()[]{}<>|*_~#" * 20,
    "emoji": "🙂👩‍👩‍👧‍👦🏳️‍🌈" * 50,
    "controls": "".join(map(chr, range(32))) * 20 + "end",
    "one word": "a" * 100_000,
    "capitals": "A" * 100_000,
    "digits": "7" * 100_000,
    "Chinese": "字" * 100_000,
    "dots": "." * 100_000 + "x",
    "marks": "?!" * 50_000 + "x",
    "initials": "A. " * 33_000,
    "brackets": "(" * 100_000,
    "bars": "|" * 100_000,
    "hashes": "# a" + " " * 100_000 + "b",
    "no full stop": "word " * 20_000,
    "open fence": "```\n" + "code here\n" * 2_000,
}


def parts(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Call us. We answer at once! Really?", ["Call us.", "We answer at once!", "Really?"]),
        ("Ask Dr. Brown, e.g. on Monday. She knows.", ["Ask Dr. Brown, e.g. on Monday.", "She knows."]),
        ("The U.S. office costs 3.50 euros. Yes.", ["The U.S. office costs 3.50 euros.", "Yes."]),
        ("He said “Stop.” Then he left.", ["He said “Stop.”", "Then he left."]),
        ("See https://bank.example/a?b=c!d for more.", ["See https://bank.example/a?b=c!d for more."]),
        ("丢了怎么办？请挂失！然后补办。", ["丢了怎么办？", "请挂失！", "然后补办。"]),
        ("你好吗?我很好!谢谢", ["你好吗?", "我很好!", "谢谢"]),
        ("他说：“不行。”我走了……后来呢？", ["他说：“不行。”", "我走了……", "后来呢？"]),
        ("# Fees\n\n- one card\n- two cards\n1. first", ["Fees", "one card", "two cards", "first"]),
        ("1. Pay it back. Wait.\n2. Destroy the card.", ["Pay it back.", "Wait.", "Destroy the card."]),
        ("1. 先挂失。\n2. 再补卡。", ["先挂失。", "再补卡。"]),
        ("| Card | Fee |\n| --- | --- |\n| Gold | 1. Or 2. |", ["| Card | Fee |", "| Gold | 1. Or 2. |"]),
        ("A line\nthat goes on.\n\nNew one", ["A line\nthat goes on.", "New one"]),
        ("OPENING HOURS\nThe bank opens at 9.", ["OPENING HOURS", "The bank opens at 9."]),
        ("The members of the\nIAEA\nagreed.", ["The members of the\nIAEA\nagreed."]),
        ("NO PART OF THIS MAY\nBE COPIED. ASK US.", ["NO PART OF THIS MAY\nBE COPIED.", "ASK US."]),
        ("```\na = 1. b\n\n# no heading\n```\nAfter it.", ["```\na = 1. b\n\n# no heading\n```", "After it."]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize("name", HOSTILE)
def test_sentences_of_hostile_text_are_in_order_and_lose_no_word(name: str) -> None:
    text = HOSTILE[name]
    begun = time.perf_counter()
    spans = sentences(text)
    assert time.perf_counter() - begun < 2
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    assert words(" ".join(text[start:end] for start, end in spans)) == words(text)


def test_words_and_length() -> None:
    assert words("The bank’s e-mail, 3.5% off: 信用卡 fee_list") == (
        ["the", "bank’s", "e", "mail", "3.5", "off", "信用卡", "fee", "list"]
    )
    assert length("three plain words") == 3
    assert length("信用卡丢失") == 3
    assert length("?! …") == 0


def test_terms_meet_across_forms() -> None:
    assert set(terms("How are the cards blocked?")) == set(terms("blocking a card"))
    assert terms("the bank's fees") == terms("The bank’s fee")
    assert set(terms("信用卡")) >= {"信用", "用卡"}
    assert terms("What is the? 🙂 ...") == []


def test_which_texts_are_chinese() -> None:
    assert (
        is_cjk("请用ATM取款") and not is_cjk("The character 卡 means card") and not is_cjk("") and not is_cjk("123 🙂")
    )


def test_chinese_words_of_one_meaning_share_a_term() -> None:
    said, written, other = map(terms, ("包包丢了", "物品遗失", "体检报告三天后出"))
    shared = set(said) & set(written)
    assert shared and all(term not in "包丢了物品遗失" for term in shared)
    assert not set(said) & set(other)
    assert terms("card lost") == ["card", "lost"]


def test_the_thesaurus_is_well_formed() -> None:
    file = Path(thesaurus.__file__).parent / "thesaurus_zh.txt"
    groups = [line.split(" ") for line in file.read_text(encoding="utf8").splitlines()]
    assert len({frozenset(group) for group in groups}) == len(groups)
    assert all(len(group) > 1 and len(set(group)) == len(group) for group in groups)
    assert all(re.fullmatch(f"[{CJK}]+", word) for group in groups for word in group)
