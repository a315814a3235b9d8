"""The plots of a comparison, as SVG that takes the page's colours."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _BLUE, _RED = "#010203", "#2f7dd0", "#d9603f"
"""The ink stands for the page's own text colour."""
_TIMES = {1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min", 3600: "1 h", 36000: "10 h"}


def plots(report: dict[str, Any]) -> list[str]:
    """The figures of a report as SVG elements; none where matplotlib is missing."""
    try:
        from matplotlib import rc_context
    except ImportError:
        return []
    colours: dict[Any, Any] = dict.fromkeys(
        ("axes.edgecolor", "text.color", "axes.labelcolor", "xtick.color", "ytick.color"), _INK
    )
    with rc_context({**colours, "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 11}):
        return [_svg(figure) for figure in _figures(report)]


def _figures(report: dict[str, Any]) -> Iterator[Figure]:
    figure, axes = _empty("Quality and cost", "training time")
    best = report["advice"]["method"]
    times = []
    for name, row in report["methods"].items():
        score, time = row["scores"]["accuracy"], max(1.0, row["train_seconds"])
        times.append(time)
        color = _RED if name == best else _BLUE
        axes.errorbar(time, 100 * score["mean"], 100 * (score["half"] or 0), fmt="o", color=color, capsize=3)
        axes.annotate(name, (time, 100 * score["mean"]), xytext=(0, -15), textcoords="offset points", ha="center")
    axes.set_xlim(min(times) / 2, max(times) * 2)
    inside = [time for time in _TIMES if min(times) / 2 <= time <= max(times) * 2]
    axes.set_xticks(inside, [_TIMES[time] for time in inside])
    yield figure
    if report["curve"]:
        figure, axes = _empty("Learning curve", "training texts")
        counts = sorted({point["examples"] for curve in report["curve"].values() for point in curve})
        for (name, curve), color in zip(report["curve"].items(), (_BLUE, _RED), strict=False):
            shares = [100 * point["accuracy"] for point in curve]
            axes.plot([point["examples"] for point in curve], shares, "o-", label=name, color=color)
        axes.set_xticks(counts, [f"{count:,}" for count in counts])
        axes.legend(frameon=False)
        yield figure


def _empty(title: str, across: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4, 4), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", xlabel=across, ylabel="accuracy %", title=title)
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.margins(0.15)
    return figure, axes


def _svg(figure: Figure) -> str:
    text = StringIO()
    figure.savefig(text, format="svg", transparent=True)
    return "".join(text.getvalue().partition("<svg")[1:]).replace(_INK, "currentColor")
