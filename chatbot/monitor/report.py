"""What a watch found, as HTML: the chart, each surge with the headlines that made it, and what was not counted."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from chatbot.monitor.chart import chart, chart_css
from retrieval.errors import GraftError
from retrieval.loaders.clean import valid

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2933; --soft: #66727f; --line: #d9dfe5; --back: #ffffff;
  --chart-ink: #1f2933; --chart-soft: #66727f; --chart-line: #e8ecf0; --chart-flag: #fde4e0; --chart-mark: #c8553d;
  --chart-0: #2f6fb0; --chart-1: #d98324; --chart-2: #4b9b5e; --chart-3: #8a5fb5; --chart-4: #2a9d9d;
  --chart-other: #8793a0; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9ee; --soft: #9aa5b1; --line: #36414c; --back: #14191e;
    --chart-ink: #e4e9ee; --chart-soft: #9aa5b1; --chart-line: #283039; --chart-flag: #4a2420; --chart-mark: #ef8a75;
    --chart-0: #5b9bdc; --chart-1: #eba656; --chart-2: #73bf86; --chart-3: #b08ed6; --chart-4: #57c4c4;
    --chart-other: #76828f; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); max-width: 64rem;
  margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin: 1.8rem 0 .4rem; } .soft { color: var(--soft); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; font-size: .9rem; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .8rem .35rem 0; text-align: left; vertical-align: top;
  overflow-wrap: normal; }
"""


def write_report(report: dict[str, Any], title: str, path: Path) -> None:
    """Write the report of a watch as a page that needs nothing else.

    Args:
        report: See `Watch.report`.
        title: The bot's.

    Raises:
        GraftError: The file cannot be written.
    """
    heading = f"{html.escape(title)}: negative news"
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    surges = "".join(f"<section>{surge_html(surge)}</section>" for surge in report["surges"])
    skipped = "".join(f"<li>line {one['line']}: {html.escape(one['reason'])}</li>" for one in report["skipped_lines"])
    body = f'<h1>{heading}</h1><p class="soft">{html.escape(summary(report))}</p>{chart(report)}{surges}'
    body += f"<h2>Skipped lines</h2><ul>{skipped}</ul>" if skipped else ""
    page = (
        f'<!doctype html><html lang="en"><head>{meta}<title>{heading}</title>'
        f"<style>{_STYLE}{chart_css()}</style></head><body>{body}</body></html>\n"
    )
    try:
        path.write_text(valid(page), encoding="utf8")
    except OSError as error:
        raise GraftError(f"cannot write {path}: {error.strerror}") from None


def summary(report: dict[str, Any]) -> str:
    """What was counted, in a sentence."""
    surges = len(report["surges"])
    others = [f"{report[key]} {what}" for key, what in _OTHERS.items() if report[key]]
    return (
        f"{surges or 'No'} surge{'' if surges == 1 else 's'} from {report['first']} to {report['last']}: of"
        f" {report['items']} item{'' if report['items'] == 1 else 's'} {report['negative']} negative"
        + "".join(f", {one}" for one in others)
    )


_OTHERS = {
    "unsure": "unsure or out of scope",
    "duplicates": "more that came before on the same day",
    "skipped": "lines skipped",
}


def surge_html(surge: dict[str, Any]) -> str:
    """A surge's heading, how far it is above the usual, and a table of its headlines."""
    span = " to ".join(dict.fromkeys((surge["first"], surge["last"])))
    flags = "; ".join(
        f"{flag['topic'] or 'all news'}: {flag['negative']} negative where {flag['expected']:.1f} are usual"
        f" (p {flag['p']:.2g})"
        for flag in surge["flags"]
    )
    rows = "".join(
        f"<tr><td>{one['when'][:16].replace('T', ' ').removesuffix(' 00:00')}</td>"
        f'<td class="wide">{html.escape(one["headline"])}'
        + (f' <span class="soft">{html.escape(one["source"])}</span>' if one["source"] else "")
        + f"</td><td>{html.escape(one['topic'] or '–')}</td>"
        f"<td>{html.escape(one['sentiment'])} {one['probability']:.2f}</td></tr>"
        for one in surge["items"]
    )
    return (
        f'<h2>{span}</h2><p class="soft">{html.escape(flags)}</p><div class="headlines table-frame"><table><thead><tr>'
        f"<th>date</th><th>headline</th><th>topic</th><th>sentiment</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
