"""Citations of generated text: kept, renumbered by first use, or removed; each quotes its passage."""

from __future__ import annotations

import pytest

from chatbot.citations import ground
from retrieval.document import Chunk, Passage

TEXTS = (
    "A replacement card costs 9 euros. It arrives within five working days.",
    "Lost cards are blocked at once. The card desk answers day and night.",
    "Fees are listed in the branch.",
)
PASSAGES = [
    Passage(Chunk(f"d{n}#0", f"d{n}", text, 100, 100 + len(text), "Cards"), 1.0) for n, text in enumerate(TEXTS, 1)
]


def cited(text: str) -> tuple[str, list[str]]:
    grounded, citations = ground(text, PASSAGES)
    return grounded, [citation.document for citation in citations]


@pytest.mark.parametrize(
    ("text", "expected", "documents"),
    [
        ("Nine euros [1].", "Nine euros [1].", ["d1"]),
        ("At once [2]. Nine euros [1].", "At once [1]. Nine euros [2].", ["d2", "d1"]),
        ("At once [2]. Again [2].", "At once [1]. Again [1].", ["d2"]),
        ("Made up [9].", "Made up.", []),
        ("Made up [0] and [123].", "Made up and.", []),
        ("Both [1, 3].", "Both [1][2].", ["d1", "d3"]),
        ("Both [3,9,1].", "Both [1][2].", ["d3", "d1"]),
        ("Both [1][1].", "Both [1][1].", ["d1"]),
        ("All [1-3].", "All [1][2][3].", ["d1", "d2", "d3"]),
        ("Two [2–3].", "Two [1][2].", ["d2", "d3"]),
        ("On a scale of [0-5].", "On a scale of.", []),
        ("Backwards [3-1].", "Backwards [1][2].", ["d3", "d1"]),
        ("Twice [1, 1].", "Twice [1].", ["d1"]),
        ("九欧元【1】。", "九欧元[1]。", ["d1"]),
        ("两者【2、1】", "两者[1][2]", ["d2", "d1"]),
        ("No marks at all.", "No marks at all.", []),
        ("[9]", "", []),
        ("Made up [-1] and [1000000000000000000000].", "Made up and.", []),
        ("It lies in [-1, 1], see items[-1] of [1789].", "It lies in [-1, 1], see items[-1] of [1789].", []),
        ("Part of it [1, 2000].", "Part of it [1].", ["d1"]),
        ("Year [2024] stays.", "Year [2024] stays.", []),
    ],
)
def test_marks_are_renumbered_by_first_use_and_unknown_ones_removed(
    text: str, expected: str, documents: list[str]
) -> None:
    assert cited(text) == (expected, documents)


def test_without_passages_no_mark_survives() -> None:
    assert ground("Nine euros [1].", []) == ("Nine euros.", [])


@pytest.mark.parametrize("code", ["`names[0]`", "`names[1]`", "```python\nprint(names[9])\n```"])
def test_brackets_in_code_are_no_marks(code: str) -> None:
    assert cited(f"Write {code} for it [3].") == (f"Write {code} for it [1].", ["d3"])


def test_a_citation_quotes_the_sentence_nearest_to_the_one_that_cites() -> None:
    text = "You will have it within five working days [1]. The desk answers day and night [2]."
    first, second = ground(text, PASSAGES)[1]
    assert first.quote == "It arrives within five working days."
    assert second.quote == "The card desk answers day and night."
    for citation, whole in ((first, TEXTS[0]), (second, TEXTS[1])):
        assert whole[citation.start - 100 : citation.end - 100] == citation.quote
        assert citation.section == "Cards"
