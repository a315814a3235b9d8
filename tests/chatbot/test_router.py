"""Intents: a classifier's label sends a request to fixed words, to an entry of the FAQ, or to people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.classifier.data import read_data
from adapters.methods import METHODS
from chatbot.bot import Bot
from chatbot.config_file import load_config
from chatbot.evaluation.plain import plain
from chatbot.evaluation.routing import measure_routing, read_requests
from chatbot.explain import explain
from retrieval.errors import GraftError
from retrieval.scope import Scope
from tests.chatbot.small_bot import Reconfigured

REQUESTS = {
    "person": ["can I talk to a human", "let me speak to an agent", "I want a real person", "connect me to somebody"],
    "abroad": ["I want to use my card in Spain", "card in a foreign country", "can I pay abroad", "using cards abroad"],
    "fees": ["what does the account cost", "is there a monthly fee", "how much is a transfer", "why was I charged"],
    "oos": ["tell me a joke", "will it rain tomorrow", "who won the match", "how do I bake bread"],
}
ROUTES = {
    "person": {"escalate": "A colleague will call you."},
    "fees": {"say": "See the list of fees.", "above": 0.3},
    "oos": {"say": "That is nothing for a bank."},
}


@pytest.fixture(scope="module")
def intents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained classifier."""
    folder = tmp_path_factory.mktemp("intents")
    rows = [{"text": text, "label": label} for label, texts in REQUESTS.items() for text in texts]
    texts = folder / "requests.jsonl"
    texts.write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    held_out = folder / "held_out.jsonl"  # a wrong label among them, so that nothing is wholly sure
    held_out.write_text("\n".join(map(json.dumps, [*rows, rows[0] | {"label": "fees"}])), encoding="utf8")
    head = METHODS["head"]
    config = head.config(strength=100.0)
    head.train(read_data([(texts, 1.0)], held_out, None, 0), "default", folder / "head", config, lambda *_: None)
    return folder / "head"


@pytest.fixture
def routing(reconfigured: Reconfigured, intents: Path) -> Bot:
    rules = {"urgent": [{"when": ["scammer on the phone"], "say": "Hang up."}]}
    return reconfigured(adapters={"intent": str(intents)}, routes=ROUTES, guardrails=rules)


def test_requests_go_where_their_intent_is_routed(routing: Bot) -> None:
    reply = routing.ask("Please let me talk to a human being")
    assert reply.text == "A colleague will call you." and not reply.abstained and not reply.citations
    assert reply.intent and (reply.intent.label, reply.intent.escalated) == ("person", True)
    assert reply.to_json()["intent"]["label"] == "person" and reply.confidence == reply.intent.probability
    assert routing.ask("Is there some monthly fee?").text == "See the list of fees."
    beyond = routing.ask("Tell me another joke")
    assert beyond.text == "That is nothing for a bank." and beyond.abstained and beyond.confidence == 0
    why = explain(routing, "Please let me talk to a human being")
    assert why.rule == "intent" and "“person”" in why.reason


def test_an_intent_may_lead_to_an_entry_of_the_faq(reconfigured: Reconfigured, intents: Path) -> None:
    bot = reconfigured(adapters={"intent": str(intents)})
    assert bot.router is None, "without routes nothing is told"
    question = bot.index.store.faq()[0].question
    bot = reconfigured(adapters={"intent": str(intents)}, routes={"abroad": {"faq": question}})
    reply = bot.ask("using cards abroad")
    assert [citation.section for citation in reply.citations] == [question]
    assert reply.text == f"{reply.citations[0].quote} [1]" and reply.intent and reply.intent.label == "abroad"
    assert explain(bot, "using cards abroad").rule == "intent"


def test_what_has_no_route_or_is_not_sure_enough_is_looked_up(reconfigured: Reconfigured, intents: Path) -> None:
    routes = {"person": {"say": "A colleague will call you.", "above": 1.0}}
    bot = reconfigured(adapters={"intent": str(intents)}, routes=routes)
    for request in ("Please let me talk to a human being", "Is there some monthly fee?"):
        reply = bot.ask(request)
        assert reply.intent is None and "intent" not in reply.to_json()
        assert reply.passages


def test_part_of_the_documents_is_asked_without_routes_and_alarms_come_first(routing: Bot) -> None:
    source = routing.index.store.rows("SELECT source FROM documents")[0][0]
    assert routing.ask("Please let me talk to a human being", scope=Scope(source=source)).intent is None
    assert routing.ask("a scammer on the phone wants a human being").text.startswith("Hang up")


def test_requests_for_people_are_kept_with_their_conversation(routing: Bot) -> None:
    routing.ask("Please let me talk to a human being", session="kept")
    routing.ask("Is there some monthly fee?", session="kept")
    kept = [one for one in routing.sessions.escalations() if one.session == "kept"]
    assert [(one.intent, one.question) for one in kept] == [("person", "Please let me talk to a human being")]
    routing.sessions.forget_last("kept")
    assert [one for one in routing.sessions.escalations() if one.session == "kept"] == kept
    routing.sessions.forget_last("kept")
    assert [one for one in routing.sessions.escalations() if one.session == "kept"] == []


def test_routing_is_measured_on_labelled_requests(routing: Bot, tmp_path: Path) -> None:
    path = tmp_path / "requests.csv"
    path.write_text("text,label\nlet me speak to a human,person\ntell me a good joke,oos\nhello there friend,abroad\n")
    report = measure_routing(routing, read_requests(routing, path))
    assert report["requests"] == 3 and report["recall"] == 1.0 and report["precision"] >= 2 / 3
    without = plain(routing)
    assert without.router is None and without.ask("Please let me talk to a human being").intent is None
    with pytest.raises(GraftError, match="has no routes"):
        read_requests(without, path)
    with pytest.raises(GraftError, match="there is no before"):
        plain(without)


@pytest.mark.parametrize(
    ("routes", "complaint"),
    [
        ({"persn": {"say": "Hi."}}, r"routes\.persn: no intent of .*; it knows: abroad, fees, person, oos"),
        ({"person": {"faq": "What?"}}, r"routes\.person\.faq: no question of the FAQ: What\?"),
    ],
)
def test_routes_that_lead_nowhere_are_refused(
    reconfigured: Reconfigured, intents: Path, routes: dict[str, dict[str, str]], complaint: str
) -> None:
    with pytest.raises(GraftError, match=complaint):
        reconfigured(adapters={"intent": str(intents)}, routes=routes)


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ("routes: {person: {say: Hi.}}", "routes need adapters.intent"),
        ("adapters: {intent: here}\nroutes: {person: {say: Hi., escalate: Yes.}}", "one of faq, say and escalate"),
        ("adapters: {intent: here}\nroutes: {person: {above: 0.5}}", "one of faq, say and escalate"),
        ("adapters: {intent: here}\nroutes: {person: {say: Hi., above: 2}}", "routes.person.above"),
    ],
)
def test_a_config_says_what_is_wrong_with_its_routes(tmp_path: Path, lines: str, complaint: str) -> None:
    (tmp_path / "bot.yaml").write_text(f"name: bank\nknowledge: {{sources: [.]}}\n{lines}\n", encoding="utf8")
    with pytest.raises(GraftError, match=complaint):
        load_config(tmp_path / "bot.yaml")
