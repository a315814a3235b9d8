"""Spellings of one thing share a key, and words become entities where they are names."""

from __future__ import annotations

import sqlite3
import time

import pytest

from knowledge_graph import chinese, english, entries, resolution
from knowledge_graph.evidence import evidence
from knowledge_graph.facts import Mention
from knowledge_graph.lexicon import Lexicon, outermost
from knowledge_graph.names import acceptable, key_of
from knowledge_graph.store import SCHEMA
from knowledge_graph.tallies import Tallies
from retrieval.document import Chunk
from tests.retrieval.test_text import HOSTILE


class Found(Lexicon):
    """The lexicon of some texts, and the keys of its entities."""

    def __init__(self, texts: dict[str, str], language: str = "en") -> None:
        connection = sqlite3.connect(":memory:")
        connection.executescript(SCHEMA)
        tallies = Tallies(connection)
        chunks = [(Chunk(f"{title}#0", title, text, 0, len(text)), title) for title, text in texts.items()]
        tallies.change([evidence(chunk, title, language) for chunk, title in chunks], 1)
        entries.settle(connection, tallies)
        resolution.settle(connection, None)
        self.nodes = {row[0] for row in connection.execute("SELECT key FROM lexicon WHERE key = target")}
        super().__init__(connection)


def lexicon(*texts: str, language: str = "en") -> Found:
    """Of texts without a title that names anything."""
    return Found({str(number): text for number, text in enumerate(texts)}, language)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the Gold Cards", "gold card"),
        ("Our bank’s policies", "bank policy"),
        ("Multi-Factor Authentication (MFA)", "multi-factor authentication"),
        ("信用卡（个人）", "信用卡"),
        ("VIP 客户", "vip客户"),
    ],
)
def test_spellings_that_mean_the_same(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)


def test_keys_that_differ_or_cannot_be_names() -> None:
    assert key_of("glass") == "glass" and key_of("analysis") == "analysis" and key_of("C++") != ""
    for bad in ("", "the", "7", "2024", "x", "of the", "b c d e f g h i", "y" * 100):
        assert not acceptable(key_of(bad)), bad


def test_names_terms_and_abbreviations_are_found() -> None:
    text = "Strong Customer Authentication (SCA) protects you. Ask Maria Silva at the Bank of Ireland about SCA."
    found = lexicon(text, *["An annual charge is due. We waive the annual charge."] * 3)
    assert {"strong customer authentication", "maria silva", "bank of ireland", "annual charge"} <= found.nodes
    assert found.resolve("sca") == "strong customer authentication"
    keys = [mention.key for mention in found.mentions("Is SCA free at the Bank of Ireland? No annual charges?")]
    assert keys[0] == "strong customer authentication" and {"bank of ireland", "annual charge"} <= set(keys)


def test_sentence_starts_and_stop_words_are_no_names() -> None:
    found = lexicon("However, cards are free. They work. Please call. Cards are sent. When lost, call.")
    assert not {"however", "they", "please", "when", "card"} & found.nodes


def test_names_in_a_row_are_names_of_their_own() -> None:
    one = "Ask about the Silver Card and the Onyx Card. Take an Onyx Card. Ours is a Silver Card."
    found = lexicon(one).nodes
    assert {"silver card", "onyx card"} <= found and not any(" and " in key for key in found)
    twins = lexicon("Johnson and Johnson sells soap. We like Johnson and Johnson.").nodes
    isles = lexicon("Trinidad and Tobago. " * 9 + "They saw Trinidad. They saw Tobago.").nodes
    assert "johnson and johnson" in twins and "trinidad and tobago" in isles
    assert "mark and spencer" in lexicon("We shop at Marks and Spencer. Then Marks and Spencer closed.").nodes


def test_a_name_written_like_a_word_matches_with_its_capital_only() -> None:
    found = lexicon("We met Grant yesterday. Later Grant left, and then Grant returned.")
    assert [mention.key for mention in found.mentions("Grant spoke.")] == ["grant"]
    assert found.mentions("They grant access.") == []


def test_no_term_goes_on_in_small_letters_after_a_name() -> None:
    found = lexicon(*["The Harbour Office rents berths."] * 4).nodes
    assert "harbour office" in found and "harbour office rent" not in found


def test_code_holds_no_entities() -> None:
    assert english.prose("One.\n```\nFooBar BazQux\n```\nTwo.") == "One.\n   \n             \n   \nTwo."
    assert "foobar bazqux" not in lexicon("See this.\n```\nrun FooBar BazQux\n```\nDone.").nodes


def test_mentions_are_where_they_say() -> None:
    found = Found({"Gold Card": "", "Card": "", "信用卡": ""})
    text = "A Gold Card, or any card 🙂: gold cards!"
    spans = [(mention.key, text[mention.start : mention.end]) for mention in outermost(found.mentions(text))]
    assert spans == [("gold card", "Gold Card"), ("card", "card"), ("gold card", "gold cards")]
    assert outermost([Mention("a", 0, 4), Mention("b", 2, 6), Mention("c", 4, 6)])[-1].key == "c"


def test_chinese_nouns_and_quoted_names() -> None:
    text = "申请信用卡需要收入证明。请阅读《电子银行服务协议》。ATM机支持信用卡。"
    names = set(chinese.names(text))
    assert {"信用卡", "电子银行服务协议"} <= names and not {"需要", "问题"} & names
    found = lexicon(text, text, language="zh")
    spans = {text[mention.start : mention.end] for mention in found.mentions(text)}
    assert {"信用卡", "电子银行服务协议"} <= spans
    assert "宽限期" in set(chinese.names("还款日之后有3天宽限期。"))
    assert "天宽限期" not in set(chinese.names("还款日之后有3天宽限期。"))


@pytest.mark.parametrize(
    ("language", "name"),
    [
        (language, name)
        for language in ("en", "zh")
        for name, text in HOSTILE.items()
        if language == "en" or len(text) < 9_000
    ],
)
def test_hostile_text_is_mined_in_time(language: str, name: str) -> None:
    begun = time.perf_counter()
    lexicon(HOSTILE[name], language=language).mentions(HOSTILE[name])
    assert time.perf_counter() - begun < 3
