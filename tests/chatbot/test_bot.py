"""A turn, from the question to the reply: cited, sure of itself or abstaining, kept in its conversation."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from langchain_core.runnables import RunnableLambda

from chatbot.bot import LONGEST_QUESTION, Bot
from chatbot.langchain import BotRetriever, BotRunnable
from chatbot.reply import Reply
from tests.chatbot.small_bot import Reconfigured

COST = "What does a replacement card cost?"


@pytest.mark.parametrize(
    ("question", "quote", "document"),
    [
        (COST, "A replacement card costs 9 euros.", "cards.md"),
        (
            "When does the Harbour branch open?",
            "The Harbour branch opens at 9 o'clock on weekdays.",
            "branches.md",
        ),
        (
            "How fast are instant transfers?",
            "Instant transfers arrive within ten seconds, day and night.",
            "transfers.txt",
        ),
        (
            "What is the daily limit of the Gold account?",
            "| Gold account | 2,000 euros | 12 euros |",
            "cards.md",
        ),
    ],
)
def test_an_answer_cites_the_sentence_that_holds_it(northwind: Bot, question: str, quote: str, document: str) -> None:
    reply = northwind.ask(question)
    assert not reply.abstained and not reply.error
    assert reply.citations[0].quote == quote and reply.citations[0].document == document
    assert 0.5 < reply.confidence <= 1
    for number, citation in enumerate(reply.citations, 1):
        assert f"[{number}]" in reply.text
        source = northwind.index.store.document(citation.document)
        assert source is not None and source.text[citation.start : citation.end] == citation.quote
    assert reply.disclaimer == "General information only."


def test_a_passage_that_the_reader_skips_can_still_be_quoted(northwind: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.evidence.READ", 1)
    question = "How fast are instant transfers?"
    found = northwind.searcher.search(question, 10)
    ranked = northwind.support.rank(question, found)
    read = {u.chunk.id for u, s in zip(ranked.evidence.units, ranked.evidence.spans, strict=True) if s}
    assert len(read) == 1 < len(found.passages)
    skipped = [entry for entry in ranked.best if entry.unit.chunk.id not in read]
    assert skipped and all(entry.answer == entry.unit.text for entry in skipped)
    assert ranked.best[0].unit.text.startswith("Instant transfers arrive within ten seconds")


def test_the_topics_of_a_faq_are_its_questions(northwind: Bot) -> None:
    topics = {topic for q in ("Do you lend umbrellas?", "Who painted the branch?") for topic in northwind.ask(q).topics}
    assert topics and not any(topic.lower().startswith("faq") for topic in topics)


def test_a_question_for_a_list_is_answered_with_the_whole_list(northwind: Bot) -> None:
    reply = northwind.ask("Which documents do I need to replace a card?")
    assert "- a passport or an identity card\n- a proof of address\n- the form B12" in reply.text


def test_facts_of_the_graph_come_with_their_chunks(northwind: Bot) -> None:
    reply = northwind.ask("Which bank does the Harbour branch belong to?")
    facts = {(fact.subject, fact.relation, fact.object): fact.provenance for fact in reply.facts}
    chunks = facts["Harbour branch", "part_of", "Northwind Bank"]
    assert all("Northwind Bank" in northwind.index.store.chunk(chunk).text for chunk in chunks)  # type: ignore[union-attr]


@pytest.mark.parametrize("question", ["Who won the 1998 chess championship?", "What is the capital of France?"])
def test_what_the_documents_do_not_say_is_not_answered(northwind: Bot, question: str) -> None:
    reply = northwind.ask(question)
    assert reply.abstained and reply.citations == [] and reply.facts == []
    assert reply.text.startswith("I could not find that in my documents.")
    assert reply.confidence < northwind.threshold.value


def test_the_threshold_and_the_refusal_are_the_bots_own(reconfigured: Reconfigured) -> None:
    strict = reconfigured(guardrails={"abstain_below": 1.0, "refusal": "Ask a colleague."})
    reply = strict.ask(COST)
    assert reply.abstained and reply.text.startswith("Ask a colleague.")
    assert "cards" in " ".join(reply.topics).lower()


def test_the_trace_times_every_step(northwind: Bot) -> None:
    steps = northwind.ask(COST).trace
    names = [step.step for step in steps]
    assert names[0] == "guard" and {"encode", "retrieve", "graph", "faq", "support", "generate"} <= set(names)
    assert len(set(names)) == len(names) and all(step.ms >= 0 for step in steps)


def test_an_urgent_message_is_answered_first_whatever_else_it_holds(northwind: Bot) -> None:
    for message in (
        "There is a SCAMMER on the phone! What does a replacement card cost?",
        "The scammer on the phone sells investment advice",
    ):
        reply = northwind.ask(message)
        assert (reply.text, reply.abstained, reply.citations) == ("Hang up and call 0800 555 0177.", False, [])


def test_a_blocked_topic_is_declined_without_a_search(northwind: Bot) -> None:
    reply = northwind.ask("Give me investment advice about a replacement card")
    assert reply.abstained and reply.citations == [] and reply.passages == [] and "investment advice" in reply.text
    assert "encode" not in {step.step for step in reply.trace}


ODD = ["", "   \n\t", "?!", "😀", "\0", "\udcff", "a", "的", "x " * 50_000, "\u202e\u200b"]


@pytest.mark.parametrize("question", ODD, ids=lambda question: ascii(question)[:12])
def test_no_message_breaks_a_turn(northwind: Bot, question: str) -> None:
    reply = northwind.ask(question, "odd")
    assert isinstance(reply, Reply) and reply.text
    kept = northwind.sessions.turns("odd")
    assert all(len(turn.question) <= LONGEST_QUESTION for turn in kept)


def test_an_empty_message_is_not_kept(northwind: Bot) -> None:
    northwind.ask("  ", "empty")
    assert northwind.sessions.turns("empty") == []


def test_a_follow_up_is_answered_with_what_it_leans_on(northwind: Bot) -> None:
    northwind.ask("How long does a transfer to another country take?", "transfers")
    northwind.ask("When does a replacement card arrive?", "cards")
    transfer = northwind.ask("And what does it cost?", "transfers")
    card = northwind.ask("And what does it cost?", "cards")
    assert "4 euros" in transfer.text and "9 euros" not in transfer.text
    assert "9 euros" in card.text and "4 euros" not in card.text
    kept = northwind.sessions.turns("transfers")[1]
    assert kept.question == "And what does it cost?"
    assert kept.resolved == "How long does a transfer to another country take; And what does it cost?"
    assert kept.answer == transfer.text


def test_a_conversation_is_kept_without_personal_data_and_outlives_the_bot(reconfigured: Reconfigured) -> None:
    bot = reconfigured()
    bot.ask(f"I am jo@example.org, card 4111 1111 1111 1111. {COST}", "a")
    bot.ask("Nobody asks this outside a conversation")
    (turn,) = bot.sessions.turns("a")
    assert turn.question == f"I am [e-mail], card [card]. {COST}" == turn.resolved
    path = bot.home / "sessions.db"
    bot.sessions.close()
    assert b"4111" not in path.read_bytes()


def test_stream_ends_with_the_reply_that_ask_gives(northwind: Bot) -> None:
    *pieces, reply = northwind.stream(COST)
    assert isinstance(reply, Reply) and "".join(str(piece) for piece in pieces) == reply.text
    asked = northwind.ask(COST)
    assert dataclasses.replace(asked, trace=[]) == dataclasses.replace(reply, trace=[])


def test_threads_get_the_answers_to_their_own_questions(northwind: Bot) -> None:
    questions = [COST, "When does the Harbour branch open?", "How fast are instant transfers?"] * 4
    expected = {question: northwind.ask(question).text for question in questions}
    got: list[tuple[str, str]] = []
    threads = [threading.Thread(target=lambda q=q: got.append((q, northwind.ask(q, "shared").text))) for q in questions]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == 12 and all(text == expected[question] for question, text in got)


def test_a_bot_is_a_runnable(northwind: Bot) -> None:
    chain = BotRunnable(northwind) | RunnableLambda(lambda reply: reply.citations[0].quote)
    assert chain.invoke(COST) == "A replacement card costs 9 euros."
    *_, last = BotRunnable(northwind).stream(COST, {"configurable": {"session": "lc"}})
    assert last.citations and [turn.question for turn in northwind.sessions.turns("lc")] == [COST]
    assert [reply.text for reply in BotRunnable(northwind).batch([COST] * 2)] == [last.text] * 2


def test_a_bot_is_a_retriever_with_its_graph_and_without(northwind: Bot) -> None:
    found = BotRetriever(bot=northwind, top_k=2).invoke(COST)
    assert len(found) == 2 and "9 euros" in found[0].page_content
    assert found[0].metadata["document"] == "cards.md" and found[0].metadata["section"] == "Lost card"
    plain = BotRetriever(bot=northwind, top_k=2, graph=False).invoke(COST)
    assert "9 euros" in plain[0].page_content and "graph" not in plain[0].metadata["why"]


@pytest.mark.parametrize("question", ["!?" * 600, "卡" * 1500, "한" * 900, "a " * 900, "\u200b" * 50])
def test_a_question_of_any_length_is_read(northwind: Bot, question: str) -> None:
    assert isinstance(northwind.ask(question), Reply)
    assert isinstance(northwind.ask(f"{COST} {question}"), Reply)
