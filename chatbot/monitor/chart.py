"""A chart of negative items by day or hour and topic, as HTML that fits any width, light or dark; see chart.css."""

from __future__ import annotations

import html
from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

COLOURS = 5
"""Topics with a colour of their own; the others share one."""
DRAWN = 1000
"""Most days or hours that are drawn, the latest ones; where they do not fit they are scrolled."""
NARROWEST, PHONE = 2, 330
"""Pixels of a column, and of the whole chart on the narrowest screen that is thought of."""
TICKS, LABEL = 8, {"day": 44, "hour": 84}
"""Most labels of the axis, and the pixels that each takes."""


@cache
def chart_css() -> str:
    """The style sheet of the chart and of the headlines' table; its colours are variables that the page sets."""
    return (Path(__file__).parent / "chart.css").read_text(encoding="utf8")


def chart(report: dict[str, Any]) -> str:
    """The chart of a `Watch.report`: a column for each day or hour, flagged ones marked, and what is usual."""
    bins = _without_holes(report["bins"], report["by"])[-DRAWN:]
    totals: Counter[str] = Counter()
    for one in bins:
        totals.update(one["topics"])
    named = [topic for topic, _ in totals.most_common(COLOURS)]
    top = max([4, *(max(one["negative"], ceil(one["usual"] or 0)) for one in bins)])
    top += top % 2
    columns = "".join(_column(one, named, top) for one in bins)
    room = ceil(LABEL[report["by"]] / max(NARROWEST, PHONE / len(bins)))
    every = max(room, -(-len(bins) // TICKS))
    ticks = "".join(
        f'<span style="left:{100 * at / len(bins):.2f}%">{html.escape(_short(bins[at]["bin"]))}</span>'
        for at in range(0, max(1, len(bins) - room + 1), every)
    )
    keys = [f'<span><i class="t{number}"></i>{html.escape(topic)}</span>' for number, topic in enumerate(named)]
    if any(one["negative"] > sum(one["topics"].get(topic, 0) for topic in named) for one in bins):
        keys.append(f'<span><i class="other"></i>{"other" if named else "negative"}</span>')
    keys += ['<span><i class="usual"></i>usual</span>', '<span><i class="flag"></i>surge</span>']
    what = f"Negative items by {report['by']}"
    return (
        f'<figure class="surges"><figcaption><b>{what}</b>{"".join(keys)}</figcaption><div class="frame">'
        f'<div class="scale"><span>{top}</span><span>{top // 2}</span><span>0</span></div>'
        f'<div class="scroll" tabindex="0"><div class="drawn" style="min-width:{NARROWEST * len(bins)}px">'
        f'<div class="columns" role="img" aria-label="{what}; the surges are listed below">{columns}</div>'
        f'<div class="ticks">{ticks}</div></div></div></div></figure>'
    )


def _column(one: dict[str, Any], named: list[str], top: int) -> str:
    counts = [(f"t{number}", one["topics"].get(topic, 0)) for number, topic in enumerate(named)]
    counts.append(("other", one["negative"] - sum(count for _, count in counts)))
    parts = "".join(
        f'<i class="{kind}" style="height:{100 * count / top:.2f}%"></i>' for kind, count in counts if count
    )
    usual = "" if one["usual"] is None else f'<b style="bottom:{100 * one["usual"] / top:.2f}%"></b>'
    topics = "".join(f"\n{count} {topic}" for topic, count in one["topics"].items())
    told = html.escape(f"{one['bin']}: {one['negative']} negative of {one['items']}{topics}")
    return f'<div class="{"flagged" if one["flagged"] else ""}" title="{told}">{parts}{usual}</div>'


def _without_holes(bins: list[dict[str, Any]], by: str) -> list[dict[str, Any]]:
    """Days or hours without items are added, unless they are so many that the source was silent."""
    step = timedelta(days=1) if by == "day" else timedelta(hours=1)
    whole = bins[:1]
    for before, one in pairwise(bins):
        at, until = datetime.fromisoformat(before["bin"]) + step, datetime.fromisoformat(one["bin"])
        while at < until and until - at < DRAWN * step:
            name = at.isoformat(" ", "minutes")[: len(one["bin"])]
            usual = one["usual"] if before["usual"] is not None else None
            whole.append({"bin": name, "items": 0, "negative": 0, "usual": usual, "topics": {}, "flagged": False})
            at += step
        whole.append(one)
    return whole


def _short(name: str) -> str:
    """A tick without its year."""
    return name[5:]
