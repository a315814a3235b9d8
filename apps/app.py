"""The page: a header with the bot chooser, and tabs: Chat, Graph, and News and Quiz for bots that have one."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr

from apps.chat import PRIVATE, ChatTab
from apps.graph_tab import GraphTab
from apps.news_tab import NewsTab
from apps.quiz_tab import QuizTab
from apps.shelf import Shelf

MEMORY_KEY = "graft"


def build_app(shelf: Shelf) -> gr.Blocks:
    """The demo of some bots, ready to launch."""
    first = shelf.choices[0][1]
    with gr.Blocks(title="Graft", analytics_enabled=False, fill_width=True, elem_id="graft") as app:
        # A fixed secret, because this state must outlive the server; it is kept in the visitor's own browser.
        memory = gr.BrowserState({}, storage_key=MEMORY_KEY, secret=MEMORY_KEY)
        with gr.Row(elem_id="header", equal_height=True):
            gr.HTML('<div class="brand"><b>Graft</b><span>answers with their sources</span></div>', elem_id="brand")
            name = gr.Dropdown(
                shelf.choices, value=first, show_label=False, container=False, elem_id="bot", filterable=False
            )
        about = gr.HTML(_about(shelf, first), elem_id="about")
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Chat", id="chat") as chat_page:
                chat = ChatTab(shelf, name, memory)
            with gr.Tab("Graph", id="graph") as graph_page:
                graph = GraphTab(shelf, name)
            with gr.Tab("News", id="news", visible=False) as news_page:
                news = NewsTab(shelf, name)
            with gr.Tab("Quiz", id="quiz", visible=False) as quiz_page:
                quiz = QuizTab(shelf, name)

        def load(kept: object) -> dict[Any, Any]:
            bot = shelf.get(kept.get("bot") if isinstance(kept, dict) else first).config.name
            return {**chat.open(bot, kept), name: bot, **about_bot(bot)}

        def choose(bot: str, kept: object, watching: bool) -> dict[Any, Any]:
            shown = {**chat.open(bot, kept), **about_bot(bot)}
            if watching and not news.has_news(bot):
                shown |= {tabs: gr.Tabs(selected="chat"), news.visible: False}
            return shown

        def about_bot(bot: str) -> dict[Any, Any]:
            pages = {news_page: gr.Tab(visible=news.has_news(bot)), quiz_page: gr.Tab(visible=quiz.has_quiz(bot))}
            return {about: _about(shelf, bot), **pages, **quiz.open(bot)}

        follows = [*chat.outputs, about, news_page, quiz_page, *quiz.outputs]
        app.load(load, memory, [*follows, name], **PRIVATE)
        chosen = name.input(
            choose, [name, memory, news.visible], [*follows, tabs, news.visible], cancels=chat.runs, **PRIVATE
        )
        chosen.then(graph.follow, graph.given, graph.outputs, js=graph.with_darkness, **PRIVATE)
        chosen.then(news.follow, news.given, news.page, **PRIVATE)
        for page in (chat_page, news_page, quiz_page):
            page.select(graph.leave, None, graph.visible, **PRIVATE)
        for page in (chat_page, graph_page, quiz_page):
            page.select(news.leave, None, news.visible, **PRIVATE)
        graph_page.select(graph.enter, graph.given, graph.outputs, js=graph.with_darkness, **PRIVATE)
        news_page.select(news.enter, name, [news.page, news.visible], **PRIVATE)
    return app


def _about(shelf: Shelf, name: str) -> str:
    config = shelf.get(name).config
    return f"<p>{html.escape(config.description)}</p>" if config.description else ""
