"""The news tab of bots with `monitor:`: a chart of negative news, its surges, and the headlines behind each."""

from __future__ import annotations

import html
import threading
from typing import Any

import gradio as gr

from adapters.models import ModelError
from apps.panels import message
from apps.shelf import Shelf
from chatbot.bot import Bot
from chatbot.monitor.chart import chart
from chatbot.monitor.heads import Heads, settings_of
from chatbot.monitor.news import read_items
from chatbot.monitor.report import summary, surge_html
from chatbot.monitor.watch import Watch
from retrieval.errors import GraftError


class NewsTab:
    """The tab's page and what happens to it; made inside a `gr.Blocks`."""

    def __init__(self, shelf: Shelf, bot_name: gr.Dropdown) -> None:
        self.shelf = shelf
        self.visible = gr.State(False)
        self.given = [bot_name, self.visible]
        self.page = gr.HTML(message("Reading the news …"), elem_id="news")
        self._pages: dict[str, tuple[object, str]] = {}
        self._reading = threading.Lock()

    def has_news(self, name: str) -> bool:
        """Whether a bot names news to watch."""
        monitor = self.shelf.get(name).config.monitor
        return monitor is not None and monitor.news is not None

    def leave(self) -> bool:
        """Another tab is in front."""
        return False

    def enter(self, name: str) -> tuple[str, bool]:
        """The tab comes to the front: show the chosen bot's news."""
        return self._shown(name), True

    def follow(self, name: str, visible: bool) -> Any:
        """Show the news of another bot, if the tab is in front."""
        return self._shown(name) if visible else gr.skip()

    def _shown(self, name: str) -> str:
        if not self.has_news(name):
            return message("This bot watches no news.")
        try:
            with self._reading:
                return self._page(self.shelf.get(name))
        except (GraftError, ModelError) as error:
            return message(str(error), "error")
        except OSError as error:
            return message(f"The news cannot be read: {error.strerror}", "error")

    def _page(self, bot: Bot) -> str:
        """A bot's news, read again where the file has changed."""
        settings = settings_of(bot.config)
        path = bot.config.path(str(settings.news))
        changed = path.stat().st_mtime_ns
        if self._pages.get(bot.config.name, (None, ""))[0] != changed:
            encoder = {bot.config.retrieval.encoder: bot.index.encoder.backbone}
            watch = Watch(settings, Heads(bot.config, encoder.get))
            with path.open(encoding="utf-8", errors="replace") as stream:
                for _ in watch.read(read_items(stream, watch.by), live=False):
                    pass
            self._pages[bot.config.name] = changed, _html(watch.report()) if watch.items else message("No news yet.")
        return self._pages[bot.config.name][1]


def _html(report: dict[str, Any]) -> str:
    surges = "".join(f"<section>{surge_html(surge)}</section>" for surge in reversed(report["surges"]))
    return f'<div class="news">{chart(report)}<p class="counts">{html.escape(summary(report))}</p>{surges}</div>'
