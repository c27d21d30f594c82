"""Pictures of figures that were measured already: precision against capacity, AUC by age, importance by family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, PercentFormatter

from training import canvas
from training.bootstrap import Difference

Array = npt.NDArray[np.float64]
_MOST_FAMILIES = 14


@dataclass(frozen=True, eq=False)
class Curve:
    """Precision at some capacities: `calls` a week (rising) and `precision` at each; `own` at the team's, with its interval."""

    calls: npt.NDArray[np.int64]
    precision: Array
    own: Difference


def precision_at_capacity(title: str, calls: int, curves: Mapping[str, Curve]) -> Figure:
    """Draw the share of the called that converted against how many are called in a week.

    The team's own capacity, `calls`, is marked, with 95% intervals there.
    """
    figure, (axes,) = canvas.blank(title)
    axes.axvline(calls, color=canvas.PALE, linewidth=8, zorder=0)
    for place, (name, one) in enumerate(curves.items()):
        colour = canvas.COLOURS[name]
        axes.plot(one.calls, one.precision, color=colour, linewidth=2, marker="o", markersize=3.5, label=name)
        # Beside each other, that one bar does not hide another.
        at = calls * 1.025 ** (place - (len(curves) - 1) / 2)
        if np.isfinite(one.own.value):
            axes.plot([at, at], [one.own.low, one.own.high], color=colour, linewidth=1.4)
            axes.plot([at], [one.own.value], color=colour, marker="o", markersize=7, markeredgecolor="white")
    axes.set_xscale("log")
    ticks = sorted({int(one) for curve in curves.values() for one in curve.calls})
    axes.set_xticks(ticks[:: max(1, len(ticks) // 7)])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    axes.set_ylim(bottom=0)
    axes.set(xlabel="calls a week, highest score first", ylabel="share of the called that converted")
    axes.annotate(
        f"{calls:,} a week", (calls, 1), xycoords=("data", "axes fraction"), xytext=(7, -6), textcoords="offset points"
    ).set(va="top", fontsize=9, color=canvas.INK)
    axes.tick_params(which="minor", length=0)
    canvas.legend_above(axes)
    return figure


def auc_by_age(title: str, ages: Sequence[str], aucs: Mapping[str, Sequence[Difference]]) -> Figure:
    """Draw each score's AUC among the snapshots of each age, with 95% intervals; ages without a conversion stay empty."""
    figure, (axes,) = canvas.blank(title)
    axes.axhline(0.5, color=canvas.GREY, linewidth=1, linestyle=(0, (4, 3)), label="chance")
    for place, (name, found) in enumerate(aucs.items()):
        at = np.arange(len(ages)) + 0.08 * (place - (len(aucs) - 1) / 2)
        value = np.array([one.value for one in found])
        bars = np.array([[one.value - one.low for one in found], [one.high - one.value for one in found]])
        axes.errorbar(
            at,
            value,
            np.maximum(bars, 0),
            fmt="o-",
            color=canvas.COLOURS[name],
            linewidth=1.6,
            markersize=5,
            label=name,
        )
    axes.set_xticks(range(len(ages)), ages)
    axes.set(xlabel="age of the lead when it was looked at", ylabel="AUC")
    axes.set_xlim(-0.5, len(ages) - 0.5)
    canvas.legend_above(axes)
    return figure


def importance(title: str, shares: Mapping[str, float]) -> Figure:
    """Draw families' shares of all effects, the largest first; what is left of many comes as one bar."""
    figure, (axes,) = canvas.blank(title)
    shown = dict(list(shares.items())[:_MOST_FAMILIES])
    rest = sum(shares.values()) - sum(shown.values())
    if rest > 0 and len(shares) > len(shown):
        shown[f"{len(shares) - len(shown)} others"] = rest
    names, values = list(shown), np.array(list(shown.values()))
    places = np.arange(len(names))[::-1]
    axes.barh(places, values, color=canvas.COLOURS["model"], height=0.68)
    for place, value in zip(places.tolist(), values.tolist(), strict=True):
        axes.text(value, place, f" {value:.1%}", va="center", fontsize=9, color=canvas.INK)
    axes.set_yticks(places, names, parse_math=False)  # names are the export's: a dollar sign is no formula
    axes.grid(visible=False, axis="y")
    axes.set_xlim(0, 1.15 * float(values.max(initial=0.01)))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlabel="share of all effects on the log-odds")
    return figure
