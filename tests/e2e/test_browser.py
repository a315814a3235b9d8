"""The demo in a real browser: chat, sources, memory, feedback and the graph, with no request leaving this machine."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from apps import BUNDLED
from knowledge_graph.draw import page as explorer_page
from tests.chatbot.small_bot import write_bot

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
QUESTION = "What does the 3-2-1 backup rule say?"
ANSWER = re.compile(r"three copies of the data.*\[1\]", re.DOTALL)

try:
    from playwright.sync_api import Page, expect, sync_playwright

    MISSING = None if CHROMIUM else "no chromium"
except ImportError:
    MISSING = "playwright is not installed"

if MISSING and os.environ.get("CI"):
    raise RuntimeError(f"the browser tests cannot run: {MISSING}")
pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")


class Server:
    """`graft demo` as a user runs it."""

    def __init__(self, home: Path) -> None:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.home = home
        finance = BUNDLED / "finance"
        adapters = {"sentiment": str(finance / "adapters/sentiment"), "topic": str(finance / "adapters/topics")}
        self.news = write_bot(
            home / "news", name="news", title="News desk", monitor={"news": str(finance / "news.jsonl"), **adapters}
        )
        self.url = f"http://127.0.0.1:{self.port}/"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "apps.main", "demo", "security", "customer_service"]
        command.append(str(self.news.config.folder))
        environment = {**os.environ, "GRAFT_HOME": str(self.home), "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), "--no-browser"], cwd=ROOT, env=environment, stderr=subprocess.PIPE
        )
        for _ in range(240):
            if self.process.poll() is not None:
                assert self.process.stderr
                pytest.fail(self.process.stderr.read().decode())
            try:
                urllib.request.urlopen(self.url, timeout=2).close()
                return
            except OSError:
                time.sleep(0.25)
        pytest.fail("the demo did not start within a minute")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            assert self.process.stderr
            self.process.stderr.close()

    def rows(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(self.home / "bots" / "security" / "sessions.db")) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("home"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(server: Server, browser: Any) -> Iterator[Page]:
    """A fresh visitor's page; afterwards nothing may have been fetched from elsewhere or complained about."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    complaints: list[str] = []
    own = (server.url, server.url.replace("http", "ws", 1), "data:", "blob:", "about:")
    context.on("request", lambda r: None if r.url.startswith(own) else complaints.append(f"fetched {r.url}"))
    page = context.new_page()
    page.on("console", lambda m: complaints.append(f"console: {m.text}") if is_complaint(m) else None)
    page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
    page.set_default_timeout(15_000)
    open_page(page, server)
    yield page
    context.close()
    assert complaints == []


def is_complaint(message: Any) -> bool:
    """Whether a console message is an error; Gradio's note that leaving a page cut its event stream is none."""
    return message.type == "error" and not re.search("AbortError|errored out", message.text)


def open_page(page: Page, server: Server) -> None:
    page.goto(server.url)
    expect(page.locator("#about")).not_to_be_empty()
    expect(page.locator("#question textarea")).to_be_editable()
    page.wait_for_function("localStorage.getItem('graft') !== null")


def ask(page: Page, question: str) -> None:
    page.locator("#question textarea").fill(question)
    page.locator("#question textarea").press("Enter")


def last_answer(page: Page) -> Any:
    return page.locator("#messages [data-testid=bot]").last


def test_an_answer_shows_its_source_its_confidence_and_how_it_was_found(page: Page) -> None:
    page.locator("#messages .example", has_text=QUESTION).click()
    expect(last_answer(page)).to_have_text(ANSWER)
    card = page.locator("#panel .source").first
    expect(card.locator("mark")).to_contain_text(
        "three copies of the data, on two kinds of media, with one copy off-site"
    )
    expect(card).to_contain_text("Backups and recovery")
    expect(card).to_contain_text("backups-and-recovery.md")
    expect(page.locator("#panel .confidence")).to_have_text(re.compile(r"\d+% (high|medium|low)"))
    expect(page.locator("#panel details ol")).to_be_hidden()
    page.locator("#panel summary", has_text="How this answer was found").click()
    expect(page.locator("#panel details ol li").first).to_be_visible()


def test_why_this_answer_is_worked_out_when_opened_and_kept(page: Page) -> None:
    ask(page, QUESTION)
    expect(last_answer(page)).to_have_text(ANSWER)
    page.locator("#panel .reasons summary").click()
    expect(page.locator("#panel .reasons .shade.for", has_text="backup").first).to_be_visible()
    expect(page.locator("#panel .reasons .bars").first).to_contain_text("Backups and recovery")
    expect(page.locator("#panel .reasons")).to_contain_text("Closeness in meaning")
    ask(page, "Who won the football world cup in 1998?")
    expect(page.locator("#panel .notice")).to_be_visible()
    expect(page.locator("#panel .reasons .bars")).to_have_count(0)
    page.locator("#panel .reasons summary").click()
    expect(page.locator("#panel .reasons")).to_contain_text("Nothing in the documents is sure enough")
    page.locator("#messages [data-testid=bot]").first.click()
    expect(page.locator("#panel .reasons .shade.for", has_text="backup").first).to_be_visible()


def test_why_survives_a_reload_and_leaving_before_it_is_there(page: Page, server: Server) -> None:
    ask(page, QUESTION)
    expect(last_answer(page)).to_have_text(ANSWER)
    open_page(page, server)
    page.locator("#panel .reasons summary").click()
    expect(page.locator("#panel .reasons .bars").first).to_contain_text("Backups and recovery")
    open_page(page, server)
    page.locator("#panel .reasons summary").click()
    page.locator("#clear").click()
    expect(page.locator("#messages .example").first).to_be_visible()
    page.wait_for_timeout(4000)
    expect(page.locator("#panel .panel-empty")).to_be_visible()


def test_a_citation_number_opens_its_source_also_of_an_earlier_answer(page: Page) -> None:
    ask(page, QUESTION)
    expect(last_answer(page)).to_have_text(ANSWER)
    ask(page, "Who won the football world cup in 1998?")
    expect(page.locator("#panel .notice")).to_be_visible()
    page.locator("#messages [data-testid=bot]").first.get_by_text("[1]", exact=True).click()
    expect(page.locator("#source-0-1")).to_have_class(re.compile("flash"))
    assert page.url.endswith("/")


def test_a_question_beyond_the_documents_is_not_answered(page: Page) -> None:
    ask(page, "Who won the football world cup in 1998?")
    expect(last_answer(page)).to_contain_text("Not in the documents")
    expect(last_answer(page)).to_contain_text("I could not find that in the security guides")
    expect(page.locator("#panel .notice")).to_contain_text("nothing was made up")
    expect(page.locator("#panel .source")).to_have_count(0)
    page.locator("#messages .option").first.click()
    expect(page.locator("#messages [data-testid=user]")).to_have_count(2)


def test_markup_in_a_question_stays_text(page: Page) -> None:
    ask(page, '<img src="http://evil.example/x.png"> ![x](http://evil.example/y.png) <b>bold</b>')
    expect(page.locator("#messages [data-testid=user]")).to_contain_text("<b>bold</b>")
    expect(page.locator("#messages img")).to_have_count(0)


def test_history_survives_a_reload_and_a_restart_and_ends_with_a_new_conversation(page: Page, server: Server) -> None:
    ask(page, QUESTION)
    expect(last_answer(page)).to_have_text(ANSWER)
    open_page(page, server)
    expect(last_answer(page)).to_have_text(ANSWER)
    expect(page.locator("#panel .source mark").first).to_be_visible()
    page.goto("about:blank")
    server.stop()
    server.start()
    open_page(page, server)
    expect(last_answer(page)).to_have_text(ANSWER)
    page.locator("#clear").click()
    expect(page.locator("#messages .example").first).to_be_visible()
    open_page(page, server)
    expect(page.locator("#messages .example").first).to_be_visible()


def test_each_bot_keeps_its_own_conversation(page: Page) -> None:
    ask(page, QUESTION)
    expect(last_answer(page)).to_have_text(ANSWER)
    page.locator("#bot input").click()
    page.get_by_role("option", name="Northwind").click()
    expect(page.locator("#messages .example", has_text="How do I block a lost card?")).to_be_visible()
    expect(page.locator("#about")).to_contain_text("Northwind")
    page.locator("#bot input").click()
    page.get_by_role("option", name="Larkspur").click()
    expect(last_answer(page)).to_have_text(ANSWER)


def test_retry_replaces_the_turn_and_a_like_is_stored(page: Page, server: Server) -> None:
    before = len(server.rows("SELECT id FROM turns"))
    ask(page, QUESTION)
    expect(last_answer(page)).to_have_text(ANSWER)
    time.sleep(0.5)
    first = server.rows("SELECT coalesce(max(created), 0) FROM turns")
    page.get_by_label("Retry").click()
    for _ in range(60):
        if server.rows("SELECT coalesce(max(created), 0) FROM turns")[0] > first[0]:
            break
        time.sleep(0.1)
    expect(page.locator("#send")).to_be_visible()
    expect(last_answer(page)).to_have_text(ANSWER)
    expect(page.locator("#messages [data-testid=user]")).to_have_count(1)
    page.get_by_label("Like", exact=True).click()
    for _ in range(40):
        if liked := server.rows("SELECT t.question, f.liked FROM feedback f JOIN turns t ON t.id = f.turn"):
            break
        time.sleep(0.1)
    assert liked == [(QUESTION, 1)]
    assert len(server.rows("SELECT id FROM turns")) == before + 1


def point_at(explorer: Any, expression: str) -> tuple[float, float]:
    """Where on the page the explorer draws a place of its canvas, when the drawing has come to rest."""
    explorer.evaluate("() => { clearInterval(settling); network.stopSimulation(); network.fit({ animation: false }); }")
    x, y = explorer.evaluate(
        f"""() => {{ const at = network.canvasToDOM({expression}); const on = byId("canvas").getBoundingClientRect();
        return [at.x + on.x, at.y + on.y]; }}"""
    )
    frame = explorer.frame_element().bounding_box() if explorer.parent_frame else {"x": 0, "y": 0}
    return frame["x"] + x, frame["y"] + y


def walk(page: Page, explorer: Any, around: str, other: str) -> None:
    """Search an entity, expand another by a click, and read the sentence of an edge by a click on it."""
    search, panel = explorer.get_by_label("Find an entity"), explorer.locator("#panel")
    search.fill(around[:5].lower())
    expect(explorer.get_by_role("option", name=around, exact=True)).to_be_visible()
    search.fill(around)
    search.press("Enter")
    expect(panel.locator("h2")).to_have_text(around)
    drawn = explorer.evaluate("nodes.length")
    page.mouse.click(*point_at(explorer, f"network.getPosition({other!r})"))
    expect(panel.locator("h2")).to_have_text(other)
    assert explorer.evaluate("nodes.length") > drawn

    place = f"""(({{ id }}) => [0.5, 0.4, 0.6, 0.3, 0.7].map((far) => network.body.edges[id].edgeType.getPoint(far))
        .find((at) => {{ const dom = network.canvasToDOM(at);
            return network.getNodeAt(dom) === undefined && network.getEdgeAt(dom) === id; }}))
        (edges.get().find((edge) => edge.from === {around!r} && edge.to === {other!r}))"""
    page.mouse.click(*point_at(explorer, place))
    expect(panel.locator("h2")).to_contain_text(around)
    for name in (around, other):
        expect(panel.locator("mark", has_text=name).first).to_be_visible()
    expect(panel.locator("blockquote footer").first).not_to_be_empty()


def test_the_graph_is_explored(page: Page) -> None:
    page.get_by_role("tab", name="Graph").click()
    expect(page.frame_locator("#explorer iframe").locator("canvas")).to_be_visible()
    explorer = page.frames[1]
    walk(page, explorer, "Phishing", "Security Operations Centre")
    panel = explorer.locator("#panel")
    panel.get_by_role("button", name="Close").click()
    expect(panel.locator("h2")).to_have_text("Security Operations Centre")
    page.mouse.dblclick(*point_at(explorer, "network.getPosition('Phishing')"))
    expect(panel.locator("h2")).to_have_text("Phishing")
    assert explorer.evaluate("nodes.length") == explorer.evaluate("1 + nodes.get('Phishing').degree")

    names = explorer.locator("#legend button", has_text="name")
    shown = explorer.evaluate("shownNodes.length")
    names.press("Enter")
    expect(names).to_have_attribute("aria-pressed", "false")
    assert 0 < explorer.evaluate("shownNodes.length") < shown
    names.click()
    explorer.get_by_label("Relations").select_option("is a")
    assert set(explorer.evaluate("shownEdges.get().map((edge) => edge.relation)")) == {"is_a"}
    explorer.get_by_label("Relations").select_option("All relations")

    explorer.get_by_role("button", name="Path", exact=True).click()
    explorer.get_by_label("Path from").fill("phishing")
    explorer.get_by_label("Path to").fill("Helena Marsh")
    explorer.get_by_label("Path to").press("Enter")
    expect(panel.locator("h2")).to_have_text("phishing → Helena Marsh")
    expect(panel.locator("button.row").last).to_contain_text("Helena Marsh")
    explorer.get_by_label("Path to").fill("Nobody Atall")
    explorer.get_by_label("Path to").press("Enter")
    expect(panel.get_by_role("alert")).to_contain_text("no entity named 'Nobody Atall'")

    explorer.get_by_label("Area", exact=True).select_option(index=1)
    expect(panel).to_contain_text("Area of ")
    first = panel.locator("h2").inner_text().split(", ")[0]
    assert first in explorer.evaluate("nodes.getIds()")
    explorer.get_by_role("button", name="Back", exact=True).click()
    expect(panel.locator("h2")).to_have_text("phishing → Helena Marsh")


def test_news_are_watched_where_a_bot_watches_some(page: Page) -> None:
    def choose(title: str) -> None:
        page.locator("#bot input").click()
        page.get_by_role("option", name=title).click()

    tab = page.get_by_role("tab", name="News")
    expect(tab).to_be_hidden()
    choose("News desk")
    tab.click()
    expect(page.locator("#news .columns .flagged")).to_have_count(4, timeout=15_000)
    expect(page.locator("#news h2")).to_have_text(["2026-04-02 to 2026-04-03", "2026-03-17 to 2026-03-18"])
    expect(page.locator("#news td", has_text="Galeston Bank's computers are down")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    choose("Larkspur")
    expect(tab).to_be_hidden()
    expect(page.locator("#question textarea")).to_be_visible()
    choose("News desk")
    tab.click()
    expect(page.locator("#news .columns .flagged").first).to_be_visible()


def test_the_graph_is_queried_and_taken_along(page: Page, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Graph").click()
    page.locator("#run-query").click()
    expect(page.locator("#rows td").first).to_be_visible()
    page.locator("#cypher textarea").fill("MATCH (a RETURN a")
    page.locator("#run-query").click()
    expect(page.locator("#rows .error")).to_contain_text("query")
    page.locator("#format input").click()
    page.get_by_role("option", name="CSV", exact=True).click()
    with page.expect_download() as download:
        page.locator("#export-graph").click()
    assert download.value.suggested_filename == "security-graph.csv"
    assert download.value.path().read_text(encoding="utf8").startswith("subject,relation,object\n")


def test_the_file_of_graph_show_is_explored_offline(server: Server, browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "graph.html"
    command = [sys.executable, "-m", "apps.main", "graph", "show", "security", "-o", str(file)]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "GRAFT_HOME": str(server.home)}, check=True, timeout=120)
    context = browser.new_context(viewport={"width": 390, "height": 844}, offline=True)
    complaints: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda r: None if r.url == file.as_uri() else complaints.append(f"fetched {r.url}"))
    page.goto(file.as_uri())
    explorer = page.main_frame
    walk(page, explorer, "Phishing", "Security Operations Centre")
    explorer.get_by_label("Area", exact=True).select_option(index=1)
    expect(explorer.locator("#panel")).to_contain_text("Area of ")
    explorer.get_by_role("button", name="Path", exact=True).click()
    explorer.get_by_label("Path from").fill("Phishing")
    explorer.get_by_label("Path to").fill("helena marsh")
    explorer.get_by_role("button", name="Find path").click()
    expect(explorer.locator("#panel button.row").last).to_contain_text("Helena Marsh")
    explorer.get_by_label("Path to").fill("Nobody")
    explorer.get_by_role("button", name="Find path").click()
    expect(explorer.locator("#panel").get_by_role("alert")).to_contain_text("holds no entity named Nobody")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
    assert complaints == []


def test_markup_in_a_graph_stays_text(browser: Any, tmp_path: Path) -> None:
    evil, worse = "</script><img src=x onerror=alert(1)> ${1} <b>href", "<svg onload=alert(2)>"
    told = {"document": worse, "chunk": worse, "text": f"{evil} | {worse}", "marks": [[0, len(evil)]], "whole": True}
    nodes = [{"id": label, "kind": "name", "degree": 1} for label in (evil, worse)]
    edges = [{"id": 1, "from": evil, "to": worse, "relation": worse, "statements": [told]}]
    held = {"nodes": nodes, "edges": edges, "areas": [{"name": evil, "members": [evil]}], "core": 30, "start": evil}
    file = tmp_path / "graph.html"
    file.write_text(explorer_page(held, evil), encoding="utf8")
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message) or dialog.dismiss())
    page.goto(file.as_uri())
    panel = page.locator("#panel")
    expect(panel.locator("h2")).to_have_text(evil)
    x, y = point_at(page.main_frame, f"network.getPosition({worse!r})")
    page.mouse.move(x - 60, y - 60)
    page.mouse.move(x, y)
    expect(page.locator(".vis-tooltip")).to_contain_text(worse)
    panel.locator("button.row").click()
    expect(panel.locator("mark")).to_have_text(evil)
    expect(panel.locator("blockquote")).to_contain_text(worse)
    page.get_by_label("Find an entity").fill("svg")
    expect(page.locator("#suggestions-1 li")).to_have_text(worse)
    page.get_by_label("Area", exact=True).select_option(index=1)
    expect(panel.locator("h2")).to_have_text(evil)
    assert page.locator("img, svg, b:not(.row b)").count() == 0 and complaints == []
    page.close()


def test_a_narrow_screen_has_no_sideways_scroll(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    ask(page, QUESTION)
    expect(last_answer(page)).to_have_text(ANSWER)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("tab", name="Graph").click()
    expect(page.frame_locator("#explorer iframe").locator("#panel h2")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.frames[1].evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
