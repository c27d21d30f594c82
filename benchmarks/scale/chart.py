"""The chart: how long each took, and how much memory."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.scale.results import IN_MEMORY, NAMES, OURS, SORTED, Results

_OURS, _PEER, _PART = "#1b6ca8", "#b8bfc6", "#dfe3e6"
_INK, _FAINT = "#22272b", "#6b737a"


def draw(results: Results, path: Path) -> None:
    """Write the chart as SVG; the same results give the same bytes."""
    tasks = [task for task in IN_MEMORY if task in results.contenders]
    taken = [results.contenders[task] for task in tasks]
    style = {"svg.hashsalt": "lead-scoring", "font.family": "DejaVu Sans", "font.size": 10, "text.color": _INK}
    with mpl.rc_context(style):
        figure = Figure(figsize=(10, 0.9 + 0.42 * len(tasks)), layout="constrained", facecolor="white")
        left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": [3, 2]})
        size = results.sizes.events
        _bars(left, tasks, [one.seconds for one in taken], "s", "Seconds, from Parquet to features in memory")
        _bars(right, tasks, [one.peak / 2**30 for one in taken], "GiB", "Peak memory")
        left.invert_yaxis()  # shared, so once
        left.set_yticks(range(len(tasks)), [NAMES[task] for task in tasks])
        figure.suptitle(
            f"{size.interactions:,} interactions, {size.leads:,} leads, one snapshot each",
            x=0.01,
            ha="left",
            fontsize=11,
            fontweight="bold",
        )
        figure.savefig(path, format="svg", metadata={"Date": None})


def _bars(axes: Axes, tasks: list[str], values: list[float], unit: str, title: str) -> None:
    colours = [_OURS if task == OURS else _PART if task == SORTED else _PEER for task in tasks]
    axes.barh(range(len(tasks)), values, color=colours, height=0.66)
    for place, (task, value) in enumerate(zip(tasks, values, strict=True)):
        weight = "bold" if task == OURS else "normal"
        axes.annotate(
            f"{value:,.{1 if value >= 10 else 2}f} {unit}",
            (value, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontweight=weight,
        )
    axes.set_title(title, loc="left", fontsize=10, color=_FAINT)
    axes.set_xlim(0, 1.22 * max(values))
    axes.tick_params(left=False, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
