"""`graft monitor`: watch news for surges of negative items."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

import typer

from chatbot import bots
from chatbot.cli.arguments import BotArgument, JsonOption
from chatbot.cli.output import aligned, print_json, readable_errors, say, tell
from chatbot.config import BotConfig
from retrieval.errors import GraftError

if TYPE_CHECKING:
    from chatbot.monitor.surge import Surge

SHOWN = 20
"""Headlines of a surge, and skipped lines, that are shown; `--json` and `--out` give more."""
WIDEST = 100
"""Characters of a headline."""
FORM = '{"date": "2026-03-17", "text": "..."}'


def monitor(
    bot: BotArgument,
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="JSON lines of date and text; - reads them as they come.")
    ] = None,
    by: Annotated[
        Literal["day", "hour"] | None, typer.Option(help="Count by day or hour; by default as bot.yaml says.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Also write a report with a chart.")] = None,
    json_: JsonOption = False,
) -> None:
    """Watch news for surges of negative items, overall and by topic; `monitor:` in bot.yaml names what tells them.

    With - a surge is told as soon as it begins, and again when it has ended; with --json each as a line of its own.
    """
    with readable_errors():
        config = bots.find(bot).config
        if out and (out.suffix.lower() not in (".html", ".htm") or not out.parent.is_dir()):
            raise GraftError(f"--out must be an .html file in a folder that exists, got {out}")
        from chatbot.monitor.heads import Heads, settings_of
        from chatbot.monitor.news import Skipped, read_items
        from chatbot.monitor.report import summary, write_report
        from chatbot.monitor.watch import Watch

        watch = Watch(settings_of(config, by), Heads(config))
        live = file == "-"
        with _opened(config, file) as stream, suppress(KeyboardInterrupt) if live else nullcontext():
            for told in watch.read(read_items(stream, watch.by), live):
                if isinstance(told, Skipped):
                    if live or watch.skipped <= SHOWN:
                        say(f"line {told.line} is skipped: {told.reason}")
                elif json_ and live:
                    print_json({"event": told.event, **told.surge.to_json()}, compact=True)
                elif not json_ and (live or told.event == "ends"):
                    _show(told.surge, told.event)
        if watch.skipped > SHOWN and not live:
            say(f"and {watch.skipped - SHOWN} more lines are skipped")
        if not watch.items:
            raise GraftError(f"no line is a news item; expected lines such as {FORM}")
        report = {"bot": config.name, **watch.report()}
        if out:
            write_report(report, config.display_title, out)
        if json_:
            print_json({"event": "report", **report} if live else report, compact=live)
        else:
            tell(summary(report))


@contextmanager
def _opened(config: BotConfig, file: str | None) -> Iterator[TextIO]:
    if file == "-":
        yield sys.stdin
        return
    assert config.monitor
    if not (file or config.monitor.news):
        raise GraftError(f"{config.name} has no `monitor.news` in its bot.yaml; name a FILE, or - for standard input")
    path = Path(file) if file else config.path(str(config.monitor.news))
    with path.open(encoding="utf-8", errors="replace") as stream:
        yield stream


def _show(surge: Surge, event: str) -> None:
    tell(f"{surge.span}{'' if event == 'ends' else ': a surge begins'}")
    rows = [("", "negative", "expected", "p")]
    rows += [(flag.series or "all", str(flag.count), f"{flag.expected:.1f}", f"{flag.p:.2g}") for flag in surge.flags]
    for line in aligned(rows):
        tell(line)
    items = surge.items
    for one in items[:SHOWN]:
        text = one.item.headline
        shown = text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
        tell(f"  {one.item.when.date()}  {one.probability:.2f}  {shown}" + (f"  ({one.topic})" if one.topic else ""))
    if len(items) > SHOWN:
        tell(f"  and {len(items) - SHOWN} more")
    tell("")
    sys.stdout.flush()
