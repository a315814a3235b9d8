"""Watching news: items are put in order, judged and counted, and surges told as they begin and end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from itertools import islice
from typing import Any, Literal

from chatbot.config import Monitor
from chatbot.monitor.detector import Detector
from chatbot.monitor.heads import Heads, Judged
from chatbot.monitor.news import By, Item, Skipped, bin_name
from chatbot.monitor.surge import Bin, Surge

BATCH = 256
"""Items that are judged together where they are all there."""
LISTED = 100
"""Skipped lines that a report names."""
KEPT = 5_000
"""Bins that a report shows."""


@dataclass(frozen=True, slots=True)
class Told:
    """A surge begins, with its first flagged item, or it has ended."""

    event: Literal["begins", "ends"]
    surge: Surge


class Watch:
    """Counts negative items by day or hour and topic, and finds surges of them; see `Detector`."""

    def __init__(self, monitor: Monitor, heads: Heads) -> None:
        self.by: By = monitor.by
        self.heads = heads
        self.surges: list[Surge] = []
        self.items = self.negative = self.unsure = self.duplicates = self.skipped = 0
        self._reasons: list[Skipped] = []
        self._bins: list[Bin] = []
        self._ahead = monitor.bins
        self._detector = Detector(heads.topics, monitor.bins, monitor.false_flags)
        self._running: Surge | None = None
        self._day, self._headlines = date.min, set[str]()

    def read(self, lines: Iterable[Item | Skipped], live: bool) -> Iterator[Told | Skipped]:
        """Read all items; tells of surges, and of lines that are not counted.

        Args:
            live: Whether items are judged as they come; they must then come in the order of their days or hours.
                Otherwise they are put in order first.
        """
        ordered = iter(self._in_order(lines) if live else _sorted(lines))
        while batch := list(islice(ordered, 1 if live else BATCH)):
            for one in batch:
                if isinstance(one, Skipped):
                    self.skipped += 1
                    self._reasons += [one] if len(self._reasons) < LISTED else []
                    yield one
            for judged in self.heads.judge([one for one in batch if isinstance(one, Item) and self._is_new(one)]):
                yield from self._count(judged)
        if self._running:
            yield Told("ends", self._running)

    def report(self) -> dict[str, Any]:
        """What was counted and found, as documented for `--json`."""
        return {
            "by": self.by,
            "items": self.items,
            "negative": self.negative,
            "unsure": self.unsure,
            "duplicates": self.duplicates,
            "skipped": self.skipped,
            "first": bin_name(self._bins[0].number, self.by) if self._bins else None,
            "last": bin_name(self._bins[-1].number, self.by) if self._bins else None,
            "surges": [surge.to_json() for surge in self.surges],
            "bins": [one.to_json(self.by) for one in self._bins],
            "skipped_lines": [asdict(one) for one in self._reasons],
        }

    def _in_order(self, lines: Iterable[Item | Skipped]) -> Iterator[Item | Skipped]:
        """Passes items on as they come, without those that are late.

        One far ahead of those before it may be mistaken in its date, and would make all others late: it waits until
        the next one agrees.
        """
        latest: int | None = None
        waiting: Item | None = None
        for one in lines:
            if isinstance(one, Skipped):
                yield one
                continue
            if waiting:
                if one.bin < waiting.bin - self._ahead:
                    yield Skipped(waiting.line, f"dated {waiting.when}, far ahead of the items around it")
                else:
                    latest = waiting.bin
                    yield waiting
                waiting = None
            if latest is None or one.bin > latest + self._ahead:
                waiting = one
            elif one.bin < latest:
                yield Skipped(one.line, f"dated {one.when}, when {bin_name(latest, self.by)} had begun")
            else:
                latest = one.bin
                yield one
        if waiting:
            yield waiting

    def _is_new(self, item: Item) -> bool:
        """Whether an item's headline has not come yet that day."""
        if item.when.date() != self._day:
            self._day, self._headlines = item.when.date(), set()
        key = item.headline.casefold()
        new = key not in self._headlines
        self._headlines.add(key)
        self.duplicates += not new
        return new

    def _count(self, judged: Judged) -> Iterator[Told]:
        number = judged.item.bin
        if not self._bins or number > self._bins[-1].number:
            if self._running and self._running.bins[-1].number < number - 1:
                yield Told("ends", self._running)
                self._running = None
            self._detector.turn(number)
            self._bins = [*self._bins[-KEPT + 1 :], Bin(number, self._detector.usual())]
        current = self._bins[-1]
        current.items += 1
        self.items += 1
        if not judged.sure:
            current.unsure += 1
            self.unsure += 1
        elif judged.sentiment == self.heads.negative:
            self.negative += 1
            current.negative.append(judged)
            self._detector.count(judged.topic)
            current.flags = dict(self._detector.flags)
            if current.flags and not self._running:
                self._running = Surge(self.by, [current])
                self.surges.append(self._running)
                yield Told("begins", self._running)
            elif current.flags and self._running and self._running.bins[-1] is not current:
                self._running.bins.append(current)


def _sorted(lines: Iterable[Item | Skipped]) -> Iterator[Item | Skipped]:
    """Lines that are no items, then the items in the order of their time."""
    items = []
    for one in lines:
        if isinstance(one, Item):
            items.append(one)
        else:
            yield one
    yield from sorted(items, key=lambda item: item.when)
