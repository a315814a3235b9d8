"""A language model's provider that fails, in every way: the user gets a clear sentence within seconds."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbot import bots
from chatbot.bot import Bot
from chatbot.build import build
from chatbot.reply import Reply
from retrieval.encoder import Encoder
from tests.chatbot.llm_server import LanguageModelServer, language_model_server
from tests.chatbot.small_bot import Reconfigured, write_bot

KEY = "sk-graft-test-5f3759df"
QUESTION = "What does a replacement card cost?"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    folder = tmp_path_factory.mktemp("bots") / "northwind"
    build(write_bot(folder), encoder=encoder)
    return folder


@pytest.fixture
def reconfigured(built: Path, tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> Reconfigured:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return Reconfigured(bots.find(str(built)), tmp_path, encoder)


@pytest.fixture
def server() -> Iterator[LanguageModelServer]:
    with language_model_server() as running:
        running.says = ["A card ", "costs 9 euros [1]."]
        yield running


def ask(bot: Bot) -> Reply:
    """The reply, which came soon and reads well whatever happened."""
    begin = time.perf_counter()
    reply = bot.ask(QUESTION)
    assert time.perf_counter() - begin < 8
    assert not re.search(r"Traceback|File \"|<html|\n", reply.text)
    assert KEY not in reply.text
    return reply


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("401", "The language model openai:tiny refused the API key."),
        ("403", "The language model openai:tiny refused the API key."),
        ("404", "The language model openai:tiny does not exist at its provider."),
        ("429", "The language model's rate limit is reached; try again in a moment."),
        ("500", "The language model's provider failed (HTTP 500); try again in a moment."),
        ("503", "The language model's provider failed (HTTP 503); try again in a moment."),
        ("silence", "The language model did not answer within 1 seconds."),
        ("half", "The language model at {url} cannot be reached."),
        ("garbage", "The language model openai:tiny sent something that is no answer."),
        ("page", "The language model openai:tiny sent something that is no answer."),
    ],
)
def test_every_fault_is_a_clear_sentence_and_the_bot_goes_on(
    reconfigured: Reconfigured, server: LanguageModelServer, fault: str, sentence: str
) -> None:
    bot = reconfigured(generator={"model": "openai:tiny", "base_url": server.url, "timeout": 1.0})
    server.fault = fault
    reply = ask(bot)
    assert reply.error and not reply.abstained and reply.citations == []
    assert reply.text == f"I cannot write an answer right now. {sentence.format(url=server.url)}"
    assert server.requests, "the fault was the server's"
    server.fault = ""
    again = ask(bot)
    assert (again.text, again.error) == ("A card costs 9 euros [1].", False)


def test_a_server_that_stalls_midway_is_given_up(reconfigured: Reconfigured, server: LanguageModelServer) -> None:
    bot = reconfigured(generator={"model": "openai:tiny", "base_url": server.url, "timeout": 0.5})
    server.pause = 20
    pieces = []
    begin = time.perf_counter()
    for part in bot.stream(QUESTION):
        pieces.append(part)
    assert time.perf_counter() - begin < 5
    assert pieces[0] == "A card "
    assert isinstance(pieces[-1], Reply) and pieces[-1].error
    assert "did not answer within 0.5 seconds" in pieces[-1].text


def test_nobody_listens(reconfigured: Reconfigured) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    bot = reconfigured(
        generator={"model": "openai:tiny", "base_url": f"http://user:{KEY}@127.0.0.1:{port}/v1", "timeout": 1.0}
    )
    reply = ask(bot)
    assert reply.error
    assert reply.text.endswith(f"The language model at 127.0.0.1:{port}/v1 cannot be reached.")


def test_a_follow_up_survives_a_provider_that_fails_to_rewrite_it(
    reconfigured: Reconfigured, server: LanguageModelServer
) -> None:
    bot = reconfigured(generator={"model": "openai:tiny", "base_url": server.url, "timeout": 1.0})
    bot.ask(QUESTION, "a")
    server.fault_once = "500"
    reply = bot.ask("And when does it arrive?", "a")
    assert not reply.error
    assert bot.sessions.turns("a")[-1].resolved == "What does a replacement card cost; And when does it arrive?"


def test_a_key_that_is_missing_is_asked_for(reconfigured: Reconfigured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    reply = ask(reconfigured(generator={"model": "openai:gpt-4o-mini"}))
    assert reply.error
    assert reply.text.endswith("The language model openai:gpt-4o-mini needs an API key in the environment.")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("nosuch:model", "model nosuch:model cannot be used: Unsupported provider='nosuch'"),
        ("cohere:command", "model cohere:command needs another package: "),
    ],
)
def test_a_provider_that_is_unknown_or_not_installed_is_named(
    reconfigured: Reconfigured, model: str, words: str
) -> None:
    reply = ask(reconfigured(generator={"model": model}))
    assert reply.error and words in reply.text


def test_the_refusal_of_a_provider_is_said_in_the_bots_language(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    source = write_bot(
        tmp_path,
        {"cards.md": "# 银行卡\n\n补办银行卡需要支付九欧元，五个工作日内寄到。"},
        language="zh",
        guardrails={"abstain_below": 0.0},
        generator={"model": "openai:tiny"},
    )
    build(source, encoder=encoder)
    assert Bot.open(source, encoder).ask("补办银行卡需要多少钱？").text.startswith("暂时无法生成回答。")
