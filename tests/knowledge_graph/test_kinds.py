"""What kind of thing a question asks for."""

from __future__ import annotations

import pytest

from knowledge_graph.asking import GraphAsker
from knowledge_graph.asking.kinds import Kinds, head
from knowledge_graph.asking.nesting import X
from tests.conftest import MakeCorpus
from tests.knowledge_graph.test_asking import FACTS


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("in which country does X lie", "in which country"),
        ("who directed X", "who directed"),
        ("name the film directors of X", "name the film directors"),
        ("what is the number of ships in X", "what is the number of ships"),
        ("X 's capital", ""),
        ("what is X", ""),
    ],
)
def test_the_first_words_say_what_is_asked_for(question: str, said: str) -> None:
    assert head(question.split()) == said.split()


def test_things_are_known_by_what_leads_to_them(make_corpus: MakeCorpus) -> None:
    store = make_corpus({"films.md": "# Films\n\nOf the archive.\n"}, triples=FACTS).store
    numbers = dict(store.rows("SELECT label, id FROM nodes"))
    search = GraphAsker(store).search("Which directors has Lena Okafor acted for?")
    kinds = Kinds(["which", "directors", "has", X, "acted", "for"], search.roles, search.steps)
    worth = {label: kinds.worth({numbers[label]}) for label in ("Mira Solberg", "Night Ferry", "Bergen")}
    assert max(worth, key=lambda label: worth[label]) == "Mira Solberg" and max(worth.values()) < 0.1
    assert worth["Mira Solberg"] - worth["Bergen"] > 0.5
    assert Kinds([X, "acted", "for"], search.roles, search.steps).worth({numbers["Bergen"]}) == 0
