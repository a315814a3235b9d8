"""Watching news: what is an item, when a count is a surge, and what becomes of odd lines in a stream."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from apps import BUNDLED
from chatbot.config_file import load_config
from chatbot.monitor.chart import chart
from chatbot.monitor.detector import OVERALL, Detector
from chatbot.monitor.heads import Heads, settings_of
from chatbot.monitor.news import LONGEST_LINE, Item, Skipped, bin_name, read_items
from chatbot.monitor.report import write_report
from chatbot.monitor.watch import Told, Watch

BAD = "Galeston Bank collapses and customers lose their savings, {}"
FINE = "Timber firm Ashdown wins a large contract in {}"


@pytest.fixture(scope="module")
def heads() -> Heads:
    return Heads(load_config(BUNDLED / "finance" / "bot.yaml"))


def lines(*rows: Any) -> io.StringIO:
    return io.StringIO("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))


def days(counts: Sequence[int]) -> list[dict[str, str]]:
    """A month of news: every day a good item, and so many bad ones."""
    return [
        {"date": f"2026-03-{day:02}", "text": text}
        for day, count in enumerate(counts, 1)
        for text in (FINE.format(f"region {day}"), *(BAD.format(f"report {day} of {n}") for n in range(count)))
    ]


def watched(heads: Heads, stream: io.StringIO, live: bool) -> tuple[Watch, list[Told | Skipped]]:
    watch = Watch(settings_of(load_config(BUNDLED / "finance" / "bot.yaml")), heads)
    return watch, list(watch.read(read_items(stream, watch.by), live))


def test_a_line_that_is_no_item_says_why_and_loses_no_other() -> None:
    found = list(
        read_items(
            lines(
                {"date": "2026-03-17", "text": "Profits  plunge"},
                {"text": "x"},
                {"date": "17 March", "text": "x"},
                "{",
                [1],
                {"date": "2026-03-17", "text": 5},
                {"date": "2026-03-17", "source": "Wire"},
                "",
                "x" * (3 * LONGEST_LINE),
                {"time": "0001-01-01T00:00+10:00", "text": "x"},
                {
                    "date": "2026-03-18",
                    "time": "01:30+02:00",
                    "title": "Loss",
                    "text": "It is large.",
                    "source": "Wire",
                },
            ),
            "day",
        )
    )
    first, *skipped, last = found
    assert isinstance(first, Item) and (first.line, first.text, bin_name(first.bin, "day")) == (
        1,
        "Profits plunge",
        "2026-03-17",
    )
    assert [(one.line, one.reason) for one in skipped if isinstance(one, Skipped)] == [
        (2, "neither date nor time"),
        (3, "a date is written 2026-03-17 or 2026-03-17T09:30, got '17 March'"),
        (4, "no JSON"),
        (5, "expected an object with text and date"),
        (6, "`text` must be text, got 5"),
        (7, "neither text nor title"),
        (9, "longer than 1,000,000 characters"),
        (10, "a date is written 2026-03-17 or 2026-03-17T09:30, got '0001-01-01T00:00+10:00'"),
    ]
    assert isinstance(last, Item) and (last.line, last.text, last.headline) == (11, "Loss. It is large.", "Loss")
    assert bin_name(last.bin, "day") == "2026-03-17" and last.source == "Wire"  # in UTC


def test_by_hour_a_time_of_day_is_needed() -> None:
    day, hour = read_items(
        lines({"date": "2026-03-17", "text": "x"}, {"time": "2026-03-17 09:59", "text": "x"}), "hour"
    )
    assert day == Skipped(1, "by hour, a time of day is needed, got '2026-03-17'")
    assert isinstance(hour, Item) and bin_name(hour.bin, "hour") == "2026-03-17 09:00"


def fed(detector: Detector, counts: Sequence[int], topic: str = OVERALL, start: int = 0) -> list[int]:
    """The bins that are flagged."""
    flagged = []
    for number, count in enumerate(counts, start):
        detector.turn(number)
        for _ in range(count):
            detector.count(topic)
        flagged += [number] if detector.flags else []
    return flagged


def test_the_test_is_the_binomial_one_where_counts_vary_little() -> None:
    detector = Detector([], 28, 0.01)
    assert fed(detector, [1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 7]) == [10]
    assert detector.flags[OVERALL].p == pytest.approx(binom.sf(6, 14, 1 / 11))
    assert (detector.flags[OVERALL].count, detector.flags[OVERALL].expected) == (7, 0.7)


def test_counts_in_clusters_raise_the_bar() -> None:
    even, clustered = [2, 2, 2, 2, 2, 2, 2, 2], [0, 0, 8, 0, 0, 0, 8, 0]
    assert fed(Detector([], 28, 0.01), [*even, 9]) == [8]
    assert 8 not in fed(Detector([], 28, 0.01), [*clustered, 9])


def test_nothing_is_flagged_before_a_quarter_of_the_baseline_was_seen_also_after_a_long_silence() -> None:
    detector = Detector([], 28, 0.01)
    assert fed(detector, [1] * 6 + [30]) == []
    assert fed(detector, [1] * 6 + [30], start=100) == []
    assert fed(detector, [1] * 7 + [30], start=200) == [207]


def test_a_surge_is_no_measure_of_the_usual_until_it_lasts() -> None:
    flagged = fed(Detector([], 28, 0.01), [1] * 28 + [12] * 60)
    assert flagged[:10] == list(range(28, 38))
    assert max(flagged) < 28 + 28


def test_a_topic_is_flagged_that_is_lost_in_the_sum() -> None:
    detector = Detector(["rates", "scams"], 28, 0.01)
    for day in range(20):
        detector.turn(day)
        for _ in range(10):
            detector.count("rates")
    detector.turn(20)
    for topic in ["rates"] * 8 + ["scams"] * 5:
        detector.count(topic)
    assert set(detector.flags) == {"scams"}


def test_chance_flags_no_more_than_was_asked_for() -> None:
    chance = np.random.default_rng(0)
    flagged = [len(fed(Detector([], 28, 0.01), chance.poisson(4, 60))) for _ in range(40)]
    assert sum(flagged) <= 0.01 * 40 * 60


def test_a_stream_tells_of_a_surge_at_the_item_that_makes_it_and_at_its_end(heads: Heads) -> None:
    stream = days([0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 8, 8, 0, 0, 1])
    rows = lines(*stream)
    watch = Watch(settings_of(load_config(BUNDLED / "finance" / "bot.yaml")), heads)
    events = []
    for told in watch.read(read_items(rows, "day"), live=True):
        assert isinstance(told, Told)
        events.append((told.event, told.surge.span, len(told.surge.items), rows.tell() < len(rows.getvalue())))
    assert [event[:2] for event in events] == [("begins", "2026-03-11"), ("ends", "2026-03-11 to 2026-03-12")]
    begun, ended = events
    assert begun[2] < 8 and 14 <= ended[2] <= 16
    assert begun[3] and ended[3], "the end of the stream was waited for"


def test_a_stream_keeps_its_order_whatever_one_date_says(heads: Heads) -> None:
    good = days([0, 1, 0])
    odd = [
        {"date": "2099-01-01", "text": "A date far ahead"},
        *good[:2],
        {"date": "2060-01-01", "text": "And another"},
        good[2],
        {"date": "1970-01-01", "text": "Long ago"},
        {"date": "2026-03-01", "text": "Late"},
        good[3],
        good[3] | {"text": good[3]["text"].upper()},
    ]
    watch, told = watched(heads, lines(*odd), live=True)
    assert [(one.line, one.reason[:25]) for one in told if isinstance(one, Skipped)] == [
        (1, "dated 2099-01-01 00:00:00"),
        (4, "dated 2060-01-01 00:00:00"),
        (6, "dated 1970-01-01 00:00:00"),
        (7, "dated 2026-03-01 00:00:00"),
    ]
    assert (watch.items, watch.skipped, watch.duplicates) == (4, 4, 1)


def test_a_file_is_put_in_order_and_judged_as_the_stream_is(heads: Heads) -> None:
    stream = days([0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 8, 0, 0])
    in_order, _ = watched(heads, lines(*stream), live=True)
    turned, told = watched(heads, lines(*reversed(stream)), live=False)
    assert [one.surge.span for one in told if isinstance(one, Told) and one.event == "ends"] == ["2026-03-11"]
    assert turned.report()["bins"] == in_order.report()["bins"] and turned.skipped == 0


def test_an_item_that_is_unclear_is_not_negative(heads: Heads) -> None:
    stream = days([2, 2])
    sure, _ = watched(heads, lines(*stream), live=False)
    config = load_config(BUNDLED / "finance" / "bot.yaml")
    strict = Heads(config.model_copy(update={"monitor": settings_of(config).model_copy(update={"sure": 0.9999})}))
    unsure, _ = watched(strict, lines(*stream), live=False)
    assert (sure.negative, sure.unsure) == (4, 0)
    assert (unsure.negative, unsure.unsure) == (0, 6)


def test_the_report_has_every_day_and_no_markup_of_the_news(heads: Heads, tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)> collapses and loses {}"
    stream = days([1, 0, 1, 0, 1, 0, 1, 0, 0, 0])
    stream += [{"date": "2026-03-14", "text": evil.format(n), "source": "<b>Wire"} for n in range(9)]
    watch, _ = watched(heads, lines({"date": "0001-01-01", "text": "Old"}, *stream), live=False)
    report = watch.report()
    drawn = chart(report)
    assert drawn.count('title="') == 1 + 14 and drawn.count('class="flagged"') == 1
    assert report["surges"][0]["first"] == report["surges"][0]["last"] == "2026-03-14"
    write_report(report, "<Bot>", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf8")
    assert "&lt;img src=x onerror=alert(1)&gt; collapses" in page and "&lt;b&gt;Wire" in page and "&lt;Bot&gt;" in page
    assert "<img" not in page and "<b>Wire" not in page and "http" not in page
