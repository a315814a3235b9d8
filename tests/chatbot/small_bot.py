"""A small bot of real files, for the tests of this floor."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from chatbot import bots
from chatbot.bot import Bot
from chatbot.bots import BotSource
from retrieval.encoder import Encoder

DOCUMENTS = {
    "cards.md": (
        "# Bank cards\n\n## Lost card\n\nCall the card desk at once to block a lost card. "
        "A replacement card costs 9 euros. The replacement card arrives within five working days.\n\n"
        "## What you need to replace a card\n\nTo replace a card you need these documents:\n\n"
        "- a passport or an identity card\n- a proof of address\n- the form B12\n\n"
        "## Limits\n\n| Account | Daily limit | Monthly fee |\n| --- | --- | --- |\n"
        "| Student account | 300 euros | free |\n| Gold account | 2,000 euros | 12 euros |\n"
    ),
    "branches.md": (
        "# Branches\n\n## Harbour branch\n\nThe Harbour branch opens at 9 o'clock on weekdays. "
        "Nora Lindqvist manages the Harbour branch. The Harbour branch belongs to Northwind Bank.\n\n"
        "## Hill branch\n\nThe Hill branch is closed on Mondays. Wheelchair users enter through the garden gate.\n"
    ),
    "transfers.txt": (
        "Instant transfers arrive within ten seconds, day and night. Ordinary transfers arrive on the next working "
        "day. A transfer to another country takes three working days and costs 4 euros."
    ),
}
FAQ = (
    "question,answer\n"
    "How do I unblock my card?,Visit any branch with your passport and ask for the card to be released.\n"
    "Do you open on public holidays?,No branch opens on public holidays.\n"
)


def write_bot(folder: Path, documents: dict[str, str] | None = None, **config: Any) -> BotSource:
    """Write a bot's files and find it; `config` is laid over the least that a bot.yaml needs."""
    for name, text in (DOCUMENTS if documents is None else documents).items():
        path = folder / "knowledge" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf8")
    return write_config(folder, **config)


def write_config(folder: Path, **config: Any) -> BotSource:
    """Write `bot.yaml` and find the bot."""
    whole = {"name": "northwind", "knowledge": {"sources": ["knowledge/"]}, **config}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bot.yaml").write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf8")
    return bots.find(str(folder))


class Reconfigured:
    """Opens one built bot under other settings: a copy of its config, the same index.

    Args:
        source: A built bot.
        folder: Where the copies of its config go.
    """

    def __init__(self, source: BotSource, folder: Path, encoder: Encoder) -> None:
        self._source = source
        self._folder = folder
        self._encoder = encoder
        self._count = 0

    def __call__(self, **config: Any) -> Bot:
        """The bot with these settings; it answers whatever its confidence, unless told otherwise."""
        self._count += 1
        folder = self._folder / f"settings{self._count}"
        config["guardrails"] = {"abstain_below": 0.0, **config.get("guardrails", {})}
        changed = write_config(folder, **config)
        home = folder / ".graft"
        shutil.copytree(self._source.home, home, ignore=shutil.ignore_patterns("sessions.db*"))
        return Bot.open(BotSource(changed.config, home), self._encoder)
