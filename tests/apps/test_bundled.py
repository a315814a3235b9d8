"""The bundled bots answer what their documents say and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps import BUNDLED
from chatbot import bots
from chatbot.bot import Bot
from chatbot.cli.opening import open_bot
from retrieval.encoder import Encoder

Opened = Callable[[str], Bot]


@pytest.fixture(scope="module")
def opened(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """Opens a bundled bot, built in a home of its own."""
    ready: dict[str, Bot] = {}

    def bot(name: str) -> Bot:
        if name not in ready:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(bots, "SHELVES", [BUNDLED])
                patch.setenv("GRAFT_HOME", str(tmp_path_factory.mktemp("home")))
                ready[name] = open_bot(name, encoder)
        return ready[name]

    return bot


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("security", "How high is Mount Everest?"),
        ("security", "Which restaurant near the station is open on Sunday?"),
        ("customer_service_zh", "珠穆朗玛峰有多高？"),
        ("customer_service_zh", "今天天气怎么样？"),
    ],
)
def test_what_has_nothing_to_do_with_the_documents_is_not_answered(opened: Opened, name: str, question: str) -> None:
    reply = opened(name).ask(question)
    assert reply.abstained and not reply.citations


@pytest.mark.parametrize(
    ("name", "question", "answer"),
    [
        ("security", "What does the 3-2-1 backup rule say?", "three copies"),
        ("customer_service_zh", "怎么挂失银行卡？", "挂失"),
    ],
)
def test_what_the_documents_say_is_answered(opened: Opened, name: str, question: str, answer: str) -> None:
    reply = opened(name).ask(question)
    assert not reply.abstained and any(answer in citation.quote for citation in reply.citations)
