"""The pictures of a comparison: model beside rules. Each function draws from arrays with one row a snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from training import canvas, corp

Array = npt.NDArray[np.float64]

_CONVERTED = "#b3261e"
_SHOWN = 4000  # dots in a scatter: more hide each other


@dataclass(frozen=True, eq=False)
class Scored:
    """One score of the same snapshots: `score` ranks them, `probability` is the same thing calibrated."""

    score: Array
    probability: Array


def reliability(title: str, labels: Array, scored: Mapping[str, Scored]) -> Figure:
    """Draw observed against predicted probability.

    The line is the isotonic regression of the labels (the reliability curve without bins of Dimitriadis,
    Gneiting and Jordan 2021, PNAS 118); the dots are tenths of the snapshots with 95% Wilson intervals.
    Below it, how often each probability was given.
    """
    figure, (top, below) = canvas.blank(title, rows=2, heights=(4.0, 1.0))
    limit = _reliability_limit(labels, scored)
    top.plot([0, limit], [0, limit], color=canvas.GREY, linewidth=1, linestyle=(0, (4, 3)), label="as predicted")
    for name, one in scored.items():
        predicted, shares, _ = corp.curve(labels, one.probability)
        top.plot(predicted, shares, color=canvas.COLOURS[name], linewidth=1.6, label=name)
        middle, observed, low, high = tenths(labels, one.probability)
        bars = np.stack([np.maximum(observed - low, 0), np.maximum(high - observed, 0)])
        top.errorbar(
            middle, observed, bars, fmt="o", color=canvas.COLOURS[name], markersize=4, linewidth=0.8, alpha=0.75
        )
        below.hist(one.probability, bins=np.linspace(0, limit, 41), color=canvas.COLOURS[name], alpha=0.55)
    top.set(xlim=(0, limit), ylim=(0, limit), ylabel="observed share that converted")
    below.set(xlim=(0, limit), xlabel="predicted probability", ylabel="snapshots", yscale="log")
    for axes in (top, below):
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    top.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    top.legend(frameon=False, loc="upper left")
    return figure


def tenths(labels: Array, probability: Array) -> tuple[Array, Array, Array, Array]:
    """Return, for tenths of the snapshots by probability: mean predicted, share observed, and its 95% Wilson interval.

    Equal probabilities stay together, so that there may be fewer than ten groups.
    """
    group = _tenth_of(probability)
    n = np.bincount(group).astype(np.float64)
    keep = n > 0
    n = n[keep]
    predicted = np.bincount(group, probability)[keep] / n
    observed = np.bincount(group, labels)[keep] / n
    z = 1.959964
    centre = (observed + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(observed * (1 - observed) / n + z * z / (4 * n * n))
    return predicted, observed, np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def tenths_sizes(probability: Array) -> npt.NDArray[np.int64]:
    """Return how many snapshots each group of `tenths` has."""
    counts = np.bincount(_tenth_of(probability))
    return counts[counts > 0]


def _tenth_of(probability: Array) -> npt.NDArray[np.int64]:
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, 11)[1:-1]))
    return np.searchsorted(edges, probability, side="left")


def _reliability_limit(labels: Array, scored: Mapping[str, Scored]) -> float:
    """Where the axes end: past nearly all probabilities, so that rare outcomes do not huddle in a corner."""
    highest = max(float(np.quantile(one.probability, 0.995)) for one in scored.values())
    highest = max(highest, *(float(tenths(labels, one.probability)[3].max()) for one in scored.values()))
    return float(min(1.0, max(0.02, 1.1 * highest)))


def gains(labels: Array, score: Array) -> tuple[Array, Array]:
    """Return (share of snapshots taken from the top, share of conversions among them), both from 0 to 1.

    One point for each distinct score. Between two points lies a tie: a straight line is its expectation under
    random order.
    """
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(score[order]) != 0, True])
    found = np.cumsum(labels[order])[ends]
    return np.r_[0.0, (ends + 1) / len(score)], np.r_[0.0, found / max(found[-1], 1.0)]


def gains_and_lift(title: str, labels: Array, scored: Mapping[str, Scored]) -> Figure:
    """Draw the share of conversions found against the share of snapshots taken from the top, and how many times chance."""
    figure, (left, right) = canvas.blank(title, columns=2)
    share = np.linspace(0.005, 1, 400)
    left.plot([0, 1], [0, 1], color=canvas.GREY, linewidth=1, linestyle=(0, (4, 3)), label="at random")
    right.axhline(1, color=canvas.GREY, linewidth=1, linestyle=(0, (4, 3)))
    for axes in (left, right):
        axes.axvline(0.1, color=canvas.PALE, linewidth=6, zorder=0)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set(xlim=(0, 1), xlabel="share of snapshots, highest score first")
    for name, one in scored.items():
        taken, found = gains(labels, one.score)
        left.plot(taken, found, color=canvas.COLOURS[name], linewidth=2, label=name)
        right.plot(share, np.interp(share, taken, found) / share, color=canvas.COLOURS[name], linewidth=2, label=name)
    left.set(ylim=(0, 1), ylabel="share of conversions found", title="Gains")
    left.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    right.set(ylabel="times as many as at random", title="Lift")
    right.set_ylim(bottom=0)
    left.legend(frameon=False, loc="lower right")
    return figure


def quadrants(title: str, labels: Array, points: Array, probability: Array) -> Figure:
    """Draw the model's probability against the rules' points, cut at each one's top tenth, with what converted.

    `points` in whole points. In each quadrant stands how many snapshots it holds and what share of them converted.
    """
    figure, (axes,) = canvas.blank(title)
    shown = _some(labels)
    noise = np.random.default_rng(0).uniform(-0.35, 0.35, len(points))  # points are few values: dots would coincide
    for value, colour, size, alpha in ((0, canvas.GREY, 7, 0.35), (1, _CONVERTED, 16, 0.85)):
        mine = shown & (labels == value)
        name = "converted" if value else "not converted"
        axes.scatter(
            (points + noise)[mine], probability[mine], s=size, color=colour, alpha=alpha, linewidths=0, label=name
        )
    across, up = top_tenth_cut(points), top_tenth_cut(probability)
    axes.axvline(across, color=canvas.INK, linewidth=0.8)
    axes.axhline(up, color=canvas.INK, linewidth=0.8)
    axes.set_yscale("logit")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    axes.set(xlabel="rules: points", ylabel="model: probability (logit scale)")
    _name_quadrants(axes, labels, points >= across, probability >= up)
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2, markerscale=1.6)
    return figure


def top_tenth_cut(score: Array) -> float:
    """Return the least score that is in the top tenth; ties at it may make more than a tenth."""
    return float(np.sort(score)[::-1][max(len(score) // 10 - 1, 0)])


def _name_quadrants(
    axes: Axes, labels: Array, rules_high: npt.NDArray[np.bool_], model_high: npt.NDArray[np.bool_]
) -> None:
    corners = (
        ("both high", rules_high & model_high, 0.985, 0.985, "right", "top"),
        ("model only", ~rules_high & model_high, 0.015, 0.985, "left", "top"),
        ("rules only", rules_high & ~model_high, 0.985, 0.015, "right", "bottom"),
        ("both low", ~rules_high & ~model_high, 0.015, 0.015, "left", "bottom"),
    )
    for name, inside, x, y, across, up in corners:
        n, converted = int(inside.sum()), int(labels[inside].sum())
        rate = f"{converted / n:.1%} converted" if n else "none"
        axes.text(
            *(x, y, f"{name}\n{converted:,} of {n:,}\n{rate}"),
            transform=axes.transAxes,
            ha=across,
            va=up,
            fontsize=9,
            color=canvas.INK,
            bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": canvas.PALE, "boxstyle": "round,pad=0.35"},
        )


def distributions(title: str, labels: Array, scored: Mapping[str, Scored]) -> Figure:
    """Draw, for each score, where the converted and the others lie among all: ranks, so that scales do not matter.

    Equal scores are spread over the ranks that they share.
    """
    figure, panels = canvas.blank(title, columns=len(scored))
    for axes, (name, one) in zip(panels, scored.items(), strict=True):
        rank = percentiles(one.score)
        bins = np.linspace(0, 100, 21)
        for value, colour, label in ((0, canvas.GREY, "not converted"), (1, canvas.COLOURS[name], "converted")):
            mine = rank[labels == value]
            weights = np.full(len(mine), 1 / max(len(mine), 1))
            axes.hist(mine, bins, weights=weights, color=colour, alpha=0.6, label=f"{label} ({len(mine):,})")
        axes.set(
            xlim=(0, 100), xlabel="score as a percentile of all snapshots", ylabel="share of each group", title=name
        )
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.legend(frameon=False, loc="upper left")
    return figure


def percentiles(score: Array) -> Array:
    """Return where each score lies among all, 0 to 100 [n]; equal scores are spread over the ranks that they share."""
    order = np.sort(score)
    first, last = (np.searchsorted(order, score, side) for side in ("left", "right"))
    return np.asarray(100 * (first + np.random.default_rng(0).random(len(order)) * (last - first)) / len(order))


def _some(labels: Array) -> npt.NDArray[np.bool_]:
    """All conversions, and of the rest as many as can be told apart."""
    shown: npt.NDArray[np.bool_] = labels == 1
    rest = np.flatnonzero(~shown)
    shown[np.random.default_rng(0).permutation(rest)[:_SHOWN]] = True
    return shown
