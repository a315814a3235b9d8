"""Chats to learn from: files of messages, what decides, and what in them may spoil a training."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.checking import Finding
from adapters.generation.template import ROLES, Message
from adapters.labelled import json_lines
from adapters.squad import DataError

HELD_OUT = 0.1
"""Share of the chats that decides where no `dev` is given."""
_FORMS = "expected messages, a list of {role, content}, or question and answer"


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation with at least one turn of the assistant, never the first.

    Args:
        where: Its file and line, for messages.
    """

    messages: list[Message]
    where: str

    @property
    def key(self) -> str:
        """The same for the same conversation."""
        return json.dumps(self.messages)

    @property
    def opening(self) -> str:
        """What the user says first; chats that begin alike are not parted."""
        return next((turn["content"] for turn in self.messages if turn["role"] == "user"), "")


@dataclass(frozen=True, slots=True)
class Chats:
    """What is trained on, what decides when to stop, and where they come from, for the card."""

    train: list[Chat]
    dev: list[Chat]
    sources: list[dict[str, Any]]

    def check(self) -> list[Finding]:
        """What may spoil a training."""
        counts, found = Counter(chat.key for chat in self.train), []
        if again := sum(count > 1 for count in counts.values()):
            found.append(Finding("duplicates", f"{again} chats are given more than once", again))
        if leaked := sum(chat.key in counts for chat in self.dev):
            found.append(Finding("leakage", f"{leaked} held-out chats are trained on", leaked))
        return found


def read_chats(sources: Sequence[tuple[Path, float]], dev: Path | None, seed: int) -> Chats:
    """Read files of chats; without `dev` a part is put aside.

    Args:
        sources: Files, and how often their chats are used; 0.3 uses a random part.

    Raises:
        DataError: A file is not in the format; says the file and the line.
    """
    chance = random.Random(seed)
    chats: list[Chat] = []
    for path, times in sources:
        found = read_file(path)
        chats += found * int(times) + chance.sample(found, round(len(found) * (times % 1)))
    named = [{"name": path.name, "times": times} for path, times in sources]
    if dev:
        return Chats(chats, read_file(dev), named)
    openings = sorted({chat.opening for chat in chats})
    aside = set(chance.sample(openings, round(HELD_OUT * len(openings))))
    kept = [chat for chat in chats if chat.opening not in aside]
    return Chats(kept, [chat for chat in chats if chat.opening in aside], named)


def read_file(path: Path) -> list[Chat]:
    """The chats of a `.jsonl` file, an object a line: `messages`, or a `question` and its `answer`.

    Raises:
        DataError: It is not in the format; says the line.
    """
    try:
        rows = list(json_lines(path))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if not rows:
        raise DataError(f"{path} holds no chat; {_FORMS}, one object a line")
    return [_chat(row, f"{path}, line {line}") for line, row in rows]


def _chat(row: Any, where: str) -> Chat:
    if not isinstance(row, dict):
        raise DataError(f"{where}: {_FORMS}")
    if "messages" in row:
        turns = row["messages"]
    elif "question" in row and "answer" in row:
        turns = [{"role": "user", "content": row["question"]}, {"role": "assistant", "content": row["answer"]}]
    else:
        raise DataError(f"{where}: {_FORMS}; found {', '.join(row)[:100] or 'nothing'}")
    if not isinstance(turns, list):
        raise DataError(f"{where}: {_FORMS}")
    messages = [_message(turn, f"{where}, message {number}") for number, turn in enumerate(turns, 1)]
    roles = [turn["role"] for turn in messages]
    if "assistant" not in roles:
        raise DataError(f"{where}: no message of the assistant, which is what is learned")
    if roles[0] == "assistant":
        raise DataError(f"{where}: the first message is the assistant's; expected one of the system or the user")
    if "system" in roles[1:]:
        raise DataError(f"{where}: a message of the system can only be the first")
    return Chat(messages, where)


def _message(turn: Any, where: str) -> Message:
    role, content = (turn.get("role"), turn.get("content")) if isinstance(turn, dict) else (None, None)
    if role not in ROLES:
        raise DataError(f"{where}: expected a role, one of {', '.join(ROLES)}" + (f"; got {role}" if role else ""))
    if not isinstance(content, str) or not content.strip():
        raise DataError(f"{where}: expected a content, a text that is not empty")
    return {"role": role, "content": content}
