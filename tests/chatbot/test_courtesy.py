"""Greetings and thanks are answered as such and do not change the subject."""

from __future__ import annotations

import pytest

from chatbot.bot import Bot
from chatbot.courtesy import courtesy
from tests.chatbot.small_bot import Reconfigured


@pytest.mark.parametrize("message", ["hi", "Hello!", "Good morning 🙂", "hey there...", "你好！", "您好"])
def test_a_greeting_gets_the_bots_own(reconfigured: Reconfigured, message: str) -> None:
    bot = reconfigured(ui={"greeting": "Welcome to Northwind."})
    reply = bot.ask(message)
    assert reply.text == "Welcome to Northwind." and not reply.abstained and not reply.citations


@pytest.mark.parametrize("message", ["thanks!", "Thank you very much.", "ok thanks", "谢谢", "多谢您！"])
def test_thanks_are_returned(northwind: Bot, message: str) -> None:
    assert courtesy(message, northwind.config) == "You are welcome."


@pytest.mark.parametrize(
    "message", ["", "Hi, what does a replacement card cost?", "Who do I thank?", "history", "你好吗卡丢了"]
)
def test_a_question_is_no_courtesy(northwind: Bot, message: str) -> None:
    assert courtesy(message, northwind.config) is None


def test_the_subject_survives_thanks(northwind: Bot) -> None:
    northwind.ask("What does a replacement card cost?", "polite")
    northwind.ask("thanks", "polite")
    assert "five working days" in northwind.ask("And when does it arrive?", "polite").text
