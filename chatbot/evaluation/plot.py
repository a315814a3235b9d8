"""The figure of `graft eval --plot`: a reliability diagram and the risk-coverage curve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.errors import GraftError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENDINGS = (".png", ".svg")
INK, SOFT, BLUE, RED = "#1f2933", "#9aa5b1", "#2f6fb0", "#c8553d"


def check_plot(path: Path) -> None:
    """Refuse a figure that cannot be drawn, before anything is asked.

    Raises:
        GraftError: The file's ending is another, it cannot be written, or matplotlib is missing.
    """
    if path.suffix.lower() not in ENDINGS:
        raise GraftError(f"--plot draws .png and .svg, got {path.name}")
    if not path.parent.is_dir():
        raise GraftError(f"--plot: the folder {path.parent} does not exist")
    new = not path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise GraftError(f"--plot: {path} cannot be written: {error.strerror}") from None
    if new:
        path.unlink()
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise GraftError("--plot needs the plots extra: pip install 'graft-bots[plots]'") from None


def draw(report: dict[str, Any], threshold: float, path: Path) -> None:
    """Draw the `calibration` of a bot's report.

    Args:
        threshold: The least confidence of an answer.

    Raises:
        OSError: The file cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"axes.edgecolor": SOFT, "text.color": INK, "axes.labelcolor": INK, "svg.fonttype": "none"}):
        figure = Figure(figsize=(10, 4.8), layout="constrained")
        figure.suptitle(f"{report['bot']}: {report['questions']} questions", fontsize=13, fontweight="bold")
        left, right = figure.subplots(1, 2)
        _reliability(left, report["calibration"], threshold)
        _risk_coverage(right, report["calibration"], threshold)
        figure.savefig(path, format=path.suffix[1:].lower(), dpi=150)


def _reliability(axes: Axes, calibration: dict[str, Any], threshold: float) -> None:
    bins = calibration["bins"]
    places = [entry["confidence"] for entry in bins]
    shares = [entry["accuracy"] for entry in bins]
    most = max((entry["count"] for entry in bins), default=1)
    _frame(axes, f"Reliability: calibration error {calibration['ece']:.2f}")
    axes.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1, label="perfectly calibrated")
    axes.vlines(places, places, shares, color=RED, linewidth=1.5, label="gap")
    sizes = [90 + 230 * entry["count"] / most for entry in bins]
    axes.scatter(
        places, shares, s=sizes, color=BLUE, alpha=0.9, linewidths=0, zorder=3, clip_on=False, label="answers given"
    )
    for entry in bins:
        place = (entry["confidence"], entry["accuracy"])
        axes.annotate(str(entry["count"]), place, color="white", fontsize=7, ha="center", va="center", zorder=4)
    axes.axvline(threshold, color=INK, linestyle=":", linewidth=1.2, label=f"threshold {threshold:.0%}")
    axes.set(xlabel="confidence", ylabel="share correct")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=4, frameon=False, fontsize=8, markerscale=0.5)


def _risk_coverage(axes: Axes, calibration: dict[str, Any], threshold: float) -> None:
    curve = calibration["risk_coverage"]
    coverages = [point["coverage"] for point in curve]
    risks = [point["risk"] for point in curve]
    _frame(axes, f"Risk and coverage: area {calibration['aurc']:.2f}")
    axes.step([0, *coverages], [risks[0], *risks], where="pre", color=BLUE, linewidth=1.8)
    axes.fill_between([0, *coverages], [risks[0], *risks], step="pre", color=BLUE, alpha=0.12, linewidth=0)
    given = [point for point in curve if point["confidence"] >= threshold]
    if given:
        at, risk = given[-1]["coverage"], given[-1]["risk"]
        axes.axvline(at, color=INK, linestyle=":", linewidth=1.2)
        axes.scatter([at], [risk], s=50, color=RED, zorder=3)
        words = f"threshold {threshold:.0%}:\n{at:.0%} answered,\n{risk:.0%} of them wrong"
        side, offset = ("right", -10) if at > 0.5 else ("left", 10)
        axes.annotate(words, (at, risk), (offset, 16), textcoords="offset points", fontsize=9, ha=side, va="bottom")
    axes.set(xlabel="share of the questions answered, the surest first", ylabel="share of those answers wrong")


def _frame(axes: Axes, title: str) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.set_title(title, fontsize=11, loc="left", pad=10)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(color=SOFT, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
