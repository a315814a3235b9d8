"""Questions as parts within parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from knowledge_graph.asking.linking import Link, Question, Word
from knowledge_graph.asking.nesting import UNSAID, Nesting
from knowledge_graph.asking.parts import Parts
from knowledge_graph.asking.roles import Floats, Roles
from knowledge_graph.asking.steps import Step
from retrieval.encoder import Encoder

ACTED, STARS, MADE = Step("starred_actors", True), Step("starred_actors", False), Step("directed_by", True)
COLUMNS = {ACTED: 0, STARS: 1, MADE: 2}
SAID = {"the actors in X": ACTED, "films starring X": STARS, "who directed X": MADE, "who directed films": MADE}
WORDS = "who directed films starring the actors in X".split()


def compare(parts: Sequence[str]) -> Floats:
    """Certain of what a few parts ask for, and that others ask for nothing."""
    found = np.full((len(parts), len(COLUMNS)), -5.0)
    for row, part in enumerate(parts):
        if part in SAID:
            found[row, COLUMNS[SAID[part]]] = -0.1
    return found


def test_each_step_is_asked_for_by_the_words_around_the_one_before() -> None:
    nesting = Nesting(WORDS, compare, COLUMNS)
    assert np.isclose(nesting.worth([ACTED, STARS, MADE]), -0.3)
    assert nesting.worth([STARS, ACTED, MADE]) < -5
    assert nesting.worth([ACTED]) == -5 and nesting.worth([ACTED, MADE]) < -5
    assert nesting.best(STARS) == -0.1


def test_an_entity_without_a_word_asks_for_nothing_in_particular() -> None:
    assert Nesting(["the", "X"], compare, COLUMNS).worth([MADE]) == UNSAID
    assert Nesting(["films", "X"], compare, COLUMNS).worth([ACTED, MADE]) == -np.inf


def test_words_are_dealt_out_between_two_entities_and_around_an_and(encoder: Encoder) -> None:
    text = "which films star Ada and Bo"
    words = tuple(Word(word.lower(), word.lower(), 0, 0) for word in text.split())
    ada, bo = Link(1, 3, 4), Link(2, 5, 6)
    parts = Parts(Question(text, words, (ada, bo)), [], Roles([MADE, MADE.back], encoder))
    assert len(parts.divisions([ada], 1)) == 1 and len(parts.divisions([ada, bo], 2)) == 2
    both = "which films did Ada write and direct"
    words = tuple(Word(word.lower(), word.lower(), 0, 0) for word in both.split())
    parts = Parts(Question(both, words, (ada,)), [], Roles([MADE, MADE.back], encoder))
    assert len(parts.divisions([ada], 2)) == 2  # either side may be the first path's
