"""What is counted in a day or hour, and surges: flagged ones in a row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from chatbot.monitor.detector import OVERALL, Flag
from chatbot.monitor.heads import Judged
from chatbot.monitor.news import By, bin_name


@dataclass(slots=True)
class Bin:
    """A day or hour with items.

    Args:
        usual: The mean number of negative items in those that it was compared with; None while too few were seen.
        items: How many.
        unsure: How many of them have no clear sentiment.
        negative: Those that are surely negative.
        flags: What is flagged, by series.
    """

    number: int
    usual: float | None
    items: int = 0
    unsure: int = 0
    negative: list[Judged] = field(default_factory=list)
    flags: dict[str, Flag] = field(default_factory=dict)

    @property
    def topics(self) -> Counter[str]:
        """Negative items by topic, without those whose topic is not clear."""
        return Counter(one.topic for one in self.negative if one.topic != OVERALL)

    def to_json(self, by: By) -> dict[str, Any]:
        """As documented."""
        return {
            "bin": bin_name(self.number, by),
            "items": self.items,
            "negative": len(self.negative),
            "unsure": self.unsure,
            "usual": None if self.usual is None else round(self.usual, 2),
            "topics": dict(self.topics.most_common()),
            "flagged": bool(self.flags),
        }


@dataclass(slots=True)
class Surge:
    """Flagged days or hours in a row; at least one."""

    by: By
    bins: list[Bin]

    @property
    def flags(self) -> list[Flag]:
        """By series, all topics together first: counts and means summed over its bins, the p of the strongest."""
        flags = list(chain.from_iterable(one.flags.values() for one in self.bins))
        summed = []
        for series in {flag.series for flag in flags}:
            some = [flag for flag in flags if flag.series == series]
            count, expected = sum(flag.count for flag in some), sum(flag.expected for flag in some)
            summed.append(Flag(some[0].bin, series, count, expected, min(flag.p for flag in some)))
        return sorted(summed, key=lambda flag: (flag.series != OVERALL, flag.p))

    @property
    def items(self) -> list[Judged]:
        """The negative items that made it, in order: of the flagged topics, or all of them."""
        return [one for bin in self.bins for one in bin.negative if OVERALL in bin.flags or one.topic in bin.flags]

    @property
    def span(self) -> str:
        """Its first and its last day or hour."""
        return " to ".join(dict.fromkeys(bin_name(one.number, self.by) for one in (self.bins[0], self.bins[-1])))

    def to_json(self) -> dict[str, Any]:
        """As documented."""
        return {
            "first": bin_name(self.bins[0].number, self.by),
            "last": bin_name(self.bins[-1].number, self.by),
            "flags": [
                {
                    "topic": flag.series or None,
                    "negative": flag.count,
                    "expected": round(flag.expected, 2),
                    "p": float(f"{flag.p:.2g}"),
                }
                for flag in self.flags
            ],
            "items": [_item(one) for one in self.items],
        }


def _item(judged: Judged) -> dict[str, Any]:
    item = judged.item
    return {
        "line": item.line,
        "when": item.when.isoformat(),
        "headline": item.headline,
        "source": item.source,
        "sentiment": judged.sentiment,
        "probability": round(judged.probability, 3),
        "topic": judged.topic or None,
    }
