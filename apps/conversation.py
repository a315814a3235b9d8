"""One browser's conversation with one bot: asking, stopping, retrying, rating, and the messages that show it."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from apps.answer import harmless, with_links
from apps.panels import EMPTY, FORGOTTEN, panel
from apps.why import closed, failed, why
from chatbot.bot import Bot
from chatbot.explain import explain
from chatbot.reply import Reply
from chatbot.sessions import Sessions, Turn

SECONDS_BETWEEN_UPDATES = 0.05
_SESSION = re.compile(r"[0-9a-f]{32}")
_MARK = re.compile(r"\[(\d{1,2})\]")
_log = logging.getLogger(__name__)


@dataclass
class Shown:
    """One turn on the screen.

    Args:
        answer: Markdown; empty until the first piece arrives.
        why: The part of the panel that says why this is the answer.
        id: Of the stored turn; None while it is not, or never will be, stored.
    """

    question: str
    answer: str = ""
    panel: str = EMPTY
    why: str = field(default_factory=closed)
    topics: list[str] = field(default_factory=list)
    id: int | None = None
    liked: bool | None = None
    stopped: bool = False


class Conversation:
    """A conversation kept under a session id, which only the browser and the bot's database know.

    Args:
        session: From the browser; anything but an id made here starts a new conversation.
    """

    def __init__(self, bot: Bot, session: object = None) -> None:
        self.bot = bot
        self.session = session if isinstance(session, str) and _SESSION.fullmatch(session) else Sessions.new_id()
        self.looked_at = 0
        self.turns = [
            Shown(turn.question, _stored(turn, number), FORGOTTEN, id=turn.id, liked=turn.liked)
            for number, turn in enumerate(bot.sessions.turns(self.session))
        ]
        if self.turns:
            self._recall(len(self.turns) - 1)

    def ask(self, question: str) -> Iterator[None]:
        """Answer a question; each step is a moment to show the conversation. Failures become the answer's text."""
        number = len(self.turns)
        shown = Shown(question)
        self.turns.append(shown)
        yield
        try:
            yield from self._stream(shown, number)
        except Exception as error:
            _log.exception("a turn failed")
            shown.answer = f"⚠️ **Something went wrong.** {harmless(str(error)) or type(error).__name__}"
            shown.panel = EMPTY
            yield

    def _stream(self, shown: Shown, number: int) -> Iterator[None]:
        pieces: list[str] = []
        last = 0.0
        self.bot = self.bot.current()
        for part in self.bot.stream(shown.question, self.session):
            if shown.stopped:
                if isinstance(part, Reply) and not part.error:
                    self.bot.sessions.forget_last(self.session)
                return
            if isinstance(part, Reply):
                self._finish(shown, part, number)
            else:
                pieces.append(part)
                shown.answer = harmless("".join(pieces))
                if time.monotonic() - last < SECONDS_BETWEEN_UPDATES:
                    continue
                last = time.monotonic()
            yield

    def _finish(self, shown: Shown, reply: Reply, number: int) -> None:
        text = with_links(reply.text, len(reply.citations), number)
        if reply.error:
            text = f"⚠️ {text}"
        elif reply.abstained:
            text = f"_**Not in the documents**_\n\n{text}"
        if reply.disclaimer and not reply.error:
            text += f"\n\n<small>{harmless(reply.disclaimer)}</small>"
        shown.answer, shown.topics = text, reply.topics
        shown.panel = panel(self.bot, reply, number)
        stored = self.bot.sessions.turns(self.session)
        shown.id = stored[-1].id if stored and not reply.error else None

    def stop(self) -> None:
        """Give up the answer under way."""
        if self.turns and self.turns[-1].id is None:
            self.turns[-1].stopped = True
            self.turns[-1].answer = f"{self.turns[-1].answer}\n\n_Stopped._".strip()

    def take_back(self) -> str:
        """Remove the last turn, here and from the database; returns its question, empty where there was none."""
        if not self.turns:
            return ""
        last = self.turns.pop()
        stored = self.bot.sessions.turns(self.session)
        if stored and stored[-1].id not in {turn.id for turn in self.turns}:
            self.bot.sessions.forget_last(self.session)
        return last.question

    def rate(self, message: int, liked: bool | None) -> None:
        """Keep a judgement of the turn that a message belongs to, None to take it back; each turn is two messages."""
        turn = self.turns[message // 2]
        if turn.id is not None:
            self.bot.sessions.rate(turn.id, liked)
            turn.liked = liked

    def panel(self, message: int | None = None) -> str:
        """The panel of the turn that a message belongs to, or of the last one."""
        last = len(self.turns) - 1
        self.looked_at = last if message is None else min(message // 2, last)
        if self.turns and self.turns[self.looked_at].panel is FORGOTTEN:
            self._recall(self.looked_at)
        return self.current_panel()

    def current_panel(self) -> str:
        """The panel that was last asked for."""
        if not self.turns:
            return EMPTY
        turn = self.turns[min(self.looked_at, len(self.turns) - 1)]
        return turn.panel if turn.id is None or turn.panel is FORGOTTEN else turn.panel + turn.why

    def explain(self) -> None:
        """Find out why the answer whose panel was last asked for is what it is; failures become what is shown."""
        turn = self.turns[self.looked_at]
        try:
            stored = next(stored for stored in self.bot.sessions.turns(self.session) if stored.id == turn.id)
            follows_up = stored.resolved != stored.question
            turn.why = why(self.bot, explain(self.bot, turn.question, stored.resolved if follows_up else None))
        except Exception as error:
            _log.exception("an explanation failed")
            turn.why = failed(str(error) or type(error).__name__)

    def messages(self) -> list[dict[str, Any]]:
        """The conversation as `gr.Chatbot` takes it: for each turn the question, then the answer once it has begun."""
        messages: list[dict[str, Any]] = []
        for number, turn in enumerate(self.turns):
            messages.append({"role": "user", "content": harmless(turn.question)})
            if turn.answer:
                topics = turn.topics if number == len(self.turns) - 1 else []
                answer = turn.answer.removesuffix(harmless(" · ".join(topics)))
                options = [{"value": topic, "label": topic} for topic in topics]
                messages.append({"role": "assistant", "content": answer, "options": options})
        return messages

    def ratings(self) -> list[str | None]:
        """For each answer on the screen what `gr.Chatbot` calls its feedback value."""
        names = {None: None, True: "Like", False: "Dislike"}
        return [names[turn.liked] for turn in self.turns if turn.answer]

    def _recall(self, number: int) -> None:
        """Find a stored answer's sources again, where answering anew costs nothing and gives the same text."""
        if self.bot.config.generator.model != "extractive":
            return
        turn = next((turn for turn in self.bot.sessions.turns(self.session) if turn.id == self.turns[number].id), None)
        if turn:
            reply = self.bot.ask(turn.resolved)
            if reply.text == turn.answer:
                self._finish(self.turns[number], reply, number)
                self.turns[number].id = turn.id


def _stored(turn: Turn, number: int) -> str:
    marks = [int(mark) for mark in _MARK.findall(turn.answer)]
    return with_links(turn.answer, max(marks, default=0), number)
