"""The units of chunks that overlap."""

from __future__ import annotations

from chatbot.units import distinct
from retrieval.document import Chunk, Document
from retrieval.splitter import split

TEXT = (
    "Ring the night desk at once. It blocks the card for you. A new card costs nine euros. "
    "It is sent within five days. Nobody may ask for your code."
)


def overlapping(name: str = "cards.md") -> list[Chunk]:
    """Two chunks that share a sentence."""
    chunks = split(Document(name, "Cards", TEXT, name), words=18, overlap=6)
    assert len(chunks) == 2 and chunks[1].start < chunks[0].end
    return chunks


def test_a_unit_of_two_overlapping_chunks_is_that_of_the_first_one_given() -> None:
    first, second = overlapping()
    for given, keeper in (((first, second), first), ((second, first), second)):
        found = distinct(given)
        assert sorted(unit.start for unit in found) == [TEXT.index(s) for s in TEXT.replace(". ", ".|").split("|")]
        assert {unit.chunk.id for unit in found if second.start <= unit.start < first.end} == {keeper.id}
        assert all(TEXT[unit.start : unit.end] == unit.text for unit in found)


def test_units_of_other_documents_at_the_same_place_are_kept() -> None:
    chunks = [*overlapping("cards.md"), *overlapping("copy.md")]
    assert len(distinct(chunks)) == 2 * len(distinct(chunks[:2])) == 10
