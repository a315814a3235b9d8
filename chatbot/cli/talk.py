"""Chatting in a terminal, or answering the questions that come in on stdin."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from chatbot.bot import Bot
from chatbot.cli.output import print_json, say, tell
from chatbot.reply import Reply
from chatbot.sessions import Sessions
from retrieval.errors import GraftError
from retrieval.loaders.clean import visible
from retrieval.scope import EVERYTHING, Scope

_STRONG = re.compile(r"(?<![A-Za-z0-9_*])\*\*(?=\S)(.+?)(?<=\S)\*\*(?![A-Za-z0-9_*])")


def talk(bot: Bot, once: str | None, json_: bool, session: str | None, scope: Scope = EVERYTHING) -> None:
    """Answer one question, or every line of stdin, or hold a conversation.

    Raises:
        GraftError: The question is empty, or no document is in the scope.
        SystemExit: With code 2, after the last question, where the provider failed outside a conversation.
    """
    if once is not None:
        if not once.strip():
            raise GraftError("--once is empty; expected a question")
        reply = bot.ask(once, session, scope)
        print_json(reply.to_json()) if json_ else show(bot, reply)
        if reply.error:
            raise SystemExit(2)
        return
    interactive = sys.stdin.isatty() and not json_
    if interactive:
        say(f"{bot.config.display_title}. An empty line leaves.")
        if bot.config.ui.greeting:
            say(bot.config.ui.greeting)
        session = session or Sessions.new_id()
    failed = False
    for question in _questions(interactive):
        bot = bot.current()
        if interactive:
            _stream(bot, question, session, scope)
            continue
        reply = bot.ask(question, session, scope)
        print_json(reply.to_json(), compact=True) if json_ else show(bot, reply)
        failed |= reply.error
    if failed:
        raise SystemExit(2)


def show(bot: Bot, reply: Reply) -> None:
    """Print a reply with its sources."""
    print(readable(reply.text))
    _show_sources(bot, reply)


def _questions(interactive: bool) -> Iterator[str]:
    if not interactive:
        yield from (line.strip() for line in sys.stdin if line.strip())
        return
    while True:
        try:
            question = input("\n> ").strip()
        except EOFError:
            return
        if not question:
            return
        yield question


def _stream(bot: Bot, question: str, session: str | None, scope: Scope) -> None:
    for part in bot.stream(question, session, scope):
        if isinstance(part, Reply):
            print()
            _show_sources(bot, part)
        else:
            print(readable(part), end="", flush=True)


def readable(text: str) -> str:
    """Text for a terminal, without Markdown's marks of strong emphasis."""
    return _STRONG.sub(r"\1", visible(text, keep="\n\t"))


def _show_sources(bot: Bot, reply: Reply) -> None:
    if reply.citations:
        print()
    for number, citation in enumerate(reply.citations, 1):
        section = f" › {citation.section}" if citation.section else ""
        tell(f"  [{number}] {citation.source}{section}")
    for fact in reply.facts:
        tell(f"  · {fact}")
    if not reply.abstained and not reply.error:
        print(f"  confidence {reply.confidence:.0%}")
    if reply.disclaimer:
        tell(f"  {reply.disclaimer}")
