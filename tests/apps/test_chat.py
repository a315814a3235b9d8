"""The chat opens and goes on whatever a visitor's browser sends as its memory or its question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from apps.chat import ChatTab, Visit
from apps.conversation import Conversation
from apps.shelf import Shelf
from chatbot.bot import Bot
from chatbot.build import build
from retrieval.encoder import Encoder
from tests.chatbot.small_bot import write_bot, write_config


@pytest.fixture
def tab(tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> ChatTab:
    monkeypatch.setenv("GRAFT_HOME", str(tmp_path / "home"))
    source = write_bot(tmp_path / "northwind")
    build(source, encoder=encoder)
    shelf = Shelf([Bot.open(source, encoder)])
    with gr.Blocks():
        return ChatTab(shelf, gr.Dropdown(shelf.choices), gr.BrowserState({}))


def test_a_damaged_memory_opens_an_empty_conversation(tab: ChatTab) -> None:
    damaged: list[Any] = [5, None, "x", [1], {"sessions": [1, 2]}, {"sessions": 5}, {"sessions": {"northwind": [1]}}]
    for memory in damaged:
        opened = tab.open("northwind", memory)
        assert opened[tab.visit].conversation.messages() == []
        kept = opened[tab.memory]["sessions"]["northwind"]
        assert tab.open("northwind", opened[tab.memory])[tab.memory]["sessions"] == {"northwind": kept}


@pytest.mark.parametrize("question", [None, "", "  "])
def test_no_question_is_not_asked(tab: ChatTab, question: str | None) -> None:
    (shown,) = tab._ask(question, "northwind", {}, Visit())
    assert shown[tab.visit].conversation.messages() == []


def test_a_failed_answer_that_was_stopped_takes_no_earlier_turn_with_it(
    tab: ChatTab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    answered = Conversation(tab.shelf.get("northwind"))
    list(answered.ask("What does a replacement card cost?"))
    config = {"generator": {"model": "openai:tiny"}, "guardrails": {"abstain_below": 0.0}}
    failing = Conversation(Bot.open(write_config(tmp_path / "northwind", **config)), answered.session)
    steps = failing.ask("When does it arrive?")
    next(steps)
    failing.stop()
    list(steps)
    assert [turn.answer for turn in failing.bot.sessions.turns(answered.session)] == [
        "A replacement card costs 9 euros. [1]"
    ]
