"""A third party's model behind an OpenAI-compatible address: streamed, cited, and given no personal data."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from chatbot.bot import Bot
from chatbot.config import Generator
from chatbot.generators import LONGEST_OUTPUT, load_model, stream
from chatbot.reply import Reply
from tests.chatbot.llm_server import LanguageModelServer, language_model_server
from tests.chatbot.small_bot import Reconfigured

KEY = "sk-graft-test-5f3759df"
QUESTION = "What does a replacement card cost?"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LanguageModelServer]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with language_model_server() as running:
        yield running


def open_bot(reconfigured: Reconfigured, server: LanguageModelServer, **config: Any) -> Bot:
    return reconfigured(generator={"model": "openai:tiny", "base_url": server.url, "timeout": 5.0}, **config)


def prompt_of(server: LanguageModelServer, number: int = -1) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in server.requests[number]["messages"]]


def test_the_answer_is_streamed_and_its_citations_checked(
    reconfigured: Reconfigured, server: LanguageModelServer
) -> None:
    server.says = ["It arrives in five days [2].", " It costs 9 euros", " [1][9]", ". Call the moon [9]."]
    bot = open_bot(reconfigured, server)
    *pieces, reply = bot.stream(QUESTION)
    assert pieces == server.says
    assert isinstance(reply, Reply) and not reply.error and not reply.abstained
    assert reply.text == "It arrives in five days [1]. It costs 9 euros [2]. Call the moon."
    assert len(reply.citations) == 2
    passages = bot.searcher.search(QUESTION, 6).passages
    assert [citation.document for citation in reply.citations] == [
        passages[1].chunk.document_id,
        passages[0].chunk.document_id,
    ]
    assert reply.citations[1].quote == "A replacement card costs 9 euros."
    for citation in reply.citations:
        document = bot.index.store.document(citation.document)
        assert document is not None and document.text[citation.start : citation.end] == citation.quote
        assert citation.source == document.source


def test_pieces_arrive_while_the_model_still_writes(reconfigured: Reconfigured, server: LanguageModelServer) -> None:
    server.says = ["First ", "piece ", "last [1]."]
    server.pause = 0.4
    parts = open_bot(reconfigured, server).stream(QUESTION)
    assert next(parts) == "First "
    arrived = time.perf_counter()
    list(parts)
    assert time.perf_counter() - arrived > 0.5


def test_the_request_holds_rules_passages_and_settings(reconfigured: Reconfigured, server: LanguageModelServer) -> None:
    bot = reconfigured(
        generator={
            "model": "openai:tiny",
            "base_url": server.url,
            "temperature": 0.3,
            "max_tokens": 77,
        },
        prompt={"persona": "You are Northwind's help desk.", "instructions": ["Speak plainly."]},
        retrieval={"top_k": 2},
    )
    bot.ask(QUESTION)
    (request,) = server.requests
    assert (request["model"], request["stream"], request["temperature"]) == ("tiny", True, 0.3)
    assert 77 in (request.get("max_tokens"), request.get("max_completion_tokens"))
    assert server.keys == [f"Bearer {KEY}"]
    (role, system), question = prompt_of(server)
    assert role == "system" and question == ("user", QUESTION)
    assert system.startswith("You are Northwind's help desk.")
    assert "- Speak plainly." in system and bot.refusal in system
    assert "[1] (Bank cards › Lost card)\nCall the card desk" in system
    assert "\n[2] (" in system and "\n[3] (" not in system


def test_a_provider_never_sees_personal_data(reconfigured: Reconfigured, server: LanguageModelServer) -> None:
    server.says = ["Write to jo.doe@example.org [1]."]
    bot = open_bot(reconfigured, server)
    secret = "I am jo.doe@example.org, +44 20 7946 0958, card 4111 1111 1111 1111. "
    bot.ask(secret + QUESTION, "a")
    bot.ask(secret + "And when does it arrive?", "a")
    assert len(server.requests) == 3, "an answer, then a follow-up made whole and its answer"
    sent = server.everything_received()
    for hidden in ("jo.doe", "7946", "4111"):
        assert hidden not in sent
    assert "I am [e-mail], [phone], card [card]." in sent
    kept = repr(bot.sessions.turns("a"))
    assert "jo.doe" not in kept and "4111" not in kept and "[e-mail]" in kept


def test_personal_data_stays_where_the_bot_is_told_so(reconfigured: Reconfigured, server: LanguageModelServer) -> None:
    bot = open_bot(reconfigured, server, guardrails={"pii": "keep"})
    bot.ask("I am jo.doe@example.org. " + QUESTION, "a")
    assert "jo.doe@example.org" in server.everything_received()
    assert "jo.doe@example.org" in bot.sessions.turns("a")[0].question


def test_a_follow_up_is_rewritten_and_answered_with_the_conversation(
    reconfigured: Reconfigured, server: LanguageModelServer
) -> None:
    bot = open_bot(reconfigured, server)
    server.says = ["It costs 9 euros [1]."]
    bot.ask(QUESTION, "a")
    server.says = ["When does a replacement ", "card arrive?"]
    bot.ask("And when does it arrive?", "a")
    rewriting, answering = prompt_of(server, 1), prompt_of(server, 2)
    assert f"User: {QUESTION}\nAssistant: It costs 9 euros [1]." in rewriting[0][1]
    assert "And when does it arrive?" in rewriting[0][1]
    assert answering[1:] == [
        ("user", QUESTION),
        ("assistant", "It costs 9 euros [1]."),
        ("user", "When does a replacement card arrive?"),
    ]
    assert bot.sessions.turns("a")[-1].resolved == "When does a replacement card arrive?"


@pytest.mark.parametrize("says", [[], ["[9]"], ["I could not find ", "that in my documents."]])
def test_an_empty_answer_or_the_refusal_is_an_abstention(
    reconfigured: Reconfigured, server: LanguageModelServer, says: list[str]
) -> None:
    server.says = says
    reply = open_bot(reconfigured, server).ask(QUESTION)
    assert reply.text.startswith("I could not find that in my documents.")
    assert reply.abstained and not reply.error
    assert reply.citations == []


def test_what_the_documents_do_not_answer_is_never_sent(
    reconfigured: Reconfigured, server: LanguageModelServer
) -> None:
    bot = open_bot(reconfigured, server, guardrails={"abstain_below": 0.5, "blocked": ["investment advice"]})
    assert bot.ask("Who won the 1998 chess championship?").abstained
    assert bot.ask("Give me investment advice").abstained
    assert server.requests == []


def test_empty_pieces_do_not_keep_a_silent_model_waiting(
    reconfigured: Reconfigured, server: LanguageModelServer
) -> None:
    server.says = [""] * 40
    server.pause = 0.2
    bot = reconfigured(generator={"model": "openai:tiny", "base_url": server.url, "timeout": 1.0})
    begun = time.perf_counter()
    reply = bot.ask(QUESTION)
    assert reply.error and time.perf_counter() - begun < 5


def test_output_without_end_is_cut_off(
    reconfigured: Reconfigured, server: LanguageModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.generators.LONGEST_OUTPUT", 20)
    server.says = ["It costs 9 euros. "] * 50
    *pieces, reply = open_bot(reconfigured, server).stream(QUESTION)
    assert len("".join(str(piece) for piece in pieces)) == 20 and isinstance(reply, Reply) and not reply.error


def test_an_address_is_shown_without_its_secrets(reconfigured: Reconfigured, server: LanguageModelServer) -> None:
    server.shutdown()
    server.server_close()
    address = f"{server.url}?key=SECRET"
    reply = reconfigured(generator={"model": "openai:tiny", "base_url": address, "timeout": 5.0}).ask(QUESTION)
    assert reply.error and reply.text.endswith(f"The language model at {server.url} cannot be reached.")


def test_a_model_that_does_not_stop_is_cut_off_and_hung_up_on(server: LanguageModelServer) -> None:
    hung_up = threading.Event()

    class Endless(list[str]):
        def __iter__(self) -> Iterator[str]:
            try:
                while True:
                    yield "word " * 2_001
            finally:
                hung_up.set()

    server.says = Endless()
    config = Generator(model="openai:tiny", base_url=server.url, timeout=5.0)
    said = "".join(stream(load_model(config), [HumanMessage("Hi")], config))
    assert len(said) == LONGEST_OUTPUT
    assert hung_up.wait(5)


def test_a_lora_that_a_server_knows_is_named_as_the_model(server: LanguageModelServer) -> None:
    config = Generator(model="openai:acme/desk:v2", base_url=server.url, timeout=5.0)
    "".join(stream(load_model(config), [HumanMessage("Hi")], config))
    assert server.requests[-1]["model"] == "acme/desk:v2"
