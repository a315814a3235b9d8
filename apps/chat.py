"""The chat tab: the conversation, the question box, and the panel of sources beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from apps.conversation import Conversation
from apps.panels import EMPTY
from apps.shelf import Shelf
from apps.why import INTO_VIEW, ON_EXPAND
from chatbot.bot import LONGEST_QUESTION, Bot

PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""Events are for this page only."""

Updates = dict[Any, Any]


@dataclass
class Visit:
    """What one open page is doing; `conversation` is None until the page has loaded."""

    conversation: Conversation | None = None


@dataclass
class ChatTab:
    """The chat's components and what happens to them; made inside a `gr.Blocks`.

    Args:
        bot_name: The chooser in the page's header.
        memory: What the browser keeps: the bot last chosen, and a session id for each bot.
    """

    shelf: Shelf
    bot_name: gr.Dropdown
    memory: gr.BrowserState
    visit: gr.State = field(init=False)

    def __post_init__(self) -> None:
        self.visit = gr.State(Visit())
        with gr.Row(elem_id="chat", equal_height=False):
            with gr.Column(scale=3, min_width=340, elem_id="talk"):
                self.messages = gr.Chatbot(
                    elem_id="messages",
                    show_label=False,
                    height="100%",
                    layout="bubble",
                    buttons=["copy"],
                    latex_delimiters=[],
                    allow_tags=False,
                    allow_file_downloads=False,
                )
                with gr.Row(elem_id="ask", equal_height=True):
                    self.question = gr.Textbox(
                        elem_id="question",
                        show_label=False,
                        container=False,
                        placeholder="Ask a question",
                        max_lines=5,
                        max_length=LONGEST_QUESTION,
                        scale=1,
                        autofocus=True,
                    )
                    self.send = gr.Button("Send", variant="primary", elem_id="send", scale=0, min_width=84)
                    self.stop = gr.Button("Stop", variant="stop", elem_id="stop", scale=0, min_width=84, visible=False)
                with gr.Row(elem_id="tools"):
                    self.clear = gr.Button("New conversation", size="sm", elem_id="clear", scale=0, min_width=150)
            with gr.Column(scale=2, min_width=320, elem_id="side"):
                self.panel = gr.HTML(EMPTY, elem_id="panel", js_on_load=ON_EXPAND)
        self._wire()

    @property
    def outputs(self) -> list[Any]:
        """Everything a handler may change."""
        return [self.messages, self.panel, self.question, self.send, self.stop, self.visit, self.memory]

    def _wire(self) -> None:
        given = [self.bot_name, self.memory, self.visit]
        ask: dict[str, Any] = {"outputs": self.outputs, "concurrency_id": "turn", **PRIVATE}
        runs = [
            gr.on([self.question.submit, self.send.click], self._ask, [self.question, *given], **ask),
            self.messages.example_select(self._ask_example, given, **ask),
            self.messages.option_select(self._ask_option, given, **ask),
            self.messages.retry(self._retry, given, **ask),
        ]
        self.stop.click(self._stop, self.visit, self.outputs, cancels=runs, queue=False, **PRIVATE)
        self.messages.undo(self._undo, self.visit, self.outputs, **PRIVATE)
        self.messages.like(self._rate, self.visit, None, **PRIVATE)
        self.messages.select(self._select, self.visit, self.panel, **PRIVATE)
        explaining = self.panel.expand(self._explain, self.visit, self.panel, **PRIVATE)
        explaining.then(None, js=INTO_VIEW, **PRIVATE)
        self.runs = [*runs, explaining]
        clears = [self.clear.click]
        gr.on(clears, self._clear, given, self.outputs, cancels=self.runs, queue=False, **PRIVATE)

    def open(self, name: str, memory: object, fresh: bool = False) -> Updates:
        """Show a bot's conversation as this browser left it, or a fresh one."""
        bot = self.shelf.get(name)
        kept = memory.get("sessions") if isinstance(memory, dict) else None
        sessions = dict(kept) if isinstance(kept, dict) else {}
        conversation = Conversation(bot, None if fresh else sessions.get(bot.config.name))
        sessions[bot.config.name] = conversation.session
        return {
            **self._show(conversation, working=False),
            self.messages: _chatbot(conversation, bot),
            self.visit: Visit(conversation),
            self.memory: {"bot": bot.config.name, "sessions": sessions},
        }

    def _show(self, conversation: Conversation, working: bool) -> Updates:
        return {
            self.messages: gr.Chatbot(conversation.messages(), feedback_value=conversation.ratings()),
            self.panel: conversation.panel(),
            self.send: gr.Button(visible=not working),
            self.stop: gr.Button(visible=working),
        }

    def _answer(self, question: str | None, name: str, memory: object, visit: Visit) -> Iterator[Updates]:
        opened: Updates = {}
        if visit.conversation is None:
            opened = self.open(name, memory)
            visit = opened[self.visit]
        conversation = visit.conversation
        assert conversation is not None
        asked = (question or "").strip()
        if not asked:
            yield {**opened, **self._show(conversation, working=False)}
            return
        yield {**opened, self.question: "", self.visit: visit}
        for _ in conversation.ask(asked[:LONGEST_QUESTION]):
            yield self._show(conversation, working=True)
        yield self._show(conversation, working=False)

    def _ask(self, question: str | None, name: str, memory: object, visit: Visit) -> Iterator[Updates]:
        yield from self._answer(question, name, memory, visit)

    def _ask_example(self, name: str, memory: object, visit: Visit, chosen: gr.SelectData) -> Iterator[Updates]:
        yield from self._answer(str(chosen.value["text"]), name, memory, visit)

    def _ask_option(self, name: str, memory: object, visit: Visit, chosen: gr.SelectData) -> Iterator[Updates]:
        yield from self._answer(str(chosen.value), name, memory, visit)

    def _retry(self, name: str, memory: object, visit: Visit) -> Iterator[Updates]:
        question = visit.conversation.take_back() if visit.conversation else ""
        yield from self._answer(question, name, memory, visit)

    def _undo(self, visit: Visit) -> Updates:
        if visit.conversation is None:
            return {}
        question = visit.conversation.take_back()
        return {**self._show(visit.conversation, working=False), self.question: question}

    def _stop(self, visit: Visit) -> Updates:
        if visit.conversation is None:
            return {}
        visit.conversation.stop()
        return self._show(visit.conversation, working=False)

    def _clear(self, name: str, memory: object, visit: Visit) -> Updates:
        if visit.conversation is not None:
            visit.conversation.stop()
        return self.open(name, memory, fresh=True)

    def _rate(self, visit: Visit, rated: gr.LikeData) -> None:
        if visit.conversation is not None and isinstance(rated.index, int):
            visit.conversation.rate(rated.index, rated.liked if isinstance(rated.liked, bool) else None)

    def _select(self, visit: Visit, chosen: gr.SelectData) -> str:
        index = chosen.index[0] if isinstance(chosen.index, (list, tuple)) else chosen.index
        return visit.conversation.panel(int(index)) if visit.conversation else EMPTY

    def _explain(self, visit: Visit) -> str:
        if visit.conversation is None or not visit.conversation.turns:
            return EMPTY
        visit.conversation.explain()
        return visit.conversation.current_panel()


def _chatbot(conversation: Conversation, bot: Bot) -> Any:
    """The chat as a bot opens it: its greeting and suggestions stand in an empty one."""
    title = bot.config.display_title
    return gr.Chatbot(
        conversation.messages(),
        feedback_value=conversation.ratings(),
        placeholder=f"## {title}\n\n{bot.config.ui.greeting or 'Ask me a question.'}",
        examples=[{"text": suggestion} for suggestion in bot.config.ui.suggestions],
    )
