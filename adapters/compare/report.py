"""A comparison for people: Markdown, and one HTML file with plots that needs nothing else."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from adapters.compare.plots import plots

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2933; --soft: #66727f; --line: #d9dfe5; --back: #ffffff; --mark: #e8f1fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9ee; --soft: #9aa5b1; --line: #36414c; --back: #14191e; --mark: #1d3247; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); max-width: 64rem;
  margin: 2rem auto; padding: 0 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .7rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
tr.chosen { background: var(--mark); font-weight: 600; }
.advice { border-left: 4px solid #2f6fb0; padding: .6rem 1rem; background: var(--mark); }
.soft { color: var(--soft); }
.words { text-align: left; }
figure { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; }
figure svg { flex: 1 1 20rem; min-width: 0; max-width: 100%; height: auto; }
"""
_NO_PLOTS = "<p class=\"soft\">Plots need the plots extra: pip install 'graft-bots[plots]'</p>"
_WORDS = ("told", "a text")
"""Columns of words; the others are of numbers."""

Table = tuple[str, list[str], list[list[str]]]
"""A title, the heads of columns, and rows."""


def write(report: dict[str, Any], out: Path) -> list[Path]:
    """Write `report.json`, `report.md` and `report.html` into a folder; returns their paths."""
    files = {
        "report.md": _markdown(report),
        "report.html": _html(report),
        "report.json": json.dumps(report, ensure_ascii=False, indent=1) + "\n",
    }
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf8")
    return [out / name for name in files]


def tables(report: dict[str, Any]) -> list[Table]:
    """What a report shows."""
    methods = report["methods"]
    outside = any("oos_recall" in row["scores"] for row in methods.values())
    heads = ["method", "accuracy %", "macro F1", *(["in scope and right %", "out of scope found %"] if outside else [])]
    quality: Table = (
        "What each reaches",
        [*heads, "seeds"],
        [
            [name, *(_cell(row, key) for key in ("accuracy", "macro_f1")),
             *((_cell(row, key) for key in ("in_scope_accuracy", "oos_recall")) if outside else ()), str(row["seeds"])]
            for name, row in methods.items()
        ],
    )  # fmt: skip
    cost: Table = (
        "What each costs",
        ["method", "trained parameters", "share", "training s", "files MB", "ms a text", "texts a second", "memory MB"],
        [
            [name, f"{row['trained_parameters']:,}", f"{row['trained_parameters'] / row['parameters']:.1%}",
             f"{row['train_seconds']:.0f}", f"{row['size_mb']:g}", f"{row['milliseconds']:.1f}",
             f"{row['texts_a_second']:,.0f}", f"{row['memory_mb']:.0f}"]
            for name, row in methods.items()
        ],
    )  # fmt: skip
    kinds = ("clean", "typos", "two_typos", "synonyms", "fgm", "pgd")
    strength: Table = (
        "What each withstands (accuracy %)",
        ["method", *(kind.replace("_", " ") for kind in kinds)],
        [[name, *(f"{100 * row['robustness'][kind]:.1f}" for kind in kinds)] for name, row in methods.items()],
    )
    found = [quality, cost, strength]
    if report["curve"]:
        found.append(_curves(report["curve"]))
    chosen = methods.get(report["advice"]["method"])
    if chosen and chosen["confusions"]:
        rows = [[one["label"], one["told"], str(one["count"]), one["text"][:90]] for one in chosen["confusions"]]
        found.append((f"What {report['advice']['method']} confuses", ["label", "told", "times", "a text"], rows))
    if chosen and chosen["groups"]:
        rows = [[name, str(row["texts"]), f"{100 * row['accuracy']:.1f}"] for name, row in chosen["groups"].items()]
        found.append((f"Accuracy % of {report['advice']['method']} by group", ["group", "texts", "accuracy"], rows))
    if chosen:
        worst = sorted(chosen["labels"].items(), key=lambda item: item[1]["f1"])
        rows = [
            [name, *(f"{100 * row[key]:.1f}" for key in ("precision", "recall", "f1")), str(row["texts"])]
            for name, row in worst
        ]
        title = f"Labels of {report['advice']['method']}, the hardest first (%)"
        found.append((title, ["label", "precision", "recall", "F1", "texts"], rows))
    return found


def _curves(curves: dict[str, list[dict[str, Any]]]) -> Table:
    counts = {point["examples"]: point["each"] for curve in curves.values() for point in curve}
    heads = [f"{counts[at]} a label ({at:,})" if counts[at] else f"all ({at:,})" for at in sorted(counts)]
    rows = []
    for name, curve in curves.items():
        known = {point["examples"]: f"{100 * point['accuracy']:.1f}" for point in curve}
        rows.append([name, *(known.get(at, "") for at in sorted(counts))])
    return "Accuracy % by training texts", ["method", *heads], rows


def _cell(row: dict[str, Any], key: str) -> str:
    score = row["scores"].get(key)
    if score is None:
        return "–"
    return f"{100 * score['mean']:.1f}" + ("" if score["half"] is None else f" ± {100 * score['half']:.1f}")


def _about(report: dict[str, Any]) -> str:
    data = report["data"]
    return (
        f"{data['train']:,} texts to train on, {data['dev']:,} to decide by, {data['test']:,} to measure on"
        f" ({data['out_of_scope']:,} of them out of scope); {data['labels']} labels. ± is 95 % over seeds."
    )


def _markdown(report: dict[str, Any]) -> str:
    advice = report["advice"]
    lines = ["# Which way pays", "", f"**{advice['method']}**: {advice['reason']}", ""]
    lines += [advice["student"], ""] if "student" in advice else []
    lines += [_about(report), ""]
    for title, heads, rows in tables(report):
        lines += [f"## {title}", "", _row(heads), _row(["---", *["---:"] * (len(heads) - 1)]), *map(_row, rows), ""]
    if report["left_out"]:
        lines += ["## Not run", "", *(f"- {one}" for one in report["left_out"]), ""]
    return "\n".join(lines)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _html(report: dict[str, Any]) -> str:
    advice, drawn = report["advice"], plots(report)
    student = f"<p>{html.escape(advice['student'])}</p>" if "student" in advice else ""
    parts = [
        "<h1>Which way pays</h1>",
        f'<div class="advice"><b>{html.escape(advice["method"])}</b>: {html.escape(advice["reason"])}{student}</div>',
        f'<p class="soft">{html.escape(_about(report))}</p>',
        f"<figure>{''.join(drawn)}</figure>" if drawn else _NO_PLOTS,
    ]
    for title, heads, rows in tables(report):
        kinds = [' class="words"' if head in _WORDS else "" for head in heads]
        head = _cells("th", heads, kinds)
        body = "".join(f"<tr{_chosen(row[0], advice['method'])}>{_cells('td', row, kinds)}</tr>" for row in rows)
        parts.append(f'<h2>{html.escape(title)}</h2><div class="scroll"><table><tr>{head}</tr>{body}</table></div>')
    if report["left_out"]:
        parts.append("<h2>Not run</h2><ul>" + "".join(f"<li>{html.escape(one)}</li>" for one in report["left_out"]))
        parts.append("</ul>")
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    return (
        f'<!doctype html><html lang="en"><head>{meta}<title>Which way pays</title><style>{_STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _cells(tag: str, cells: list[str], kinds: list[str]) -> str:
    return "".join(f"<{tag}{kind}>{html.escape(cell)}</{tag}>" for cell, kind in zip(cells, kinds, strict=True))


def _chosen(name: str, method: str) -> str:
    return ' class="chosen"' if name == method else ""
