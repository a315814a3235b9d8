"""Questions in plain words, answered from the facts of a graph."""

from __future__ import annotations

import time

import pytest

from knowledge_graph.asking import GraphAsker
from knowledge_graph.asking.amounts import amount, is_date
from knowledge_graph.asking.phrases import phrase
from tests.conftest import MakeCorpus

FACTS = [
    ("The Glass Harbour", "directed_by", "Mira Solberg"),
    ("The Glass Harbour", "starred_actors", "Tom Achterberg"),
    ("The Glass Harbour", "starred_actors", "Lena Okafor"),
    ("The Glass Harbour", "release_year", "1987"),
    ("The Glass Harbour", "has_genre", "Drama"),
    ("Night Ferry", "directed_by", "Mira Solberg"),
    ("Night Ferry", "written_by", "Paul Reyes"),
    ("Night Ferry", "release_year", "1991"),
    ("Night Ferry", "starred_actors", "Lena Okafor"),
    ("Night Ferry", "has_genre", "Thriller"),
    ("Stone Garden", "directed_by", "Paul Reyes"),
    ("Stone Garden", "starred_actors", "Lena Okafor"),
    ("Stone Garden", "has_genre", "Drama"),
    ("Stone Garden", "release_year", "1995"),
    ("Mira Solberg", "place_of_birth", "Bergen"),
    ("Paul Reyes", "place_of_birth", "Lima"),
    ("Lena Okafor", "spouse", "Paul Reyes"),
    ("Bergen", "located_in", "Norway"),
    ("Lima", "located_in", "Peru"),
]


@pytest.fixture
def asker(make_corpus: MakeCorpus) -> GraphAsker:
    return GraphAsker(make_corpus({"films.md": "# Films\n\nOf the archive.\n"}, triples=FACTS).store)


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("Who directed Night Ferry?", {"Mira Solberg"}),
        ("which films did mira solberg direct", {"The Glass Harbour", "Night Ferry"}),
        ("Who is Lena Okafor married to?", {"Paul Reyes"}),
        ("When did Stone Garden come out?", {"1995"}),
        ("Where was the director of The Glass Harbour born?", {"Bergen"}),
        ("Which dramas star Tom Achterberg?", {"The Glass Harbour"}),
        ("How many films did Mira Solberg direct?", {"2"}),
        ("Which is older, Night Ferry or Stone Garden?", {"Night Ferry"}),
        ("What is the latest film starring Lena Okafor?", {"Stone Garden"}),
        ("What is the oldest film?", {"The Glass Harbour"}),
        ("Did Paul Reyes direct Stone Garden?", {"yes"}),
        ("Did Paul Reyes direct Night Ferry?", {"no"}),
    ],
)
def test_questions_the_graph_answers(asker: GraphAsker, question: str, answers: set[str]) -> None:
    assert set(asker.ask(question).answers) == answers


@pytest.mark.parametrize(
    "question",
    [
        "Who composed the soundtrack of Night Ferry?",
        "What is the weather like in Lima?",
        "Who directed Dust?",
        "Did you see the match last night, who won?",
        "How many visitors did the cinema have last year?",
        "Hello!",
        "",
    ],
)
def test_questions_it_cannot_answer_are_declined_with_a_reason(asker: GraphAsker, question: str) -> None:
    answer = asker.ask(question)
    assert answer.answers == () and answer.why


def test_the_path_is_the_facts_that_were_followed(asker: GraphAsker) -> None:
    answer = asker.ask("Where was the director of Night Ferry born?")
    followed = [(fact.subject, fact.relation, fact.object) for fact in answer.path]
    assert followed == [("Night Ferry", "directed_by", "Mira Solberg"), ("Mira Solberg", "place_of_birth", "Bergen")]
    assert answer.relations == ("directed by", "place of birth") and 0.5 <= answer.confidence <= 1


def test_of_several_amounts_the_utmost_counts(make_corpus: MakeCorpus) -> None:
    facts = [("Ada River", "length", "900 km"), ("Ada River", "length", "100 km"), ("Bo River", "length", "500 km")]
    for told in (facts, facts[::-1]):
        asker = GraphAsker(make_corpus({"a.md": "# Rivers\n"}, triples=told).store)
        assert asker.ask("Which is longer, Ada River or Bo River?").answers == ("Ada River",)
        assert asker.ask("Which is heavier, Ada River or Bo River?").answers == ()


def test_in_a_graph_of_one_relation_words_must_ask_for_it(make_corpus: MakeCorpus) -> None:
    facts = [("Ann", "knows", "Bob"), ("Bob", "knows", "Cy")]
    asker = GraphAsker(make_corpus({"a.md": "# People\n"}, triples=facts).store)
    assert asker.ask("Who does Bob know?").answers == ("Cy",)
    assert asker.ask("Who composed Bob?").answers == asker.ask("Where does Bob live?").answers == ()


def test_a_long_question_that_names_much_is_read_in_time(asker: GraphAsker) -> None:
    begin = time.perf_counter()
    asker.ask("Which film did Mira Solberg or Paul Reyes write with Lena Okafor or Tom Achterberg " * 2)
    assert time.perf_counter() - begin < 20
    assert "more than 40 words" in asker.ask("Mira Solberg " * 10_000).why


def test_a_graph_without_typed_facts_says_so(make_corpus: MakeCorpus) -> None:
    assert "no typed facts" in GraphAsker(make_corpus({"a.md": "Nothing here."}).store).ask("Who is Ada?").why


@pytest.mark.parametrize(
    ("label", "value"),
    [("212 km", 212_000), ("1,200", 1200), ("1991", 1991), ("€ 9.50", 9.5), ("400 BC", -400), ("2.5 million", 2.5e6)],
)
def test_labels_that_begin_with_a_number_are_amounts(label: str, value: float) -> None:
    assert amount(label) == pytest.approx(value)


def test_days_are_ordered_and_words_are_no_amounts() -> None:
    assert (amount("2024-03-01") or 0) < (amount("2 April 2024") or 0) < (amount("2025") or 0)
    assert is_date("1991") and is_date("2 April 2024") and not is_date("1991 km")
    assert amount("Bergen") is None


@pytest.mark.parametrize("name", ["place_of_birth", "placeOfBirth", "people.person.place of birth", "place-of-birth"])
def test_a_relation_reads_the_same_however_it_is_spelled(name: str) -> None:
    assert phrase(name).text == "place of birth"
