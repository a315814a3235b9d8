"""Why an answer was given: by its words, passages, signals and graph path, or by the rule that settled it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chatbot.bot import Bot
from chatbot.build import build
from chatbot.cli.main import app
from chatbot.explain import explain
from chatbot.explanation import REASONS, SIGNALS
from chatbot.search import Searcher
from chatbot.support import FEATURES
from retrieval.encoder import Encoder
from tests.chatbot.small_bot import Reconfigured, write_bot
from tests.knowledge_graph.films import FILMS

COST = "What does a replacement card cost?"


def graft(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["eval", *(str(argument) for argument in arguments)])


def test_an_answer_is_explained_by_what_it_rests_on(northwind: Bot) -> None:
    found = explain(northwind, COST)
    reply = northwind.ask(COST)
    assert (found.rule, found.abstained, found.confidence) == ("documents", False, reply.confidence)
    assert found.answer and found.answer.text == "9 euros"
    document = northwind.index.store.document(found.answer.document)
    assert document and document.text[found.answer.start : found.answer.end] == found.answer.quote
    assert found.answer.quote == reply.citations[0].quote
    assert [word.text for word in found.words.question] == COST.rstrip("?").split()
    assert found.words.passage
    assert all(document.text[word.start : word.end] == word.text for word in found.words.passage)
    assert found.passages[0].document == "cards.md"


def test_the_passages_shares_make_one(northwind: Bot) -> None:
    for question in (COST, "Who manages the Harbour branch?", "What is the capital of France?"):
        shares = [share.contribution for share in explain(northwind, question).passages]
        assert sum(shares) == pytest.approx(1) and shares == sorted(shares, reverse=True)


def test_the_signals_add_up_to_the_lead_of_the_best_sentence(northwind: Bot) -> None:
    ranked = northwind.support.rank(COST, northwind.searcher.search(COST, northwind.config.retrieval.top_k))
    others = [entry.score for entry in ranked.best[1:]]
    lead = northwind.support.lead(ranked)
    assert lead.sum() == pytest.approx(ranked.best[0].score - sum(others) / len(others), abs=1e-3)
    found = [signal.contribution for signal in explain(northwind, COST).signals]
    assert found == sorted(found, reverse=True) and found[0] == pytest.approx(float(lead.max()))


def test_every_signal_and_rule_has_plain_words(northwind: Bot) -> None:
    assert set(SIGNALS) == set(FEATURES)
    assert set(northwind.searcher.search(COST, 3).passages[0].why) <= {"dense", "lexical", "graph"}


def test_facts_lead_from_the_question_to_the_answer(northwind: Bot) -> None:
    found = explain(northwind, "Who manages the Harbour branch?")
    assert "Harbour branch" in found.entities
    ends = {end for fact in found.path for end in (fact.subject, fact.object)}
    assert {"Harbour branch", "Lindqvist"} <= ends


def test_the_route_to_a_passage_that_the_graph_raised_is_told(tmp_path: Path, encoder: Encoder) -> None:
    source = write_bot(tmp_path, {f"{title}.md": f"# {title}\n\n{text}\n" for title, text in FILMS.items()})
    build(source, encoder=encoder)
    found = explain(bot := Bot.open(source, encoder), "In which town was the director of Glass Orchard born?")
    share = next(share for share in found.passages if share.document == "Bruno Halvard.md")
    route = share.route
    assert route and route.before and route.after < route.before
    assert [(stop.entity, stop.document) for stop in route.stops] == [
        ("Glass Orchard", "Glass Orchard.md"),
        ("Bruno Halvard", "Bruno Halvard.md"),
    ]
    shown = "question names “Glass Orchard” → Glass Orchard names “Bruno Halvard” → this passage"
    assert str(route) == f"{shown} (place {route.after}, without the graph {route.before})"
    alone = Searcher(bot.index, None).search(found.resolved, 20).passages
    assert alone[route.before - 1].chunk.document_id == "Bruno Halvard.md"
    told = " ".join(graft(tmp_path, "--explain", found.question).stdout.split())
    assert shown in told


@pytest.mark.parametrize(
    ("question", "rule", "abstained"),
    [
        ("How do I unblock my card?", "faq", False),
        ("There is a scammer on the phone", "urgent", False),
        ("Give me investment advice", "blocked", True),
        ("hello", "courtesy", False),
        ("What is the capital of France?", "unsure", True),
        ("  ", "empty", True),
    ],
)
def test_the_rule_that_settled_it_is_the_one_a_turn_follows(
    northwind: Bot, question: str, rule: str, abstained: bool
) -> None:
    found, reply = explain(northwind, question), northwind.ask(question)
    assert (found.rule, found.abstained) == (rule, abstained) == (rule, reply.abstained)
    assert found.confidence == pytest.approx(reply.confidence) and found.reason == REASONS[rule]
    assert found.answer and (rule == "unsure" or reply.text.startswith(found.answer.text))


def test_a_follow_up_is_explained_with_what_it_leaned_on(northwind: Bot) -> None:
    northwind.ask("How long does a transfer to another country take?", "why")
    northwind.ask("And what does it cost?", "why")
    turn = northwind.sessions.turns("why")[-1]
    found = explain(northwind, turn.question, turn.resolved)
    assert found.question == "And what does it cost?" and found.answer and "4 euros" in found.answer.quote


def test_a_language_model_is_named_as_the_writer(reconfigured: Reconfigured) -> None:
    assert explain(reconfigured(generator={"model": "openai:tiny"}), COST).rule == "model"


def test_a_bot_without_a_graph_is_explained_without_a_path(tmp_path: Path, encoder: Encoder) -> None:
    source = write_bot(tmp_path, graph={"extractor": "none"})
    build(source, encoder=encoder)
    found = explain(Bot.open(source, encoder), "Who manages the Harbour branch?")
    assert (found.entities, found.path) == ([], []) and found.answer
    assert not any(share.route for share in found.passages)


def test_in_a_language_the_reader_does_not_know_everything_but_words_is_there(tmp_path: Path, encoder: Encoder) -> None:
    pages = {
        "挂失.md": "# 挂失\n\n银行卡丢失后请拨打客服电话挂失。补办新卡收费十元。\n",
        "网点.md": "# 网点\n\n网点周末不营业。\n",
    }
    source = write_bot(tmp_path, pages, language="zh", guardrails={"abstain_below": 0.0})
    build(source, encoder=encoder)
    found = explain(Bot.open(source, encoder), "补办新卡收费多少？")
    assert found.answer and "十元" in found.answer.quote
    assert (found.words.question, found.words.passage) == ([], []) and "language" in found.note
    assert sum(share.contribution for share in found.passages) == pytest.approx(1) and found.signals


def test_the_command_prints_sections(northwind_folder: Path) -> None:
    result = graft(northwind_folder, "--explain", "Who manages the Harbour branch?")
    assert (result.exit_code, result.stderr) == (0, "")
    titles = [line.split("  ")[0] for line in result.stdout.splitlines() if line and line.split()[0].isupper()]
    assert titles == ["ANSWER", "WORDS", "PASSAGES", "SIGNALS", "GRAPH"]
    assert "Nora Lindqvist manages the Harbour branch." in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 110
    assert graft(northwind_folder, "--explain", "hello").stdout.count("\n") < 8


def test_the_command_prints_json(northwind_folder: Path) -> None:
    result = graft(northwind_folder, "--explain", COST, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert list(report) == [
        *("question", "resolved", "rule", "abstained", "confidence", "threshold", "answer", "words", "note"),
        *("passages", "signals", "intent", "entities", "path", "reason"),
    ]
    assert set(report["words"]) == {"question", "passage"}
    assert set(report["words"]["question"][0]) == {"text", "start", "end", "weight"}
    assert set(report["passages"][0]) == {"document", "title", "section", "why", "contribution", "route"}
    routes = [passage["route"] for passage in report["passages"] if passage["route"]]
    assert routes and all(set(route) == {"stops", "share", "before", "after"} for route in routes)
    assert set(routes[0]["stops"][0]) == {"entity", "chunk", "document", "title", "section"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--explain", "Why?"], "--explain takes a BOT"),
        (["northwind", "--beir", "x", "--explain", "Why?"], "--explain takes a BOT and --json, and no other option"),
        (["northwind", "--data", "x", "--explain", "Why?"], "--explain takes a BOT and --json, and no other option"),
        (["northwind", "--explain", "  "], "--explain is empty; expected a question"),
    ],
)
def test_what_cannot_be_explained_is_one_line(arguments: list[str], message: str) -> None:
    result = graft(*arguments)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith(f"error: {message}")
