"""Which texts hold the kind of answer that a question asks for."""

from __future__ import annotations

import pytest

from chatbot.answer_types import ANY, fits


@pytest.mark.parametrize(
    ("question", "fitting", "unfitting"),
    [
        ("When does the branch open?", "It opens on Mondays.", "It opens after the inspection."),
        ("When is the fair?", "It is on 3 May.", "You may bring a dog through the second door."),
        ("What is the limit of the card?", "It is 300.", "It is told by letter."),
        ("How long does a transfer take?", "It arrives within two days.", "It arrives before you notice."),
        ("What is the deadline for a claim?", "Claims reach us by 31 March.", "Claims are sent to the panel."),
        ("How many rooms are there?", "The house has twelve rooms.", "The house has large rooms."),
        ("What limit does the card have?", "You may spend up to 300 a day.", "You may spend what you have saved."),
        ("Who leads the panel?", "The panel is led by Marta Quist.", "The panel is led by its oldest member."),
        ("Which team do I call?", "Please ring the Card Desk.", "Please ring us before you travel."),
        ("How much is a new card?", "A new card costs 9 euros.", "A new card comes by post."),
        ("What fee do you charge for it?", "It is free of charge.", "It is done at the counter."),
        ("Where is the exhibition?", "You find it in the Harbour Hall.", "You find it behind the stairs."),
        ("Why was my card blocked?", "It was blocked because of a wrong code.", "It was blocked at the counter."),
        ("补卡多少钱？", "补卡收取十元。", "补卡请到柜台办理。"),
        ("多久到账？", "两小时到账。", "请到柜台办理。"),
    ],
)
def test_a_text_fits_that_holds_what_is_asked_for(question: str, fitting: str, unfitting: str) -> None:
    assert (fits(question, fitting), fits(question, unfitting)) == (1.0, 0.0)


def test_any_text_fits_half_where_no_kind_is_asked_for() -> None:
    assert {fits("Is smoking allowed?", text) for text in ("No.", "It costs 9 euros.", "Ask Marta Quist.")} == {ANY}


def test_an_amount_of_money_is_no_answer_to_how_many() -> None:
    assert fits("How many guests may I bring?", "Guests pay a fee.") == 0.0
    assert fits("How much do guests pay?", "Guests pay a fee.") == 1.0
