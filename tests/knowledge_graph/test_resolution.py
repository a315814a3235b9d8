"""Which names are taken for one entity, why, and how the user has it otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge_graph.aliases import Alias, read_aliases
from knowledge_graph.forms import spelling, stem
from knowledge_graph.names import key_of
from retrieval.document import Document
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from tests.knowledge_graph.shelf import Shelf


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("E-mail", "email"),
        ("Wi Fi", "Wi-Fi"),
        ("Dr Ada Lin", "Ada Lin"),
        ("Prof. Ada Lin", "Dr Ada Lin"),
        ("Café Zwart", "Cafe Zwart"),
        ("World Health Organisation", "World Health Organization"),
        ("Colour centres", "color center"),
        ("Travelling programmes", "traveling program"),
        ("Anaemia", "anemia"),
        ("Oesophageal Tumours", "esophageal tumor"),
        ("Type II diabetes", "type 2 diabetes"),
        ("Northwind Ltd.", "Northwind"),
        ("Consumer Credit Act 2013", "Consumer Credit Act"),
        ("ＡＴＭ机", "ATM机"),
    ],
)
def test_spellings_of_one_name_have_one_form(one: str, other: str) -> None:
    assert spelling(key_of(one)) == spelling(key_of(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mr Lin", "Mrs Lin"),
        ("Ada Lin", "Ida Lin"),
        ("Level 1 1", "Level 11"),
        ("Version 1.1", "Version 11"),
        ("Form C1", "Form C2"),
        ("A-T", "AT"),
        ("four", "for"),
        ("Type I", "Type II"),
        ("Dr", "Mr"),
        ("Republic of China", "China"),
        ("信用卡", "借记卡"),
    ],
)
def test_other_names_have_other_forms(one: str, other: str) -> None:
    assert spelling(key_of(one)) != spelling(key_of(other)) and stem(key_of(one)) != stem(key_of(other))


def shelf(encoder: Encoder, *texts: str, aliases: tuple[Alias, ...] = ()) -> Shelf:
    made = Shelf("en", encoder.sentences, words=60)
    made.add(*(Document(str(at), f"Page {at}", text, "") for at, text in enumerate(texts)))
    made.settle(aliases=aliases)
    return made


STAFF = (
    "Ask Dr Ada Lin about Night-Desk shifts. The Night Desk is run by Ada Lin. We thank Ada Lin.",
    "A Bone Marrow Transplant takes a day. After a Bone Marrow Transplantation you rest.",
    "The Data Protection Office is closed. Call the Data Protection Officer.",
)


def test_variants_are_one_node_under_the_most_frequent_name(encoder: Encoder) -> None:
    made = shelf(encoder, *STAFF)
    assert made.means("Dr Ada Lin") == made.means("Ada Lin") == "Ada Lin"
    assert made.means("Night-Desk") == made.means("Night Desk") != ""
    # "Dr Ada Lin" is one mention, not two
    assert ("0#0", "ada lin", 3, 0) in made.picture()["mentions"]
    assert [row for row in made.picture()["nodes"] if "lin" in row[0].split()] == [("ada lin", "Ada Lin", "name", 1, 1)]


def test_inflections_are_merged_where_they_mean_the_same(encoder: Encoder) -> None:
    made = shelf(encoder, *STAFF)
    assert made.means("bone marrow transplantation") == "Bone Marrow Transplant"
    assert made.means("Data Protection Officer") == "Data Protection Officer"
    merge = next(row for row in made.picture()["merges"] if row[0] == "bone marrow transplantation")
    assert merge[1:3] == ("bone marrow transplant", "inflection") and 0.9 <= merge[3] <= 1


def test_what_a_text_calls_another_name_is_one(encoder: Encoder) -> None:
    made = shelf(
        encoder,
        "Income Protection Insurance, also known as disability cover, pays. Take out Income Protection Insurance.",
        "You get a Night Desk badge, also called a lantern, at the Night Desk (sometimes called the Owl Room).",
        "This badge is also called the night pass. The badge is also called a bronze token.",
        aliases=(Alias("badge", "token"),),
    )
    assert made.means("disability cover") == "Income Protection Insurance"
    assert made.means("Owl Room") == "Night Desk"
    assert [made.means(name) for name in ("lantern", "night pass", "bronze token")] == [
        "lantern",
        "night pass",
        "bronze token",
    ]
    assert ("disability cover", "income protection insurance", "called", 1.0) in made.picture()["merges"]


def test_a_law_is_one_with_and_without_its_year_but_not_with_another(encoder: Encoder) -> None:
    made = shelf(
        encoder, "The Finance Act 2019 changed the Noise Act 2001. The Noise Act and the Finance Act 2020 apply."
    )
    assert made.means("Noise Act 2001") == made.means("Noise Act") != ""
    assert made.means("Finance Act 2019") != made.means("Finance Act 2020")


def test_what_begins_a_sentence_is_read_as_it_is_within_others(encoder: Encoder) -> None:
    texts = (
        "Notice Saver Sixty pays more. Give notice early, or we notice.",
        "Region Guard is on. The region is wide.",
    )
    assert shelf(encoder, *texts).means("Saver Sixty") == "Saver Sixty"
    made = shelf(encoder, *texts, "We like the Notice Saver Sixty and our Region Guard. Guard dogs are out.")
    assert made.means("Saver Sixty") == "" and made.means("Notice Saver Sixty") == "Notice Saver Sixty"


def test_a_term_that_is_only_within_a_name_is_none(encoder: Encoder) -> None:
    text = "Ask the Chief Information Security Officer about the information security board."
    made = shelf(encoder, text, text, text)
    assert made.means("Chief Information Security") == ""
    assert made.means("Chief Information Security Officer") == "Chief Information Security Officer"
    alone = f"{text} Our chief information security is poor."
    assert shelf(encoder, alone, alone, alone).means("Chief Information Security") == "chief information security"


def test_a_title_names_the_entity_whatever_is_more_frequent(encoder: Encoder) -> None:
    made = Shelf("en", encoder.sentences)
    made.add(Document("a", "Night-Desk", "The Night Desk is open. The Night Desk answers. Ask the Night Desk.", ""))
    made.settle()
    assert made.means("Night Desk") == "Night-Desk"
    assert [row[1:3] for row in made.picture()["nodes"] if row[0].startswith("night")] == [("Night-Desk", "topic")]


def test_the_user_says_what_is_the_same_and_what_is_not(encoder: Encoder) -> None:
    said = (Alias("the blue house", "Night Desk"), Alias("Dr Ada Lin", "Ada Lin", False), Alias("Chief", "Ada Lin"))
    made = shelf(encoder, *STAFF, "The blue house answers. The Chief is away.", aliases=said)
    assert made.means("The blue house") == made.means("Night-Desk") == "Night Desk"
    assert (made.means("Dr Ada Lin"), made.means("Chief")) == ("Dr Ada Lin", "Ada Lin")
    assert ("3#0", "night desk", 1, 0) in made.picture()["mentions"]
    made.settle()
    assert made.picture() == shelf(encoder, *STAFF, "The blue house answers. The Chief is away.").picture()


def test_what_is_kept_apart_is_not_joined_by_way_of_a_third(encoder: Encoder) -> None:
    names = "The Night Desk, the Night-Desk and the Nightdesk: ask at the Nightdesk. Then the Nightdesk calls."
    made = shelf(encoder, names, aliases=(Alias("Night Desk", "Night-Desk", False),))
    assert made.means("Night Desk") != made.means("Night-Desk")
    assert "Nightdesk" in {made.means("Night Desk"), made.means("Night-Desk")}


def test_synonyms_of_a_document_mean_what_its_title_names(encoder: Encoder) -> None:
    ulcer = {"synonyms": ["Peptic sore", "PU", "Heartburn", "Belly ache"], "cui": ["C0000001"]}
    made = Shelf("en", encoder.sentences)
    made.add(
        Document("a", "Stomach ulcer", "Rest.", "", ulcer),
        Document("b", "Stomach ulcer", "A peptic sore is as bad. See PU, and C0000001.", "", {"told": ulcer}),
        Document("c", "Heartburn", "A page of its own.", "", {"aliases": "Acid reflux; Belly ache|/old/address"}),
    )
    made.settle()
    meant = {
        name: made.means(name) for name in ("peptic sore", "PU", "C0000001", "Heartburn", "Acid reflux", "Old address")
    }
    assert meant == {
        **dict.fromkeys(("peptic sore", "PU", "C0000001"), "Stomach ulcer"),
        **dict.fromkeys(("Heartburn", "Acid reflux"), "Heartburn"),
        "Old address": "",
    }
    assert made.means("Belly ache") == "Belly ache"  # of two titles
    assert ("b#0", "stomach ulcer", 3, 1) in made.picture()["mentions"]
    assert ("pu", "stomach ulcer", "synonym", 2.0) in made.picture()["merges"]
    made.remove("a")
    made.remove("b")
    made.settle()
    assert (made.means("peptic sore"), made.means("Belly ache")) == ("", "Heartburn")


def test_an_aliases_file_takes_a_header_and_a_third_column(tmp_path: Path) -> None:
    path = tmp_path / "aliases.csv"
    path.write_text("\ufeffAlias,Name,Means\nHSM vault,Granite Drive\n\nSEC-1, SEC-2 ,Different\n", encoding="utf8")
    assert read_aliases(path) == [Alias("HSM vault", "Granite Drive"), Alias("SEC-1", "SEC-2", False)]
    path.write_text("alias,name\nB,A b\n", encoding="utf8")
    with pytest.raises(GraftError, match="row 1: 'B' cannot be a name"):
        read_aliases(path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Card\n", "row 1 must hold alias, name and perhaps same or different, got 'Card'"),
        ("Card,\n", "row 1 must hold alias, name and perhaps same or different, got 'Card,'"),
        ("Card,Desk,maybe\n", "row 1: the third column must be same or different, got 'maybe'"),
        ("Card,Desk\n1984,Desk\n", "row 2: '1984' cannot be a name"),
        ("Cards,card,different\n", "row 1: 'Cards' and 'card' are one name, whatever is said of them"),
        ("Card,Desk\nDesk,Card,different\n", "row 2 says the opposite of an earlier row"),
        ('"' + "x" * 200_000, "cannot be read: "),
    ],
)
def test_what_is_wrong_in_an_aliases_file_is_said_in_one_line(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "aliases.csv").write_text(text, encoding="utf8")
    with pytest.raises(GraftError, match=reason) as caught:
        read_aliases(tmp_path / "aliases.csv")
    assert "\n" not in str(caught.value)
    with pytest.raises(GraftError, match=r"aliases file .* cannot be read"):
        read_aliases(tmp_path)
