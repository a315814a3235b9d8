"""Finding a bot by what the user typed, and the folder where its built index lives."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

from chatbot.config import BotConfig
from chatbot.config_file import ConfigError, load_config
from retrieval.loaders.clean import valid, visible

SHELVES: list[Path] = []
"""Folders whose sub-folders are bundled bots; the application adds its own."""


@dataclass(frozen=True, slots=True)
class BotSource:
    """A bot's config and its home.

    Args:
        home: Holds the built index and the conversations: `.graft` beside the config, or the user's data folder
            for a bundled bot, whose own folder may be read-only.
    """

    config: BotConfig
    home: Path


def bundled() -> dict[str, Path]:
    """The `bot.yaml` of every bundled bot by name."""
    return {path.parent.name: path for shelf in SHELVES for path in sorted(shelf.glob("*/bot.yaml"))}


def find(bot: str) -> BotSource:
    """Find a bot.

    Args:
        bot: The path of a `bot.yaml`, a folder that holds one, or a bundled bot's name.

    Raises:
        ConfigError: There is no such bot, or its config is wrong.
    """
    path = Path(os.path.expanduser(bot))
    if os.path.isdir(path):
        path = path / "bot.yaml"
        if not path.exists() and bot not in bundled():
            raise ConfigError(f"{path.parent} holds no bot.yaml; make one with: graft init {path.parent}")
    if os.path.isfile(path):
        home = path.resolve().parent / ".graft"
        if str(home) != valid(str(home)):
            raise ConfigError(f"{visible(str(home.parent))}: a bot's folder needs a name in UTF-8; rename it")
        return BotSource(load_config(path), _home_of_bundled(path) or home)
    if bot in bundled():
        return BotSource(load_config(bundled()[bot]), data_home() / "bots" / bot)
    close = difflib.get_close_matches(bot, bundled(), 1, 0.5)
    names = ", ".join(bundled()) or "none"
    hint = f"; did you mean {close[0]}?" if close else f"; bundled bots: {names}"
    raise ConfigError(f"no bot {bot!r}: not a bot.yaml, not a folder with one, not a bundled bot{hint}")


def data_home() -> Path:
    """Where bundled bots keep their indexes: `GRAFT_HOME`, or the user's data folder."""
    return Path(os.environ["GRAFT_HOME"]).expanduser() if os.environ.get("GRAFT_HOME") else user_data_path("graft")


def _home_of_bundled(path: Path) -> Path | None:
    inside = [name for name, own in bundled().items() if own.resolve() == path.resolve()]
    return data_home() / "bots" / inside[0] if inside else None
