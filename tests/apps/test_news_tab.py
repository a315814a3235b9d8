"""The news tab shows a bot's news where it has some, and reads them again when they change."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
import pytest

from apps import BUNDLED
from apps.news_tab import NewsTab
from apps.shelf import Shelf
from chatbot.bot import Bot
from chatbot.build import build
from retrieval.encoder import Encoder
from tests.chatbot.small_bot import write_bot

ADAPTERS = BUNDLED / "finance" / "adapters"


@pytest.fixture
def tab(tmp_path: Path, encoder: Encoder) -> NewsTab:
    monitor = {"news": "news.jsonl", "sentiment": str(ADAPTERS / "sentiment"), "topic": str(ADAPTERS / "topics")}
    (tmp_path / "news.jsonl").write_text((BUNDLED / "finance" / "news.jsonl").read_text(encoding="utf8"))
    sources = [
        write_bot(tmp_path, {"a.md": "Cards are blocked by phone."}, name="watching", monitor=monitor),
        write_bot(tmp_path / "other", {"a.md": "Cards are blocked by phone."}, name="other"),
    ]
    for source in sources:
        build(source, encoder=encoder)
    shelf = Shelf([Bot.open(source, encoder) for source in sources])
    with gr.Blocks(analytics_enabled=False):
        return NewsTab(shelf, gr.Dropdown(shelf.choices))


def test_the_news_are_shown_and_read_again_when_they_change(tab: NewsTab, tmp_path: Path) -> None:
    assert tab.has_news("watching") and not tab.has_news("other")
    shown, visible = tab.enter("watching")
    assert visible and shown.count('class="flagged"') == 4 and "Glass splinters in lemonade" in shown
    assert tab.follow("watching", True) is tab.enter("watching")[0]
    news = tmp_path / "news.jsonl"
    news.write_text(json.dumps({"date": "2026-05-01", "text": "Profit falls at <b>Ashdown</b>"}), encoding="utf8")
    again = tab.follow("watching", True)
    assert "No surges from 2026-05-01" in again and "Glass" not in again
    news.unlink()
    gone = tab.enter("watching")[0]
    assert "The news cannot be read: No such file" in gone and str(tmp_path) not in gone
    assert "watches no news" in tab.enter("other")[0]
