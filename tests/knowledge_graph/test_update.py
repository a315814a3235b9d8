"""A graph kept up to date is the graph of a fresh build, whatever came, went and changed, in whatever order."""

from __future__ import annotations

import random
from typing import Any

import pytest

from knowledge_graph.aliases import Alias
from knowledge_graph.update import Said
from retrieval.document import Document
from retrieval.encoder import Encoder
from tests.knowledge_graph.films import FILMS
from tests.knowledge_graph.shelf import Shelf
from tests.knowledge_graph.test_build import BANK
from tests.knowledge_graph.test_sentences_to_facts import CHINESE as CHINESE_FACTS
from tests.knowledge_graph.test_sentences_to_facts import COURSE, HELP_DESK, MEDICAL, ROWS, SECURITY, TABLE
from tests.retrieval.corpora import CHINESE, ENGLISH

NAMES = (
    "Strong Customer Authentication (SCA) is required. SCA protects the Gold Card.",
    "Static Code Analysis (SCA) finds bugs. Ask the Card Desk about SCA and the Gold Card.",
    "Grant left early. Later Grant returned, and Silver Card holders met Grant.",
    "They grant access. We grant a loan. The annual charge is due.",
    "Ask about the Silver Card and the Onyx Card. Take an Onyx Card. Ours is a Silver Card.",
    "An annual charge is due. We waive the annual charge. Harbour mutual funds rise.",
    "The annual charges of the gold card. An annual charge applies. GOLD CARD holders pay the annual charge now.",
    "Harbour Mutual, also known as the harbour fund, is based in Oslo. Varnholm is near Oslo.",
    "# Gold Card\n\nIt costs 90 euros a year.\n\n## SCA\n\nThe card desk answers.\n\n# Fees\n\n" + TABLE,
    "- Plan: Basic Plan; Desk: Gold Card\n- Plan: Oslo; Desk: yes\n\nBasic Plan includes Travel Insurance.",
    "信用卡由客服中心受理。The Gold Card is ours.\n\n信用卡年费为200元。",
    "```\nGold Card in code\n```\nDone.",
    "Ask Dr Nora Lindqvist at the Card-Desk about the Gold-Card. The Centre for Cards organises Vaccine Programmes.",
    "Nora Lindqvist runs the Card Desk. The Center for Cards has Vaccination Programs and a Stem Cell Transplant.",
    "Notice Saver Sixty pays. They notice it. The Noise Act 2001 and the Noise Act 2002 apply.",
    "We like the Notice Saver Sixty. The Noise Act is old, Saver Sixty and the Saver Sixty too.",
    "We paid for a Stem Cell Transplantation at the Centre for Cards. The Gold-Card (GC) is a Golden Card (GC).",
    ROWS,
    "",
)
ENGLISH_TEXTS = [*FILMS.items(), *BANK.items(), *((f"Page {at}", text) for at, text in enumerate(NAMES))]
ENGLISH_TEXTS += [("SCA", "A short page."), ("Annual charge", "Who pays."), ("Grant", "A person.")]
ENGLISH_TEXTS += [
    (title, " ".join(said)) for title, said in (("Health", MEDICAL), ("Rules", SECURITY), ("Course", COURSE))
]
ENGLISH_TEXTS += [(said[0], text) for text, said in HELP_DESK.items()]
ENGLISH_TEXTS += [("Desk", text) for text in ENGLISH.values()]
CHINESE_TEXTS = [*CHINESE.items(), *((said[0], text) for text, said in CHINESE_FACTS.items())]
CHINESE_TEXTS += [
    ("信用卡", "ATM机支持无卡取款，信用卡年费为200元。"),
    ("客服", "# 费用\n\nVIP 客户的年费为八十元。\n\n" + TABLE),
]
CHINESE_TEXTS += [
    ("手机银行", "手机银行支持支票。Gold Card 信用卡丢失后请联系客服中心。"),
    ("Gold Card", "The Gold Card is free."),
]
TRIPLES: dict[str, list[Said]] = {
    "en": [
        ("Gold Card", "rival_of", "Travel Insurance"),
        ("SCA", "needs", "Card Desk"),
        ("Oslo", "related_to", "Harbour Mutual"),
        ("Gold Card", "includes", "Travel Insurance"),
        ("town", "has", "1984"),
        ("7", "is", "the"),
    ],
    "zh": [("手机银行", "支持", "支票"), ("ATM机", "支持", "7"), ("信用卡", "related_to", "客服中心")],
}


METADATA: list[dict[str, Any]] = [
    {},
    {"synonyms": ["Oslo", "annual charge", "SCA", "客服中心"], "other": ["Gold Card"]},
    {"told": {"Aliases": "harbour fund|gold cards; Golden Card", "cui": ["C0000001"]}},
    {"told": {"CUI": "C0000001", "aliases": 7}, "aliases": ["Card-Desk", None, "年费"]},
]
ALIASES = {
    "en": [
        Alias("SCA", "Card Desk"),
        Alias("SCA", "Strong Customer Authentication", False),
        Alias("Silver Card", "Gold Card"),
        Alias("harbour fund", "Harbour Mutual"),
        Alias("Gold-Card", "Gold Card", False),
        Alias("Onyx Card", "Nobody's card"),
        Alias("Nobody's card", "Silver Card"),
    ],
    "zh": [
        Alias("手机银行", "网上银行"),
        Alias("ATM机", "信用卡"),
        Alias("信用卡", "ATM机"),
        Alias("客服", "客服中心"),
    ],
}


def fresh(documents: list[Document], shelf: Shelf, triples: list[Said], aliases: list[Alias]) -> Shelf:
    shelf = Shelf(shelf.language, shelf.encode)
    shelf.add(*documents)
    shelf.settle(triples, aliases)
    return shelf


@pytest.mark.parametrize(("language", "seed"), [*(("en", seed) for seed in range(12)), ("zh", 0), ("zh", 1), ("zh", 2)])
def test_any_sequence_of_changes_ends_in_the_graph_of_a_fresh_build(language: str, seed: int, encoder: Encoder) -> None:
    chance = random.Random(seed)
    texts = ENGLISH_TEXTS if language == "en" else CHINESE_TEXTS
    shelf = Shelf(language, encoder.sentences)
    there: dict[str, Document] = {}
    for number in range(40):
        act = chance.random()
        if act < 0.55 or not there:
            name = f"{chance.randrange(12)}.md"
            title, text = chance.choice(texts)
            if chance.random() < 0.3:
                text = f"{text}\n\n{chance.choice(texts)[1]}"
            if there.pop(name, None):
                shelf.remove(name)
            there[name] = Document(name, title, text, name, chance.choice(METADATA))
            shelf.add(there[name])
        elif act < 0.85:
            del there[name := chance.choice(sorted(there))]
            shelf.remove(name)
        else:
            triples = chance.sample(TRIPLES[language], chance.randrange(len(TRIPLES[language])))
            aliases = chance.sample(ALIASES[language], chance.randrange(len(ALIASES[language])))
            shelf.settle(triples, aliases)
            documents = chance.sample(list(there.values()), len(there))
            assert shelf.picture() == fresh(documents, shelf, triples[::-1], aliases[::-1]).picture(), number
    shelf.settle()
    assert shelf.picture() == fresh(list(there.values())[::-1], shelf, [], []).picture()
    for name in list(there):
        shelf.remove(name)
    shelf.settle()
    assert not any(shelf.picture().values())


def test_one_more_document_changes_the_reading_of_the_others() -> None:
    shelf = Shelf()
    shelf.add(Document("a", "Notes", "Grant left early, and SCA is required. We like the quiet room.", "a"))
    shelf.settle()
    assert not any("quiet room" in row for row in shelf.picture()["nodes"])
    shelf.add(Document("b", "Quiet room", "Strong Customer Authentication (SCA) is safe.", "b"))
    shelf.settle()
    assert ("a#0", "quiet room", 1, 0) in shelf.picture()["mentions"]
    assert ("a#0", "strong customer authentication", 1, 0) in shelf.picture()["mentions"]
    shelf.remove("b")
    shelf.settle()
    assert {row[1] for row in shelf.picture()["mentions"]} == {"note", "sca"}


def test_what_is_only_named_within_a_longer_name_is_not_shown() -> None:
    shelf = Shelf()
    shelf.add(Document("a", "Puzzles", "We like the Towers of Hanoi. Who solved the Towers of Hanoi?", "a"))
    shelf.settle()
    assert shelf.shown() == {"Puzzles", "Towers of Hanoi"}
    assert ("a#0", "hanoi", 0, 0) in shelf.picture()["mentions"]
    shelf.add(Document("b", "Puzzles", "Then they left Hanoi.", "b"))
    shelf.settle()
    assert shelf.shown() == {"Puzzles", "Towers of Hanoi", "Hanoi"}
    shelf.remove("b")
    shelf.settle()
    assert shelf.shown() == {"Puzzles", "Towers of Hanoi"}


def test_a_cell_in_small_letters_is_read_again_when_what_it_names_becomes_an_entity() -> None:
    shelf = Shelf()
    shelf.add(Document("a", "Cards", "| Card | Office |\n| --- | --- |\n| Gold Card | oslo |", "a"))
    shelf.settle()
    assert ("gold card", "office", "=oslo", 0) in shelf.edges()
    shelf.add(Document("b", "Notes", "We like Oslo. They left Oslo.", "b"))
    shelf.settle()
    assert ("gold card", "office", "oslo", 0) in shelf.edges()


def test_what_was_settled_is_not_read_again() -> None:
    shelf = Shelf()
    shelf.add(*(Document(str(at), title, text, "") for at, (title, text) in enumerate(FILMS.items())))
    read: list[tuple[int, int]] = []
    shelf.update.settle([], lambda done, total: read.append((done, total)))
    count = sum(map(len, shelf.chunks.values()))
    assert read[-1] == (count, count)
    read.clear()
    shelf.update.settle([], lambda done, total: read.append((done, total)))
    assert read == []
    shelf.add(Document("new", "Weather", "It rains in Varnholm.", ""))
    shelf.update.settle([], lambda done, total: read.append((done, total)))
    assert read == [(1, 1)]
