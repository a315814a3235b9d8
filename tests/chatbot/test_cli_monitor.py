"""`graft monitor`: the bundled news and their two surges, JSON, a stream on stdin, and errors in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from apps import BUNDLED
from chatbot import bots
from chatbot.cli.main import app

FINANCE = BUNDLED / "finance"
NEWS = (FINANCE / "news.jsonl").read_text(encoding="utf8")


@pytest.fixture(autouse=True)
def _bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bots, "SHELVES", [BUNDLED])


def graft(*arguments: object, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["monitor", *map(str, arguments)], input=stdin)


def with_monitor(folder: Path, monitor: dict[str, Any]) -> Path:
    """A bot of the finance bot's, with a `monitor:` laid over its own."""
    told = {"extends": str(FINANCE), "name": "watch", "monitor": monitor}
    (folder / "bot.yaml").write_text(json.dumps(told), encoding="utf8")
    return folder


def test_the_planted_surges_are_found_in_the_bundled_news(tmp_path: Path) -> None:
    done = graft("finance", "--json", "--out", tmp_path / "report.html")
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    planted = json.loads((FINANCE / "news_surges.json").read_text(encoding="utf8"))
    assert [(one["first"], one["last"]) for one in report["surges"]] == [(one["first"], one["last"]) for one in planted]
    assert list(report) == [
        *("bot", "by", "items", "negative", "unsure", "duplicates", "skipped", "first", "last"),
        *("surges", "bins", "skipped_lines"),
    ]
    surge = report["surges"][0]
    assert list(surge) == ["first", "last", "flags", "items"]
    assert surge["flags"][0]["topic"] is None and surge["flags"][0]["negative"] == len(surge["items"])
    assert list(surge["flags"][0]) == ["topic", "negative", "expected", "p"]
    assert list(surge["items"][0]) == ["line", "when", "headline", "source", "sentiment", "probability", "topic"]
    assert list(report["bins"][0]) == ["bin", "items", "negative", "unsure", "usual", "topics", "flagged"]
    assert report["items"] == 150 == sum(one["items"] for one in report["bins"])
    assert {one["sentiment"] for one in surge["items"]} == {"negative"}
    assert "Galeston" in (tmp_path / "report.html").read_text(encoding="utf8")


def test_people_read_each_surge_with_its_headlines(tmp_path: Path) -> None:
    done = graft(with_monitor(tmp_path, {"topic": None}))
    lines = done.stdout.splitlines()
    assert done.exit_code == 0 and lines[0] == "2026-03-17 to 2026-03-18"
    assert lines[1].split() == ["negative", "expected", "p"] and lines[2].split()[0] == "all"
    assert any(line.endswith("Galeston Bank's computers are down: customers cannot log in") for line in lines)
    assert lines[-1].startswith("2 surges from 2026-03-01 to 2026-04-11: of 150 items ")


def test_a_stream_on_stdin_tells_each_event_as_a_line() -> None:
    news = [line for line in NEWS.splitlines() if json.loads(line)["date"] <= "2026-03-21"]
    done = graft("finance", "-", "--json", stdin="\n".join([*news, "nonsense"]))
    *events, report = map(json.loads, done.stdout.splitlines())
    assert done.exit_code == 0
    assert [event["event"] for event in (*events, report)] == ["begins", "ends", "report"]
    assert events[0]["last"] == "2026-03-17" and events[1]["last"] == "2026-03-18"
    assert report["skipped_lines"] == [{"line": len(news) + 1, "reason": "no JSON"}]
    assert done.stderr == f"line {len(news) + 1} is skipped: no JSON\n"


@pytest.mark.parametrize(
    ("monitor", "expected"),
    [
        ({"negative": "bad"}, "monitor.negative must be one of negative, neutral, positive, got 'bad'"),
        ({"sentiment": "nowhere"}, "nowhere: expected card.json and head.safetensors"),
        ({"topic": "nowhere"}, "nowhere: expected card.json and head.safetensors"),
        ({"news": "gone.jsonl"}, "gone.jsonl: No such file or directory"),
        ({"news": None}, "watch has no `monitor.news` in its bot.yaml; name a FILE, or - for standard input"),
        ({"by": "week"}, "`monitor.by` must be 'day' or 'hour', got 'week'"),
        ({"baseline": 2}, "`monitor.baseline` must be greater than or equal to 4, got 2"),
        ({"negatives": "x"}, "unknown key `monitor.negatives`; did you mean `negative`?"),
    ],
)
def test_a_setting_that_cannot_be_followed_is_one_line(tmp_path: Path, monitor: dict[str, Any], expected: str) -> None:
    done = graft(with_monitor(tmp_path, monitor))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1 and expected in done.stderr


def test_no_news_and_no_monitor_are_errors(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n", encoding="utf8")
    for arguments, expected in (
        (("finance", tmp_path / "empty.jsonl"), 'no line is a news item; expected lines such as {"date": '),
        (("legal",), "legal watches no news: its bot.yaml has no `monitor:`"),
        (("finance", "--out", tmp_path / "report.txt"), "--out must be an .html file in a folder that exists"),
    ):
        done = graft(*arguments)
        assert (done.exit_code, done.stdout) == (2, "") and done.stderr.startswith(f"error: {expected}")


def test_many_bad_lines_are_counted() -> None:
    done = graft("finance", "--by", "hour")
    assert done.exit_code == 2
    assert "line 1 is skipped: by hour, a time of day is needed" in done.stderr
    assert "and 130 more lines are skipped" in done.stderr and done.stderr.count("\n") == 22
