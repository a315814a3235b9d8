"""Dated news items, read from JSON lines; a line that is none is skipped, and says why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, TextIO

from retrieval.errors import GraftError
from retrieval.loaders.clean import one_line, visible

By = Literal["day", "hour"]
LONGEST_LINE = 1_000_000
"""Characters of a line."""
LONGEST_TEXT = 4_000
"""Characters of an item that are kept; encoders read fewer."""
_EPOCH = datetime(1970, 1, 1)
_LENGTH = {"day": timedelta(days=1), "hour": timedelta(hours=1)}


class NotAnItem(GraftError):
    """A line that is no news item; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Item:
    """One news item.

    Args:
        line: Where it stood, from 1.
        when: In UTC where the line names a time zone, else as written; without a zone of its own.
        bin: The number of its day or hour, see `bin_of`.
        text: What is judged: title and text.
        headline: The title, or the text where there is none.
    """

    line: int
    when: datetime
    bin: int
    text: str
    headline: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A line that is not counted, and why."""

    line: int
    reason: str


def read_items(stream: TextIO, by: By) -> Iterator[Item | Skipped]:
    """Each item of JSON lines as it comes, and each line that is none; empty lines are passed over.

    A line is an object with `text`, `title` or both, `date` or `time` or both, and perhaps `source`.
    """
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        try:
            if len(line) > LONGEST_LINE:
                while len(line) > LONGEST_LINE and not line.endswith("\n"):
                    line = stream.readline(LONGEST_LINE + 1)
                raise NotAnItem(f"longer than {LONGEST_LINE:,} characters")
            if line.strip("\ufeff \t\r\n"):
                yield _item(number, line, by)
        except NotAnItem as error:
            yield Skipped(number, str(error))


def bin_of(when: datetime, by: By) -> int:
    """The number of the day or hour that holds a moment."""
    return (when - _EPOCH) // _LENGTH[by]


def bin_name(number: int, by: By) -> str:
    """A day as `2026-03-17`, an hour as `2026-03-17 09:00`."""
    return (_EPOCH + number * _LENGTH[by]).isoformat(" ", "minutes")[: 10 if by == "day" else None]


def _item(number: int, line: str, by: By) -> Item:
    try:
        row = json.loads(line.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise NotAnItem("no JSON") from None
    if not isinstance(row, dict):
        raise NotAnItem("expected an object with text and date")
    title, text, source = (_text(row, key) for key in ("title", "text", "source"))
    if not title and not text:
        raise NotAnItem("neither text nor title")
    when = _moment(row, by)
    whole = text if title in text else f"{title}. {text}" if text else title
    return Item(number, when, bin_of(when, by), whole, title or text, source)


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise NotAnItem(f"`{key}` must be text, got {_short(value)}")
    return one_line(value or "")[:LONGEST_TEXT]


def _moment(row: dict[str, Any], by: By) -> datetime:
    given = [row[key] for key in ("date", "time") if row.get(key) not in (None, "")]
    if not given:
        raise NotAnItem("neither date nor time")
    written = "T".join(str(value).strip() for value in given)
    try:
        when = datetime.fromisoformat(written)
        if when.tzinfo:
            when = when.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise NotAnItem(f"a date is written 2026-03-17 or 2026-03-17T09:30, got {_short(written)}") from None
    if by == "hour" and _is_day(written):
        raise NotAnItem(f"by hour, a time of day is needed, got {_short(written)}")
    return when


def _is_day(written: str) -> bool:
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return True


def _short(value: object) -> str:
    shown = visible(repr(value)[:60])
    return shown if len(repr(value)) <= 60 else f"{shown[:57]}…"
