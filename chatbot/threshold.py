"""The least confidence of an answer, and where it comes from.

A number in `bot.yaml` comes first, then what `graft eval BOT --calibrate` chose, then the default. What was chosen is
kept in the bot's home and counts only for the index, the settings, the adapters and the fitted models of that time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from adapters import Adapter
from adapters.models import sha256
from chatbot import confidence, support
from chatbot.config import BotConfig
from chatbot.home import Manifest, write_json
from retrieval.index import Index

FILE = "calibration.json"
FORMAT = 1
_APART: Any = {
    "title": True,
    "description": True,
    "guardrails": True,
    "ui": True,
    "quiz": True,
    "monitor": True,
    "adapters": {"grader"},
}
"""Settings that have no part in a confidence."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A threshold chosen for a target precision.

    Args:
        questions: How many it was chosen on.
        data: Their file, seen from the bot's folder.
        sha256: Of that file.
        made_for: See `fingerprint`.
    """

    abstain_below: float
    precision: float
    questions: int
    data: str
    sha256: str
    made_for: str
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least confidence of an answer.

    Args:
        origin: Where it comes from, in words.
        outdated: Whether another was chosen that no longer counts.
    """

    value: float
    origin: str
    outdated: bool = False


def in_use(config: BotConfig, home: Path, index: Index, made_for: str) -> Threshold:
    """The threshold of a bot.

    Args:
        made_for: The bot's `fingerprint`.
    """
    if config.guardrails.abstain_below != "auto":
        return Threshold(config.guardrails.abstain_below, "set in bot.yaml")
    default = confidence.default_threshold(index)
    try:
        data = json.loads((home / FILE).read_text(encoding="utf8"))
        chosen = TypeAdapter(Chosen).validate_python(data)
    except FileNotFoundError:
        return Threshold(default, "the default")
    except (OSError, ValueError, RecursionError):
        return Threshold(default, f"the default; {home / FILE} is damaged", outdated=True)
    if chosen.format != FORMAT or chosen.made_for != made_for:
        other = "the default; the one chosen was for another index, other adapters or settings"
        return Threshold(default, other, outdated=True)
    changed = "" if chosen.sha256 == digest(config.path(chosen.data)) else ", which have changed since"
    origin = f"chosen for a precision of {chosen.precision:g} on the {chosen.questions} questions of {chosen.data}"
    return Threshold(chosen.abstain_below, origin + changed)


def keep(home: Path, manifest: Manifest, chosen: Chosen) -> None:
    """Use a threshold from now on; whoever is interrupted leaves the one before.

    Raises:
        OSError: The home cannot be written to.
    """
    write_json(home / FILE, home / "builds" / manifest.build, asdict(chosen))


def fingerprint(config: BotConfig, manifest: Manifest, adapters: Mapping[str, Adapter]) -> str:
    """Changes with what decides a confidence: the index, the settings of a turn, the adapters, the fitted models."""
    turn = config.model_dump(mode="json", exclude=_APART)
    folder = Path(support.__file__).parent
    models = [digest(folder / name) for name in ("support.json", "confidence.json")]
    weights = {task: adapter.fingerprint for task, adapter in adapters.items()}
    return hashlib.sha256(json.dumps([manifest.inputs, turn, weights, models], sort_keys=True).encode()).hexdigest()


def digest(path: Path) -> str:
    """SHA-256 of a file, empty where there is none."""
    try:
        return sha256(path)
    except OSError:
        return ""
