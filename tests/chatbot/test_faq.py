"""FAQ entries answer questions that ask the same, and only those."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot import faq
from chatbot.bot import Bot
from chatbot.build import build
from retrieval.encoder import Encoder
from tests.chatbot.small_bot import write_bot


def matched(bot: Bot, question: str) -> str | None:
    found = faq.match(question, bot.index.encoder.query(question), bot.index, bot.index.store.faq())
    return found.entry.question if found else None


@pytest.mark.parametrize(
    "question",
    ["How do I unblock my card?", "how can I unblock my card", "HOW DO I UNBLOCK MY CARD", "Unblocking a card"],
)
def test_the_same_question_in_other_words_matches(northwind: Bot, question: str) -> None:
    assert matched(northwind, question) == "How do I unblock my card?"


@pytest.mark.parametrize("question", ["How do I block my card?", "How do I open an account?", "", "?"])
def test_another_question_does_not(northwind: Bot, question: str) -> None:
    assert matched(northwind, question) is None


def test_the_answer_is_given_word_for_word_and_cited(northwind: Bot) -> None:
    reply = northwind.ask("How do I unblock my card?")
    assert reply.text == "Visit any branch with your passport and ask for the card to be released. [1]"
    (citation,) = reply.citations
    document = northwind.index.store.document(citation.document)
    assert document is not None and document.text[citation.start : citation.end] == citation.quote
    assert f"{citation.quote} [1]" == reply.text
    assert (citation.source, citation.section) == ("faq.csv", "How do I unblock my card?")
    assert reply.confidence > 0.8 and not reply.abstained


def test_a_language_the_encoder_does_not_know_matches_by_its_words(tmp_path: Path, encoder: Encoder) -> None:
    (tmp_path / "faq.csv").write_text(
        "question,answer\n怎么挂失银行卡？,请拨打客服热线办理挂失。\n怎么解除银行卡挂失？,请携带身份证到网点办理。\n",
        encoding="utf8",
    )
    topics = ["贷款", "存款", "转账", "理财", "外汇", "保险", "基金", "网点"]
    documents = {
        f"{n}.md": f"# {topic}\n\n{topic}业务由本行{topic}部负责，请在工作日前往柜台咨询{topic}专员。"
        for n, topic in enumerate(topics)
    }
    source = write_bot(tmp_path, documents, language="zh", faq="faq.csv")
    build(source, encoder=encoder)
    bot = Bot.open(source, encoder)
    assert matched(bot, "怎么挂失银行卡") == "怎么挂失银行卡？"
    assert matched(bot, "怎么解除银行卡挂失呢？") == "怎么解除银行卡挂失？"
    assert matched(bot, "贷款利率是多少？") is None


def test_a_bot_without_a_faq_matches_nothing(northwind: Bot) -> None:
    question = "How do I unblock my card?"
    assert faq.match(question, northwind.index.encoder.query(question), northwind.index, []) is None
