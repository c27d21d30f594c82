"""Pictures of what a monitor saw: cohorts, drift, volumes. Those of model beside rules are training's own."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from training import canvas
from training.lineup import MODEL, RULES
from training.monitor.drift import FeatureDrift, ScoreDrift
from training.monitor.kinds import Volume
from training.monitor.performance import Cohort, Performance
from training.monitor.psi import Shift

_MOST = 14
_ALARM = "#b3261e"


def cohorts(one: Performance) -> Figure:
    """Draw what each cohort was promised and what came, with the range that luck allows; below, how many answers."""
    figure, (top, below) = canvas.blank(f"{one.title}: promised and come true", rows=2, heights=(3.0, 1.0))
    mature = [cohort for cohort in one.cohorts if cohort.counted]
    for place, name in enumerate((MODEL, RULES)):
        at = np.arange(len(mature)) + 0.14 * (2 * place - 1)
        rates, low, high = zip(*(_rates(cohort, name) for cohort in mature), strict=True)
        bars = np.array([np.subtract(rates, low), np.subtract(high, rates)])
        label = f"{name}: predicted, ± what luck allows"
        top.errorbar(at, rates, np.maximum(bars, 0), fmt="o", color=canvas.COLOURS[name], markersize=4, label=label)
    seen = [cohort.converted / cohort.counted for cohort in mature]
    top.plot(range(len(mature)), seen, color=canvas.INK, marker="_", markersize=22, linewidth=0, label="observed")
    top.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    top.set_ylim(bottom=0)
    top.set(ylabel="share that converted")
    below.bar(range(len(one.cohorts)), [cohort.counted for cohort in one.cohorts], color=canvas.GREY, label="counted")
    waiting = [cohort.waiting for cohort in one.cohorts]
    counted = [cohort.counted for cohort in one.cohorts]
    below.bar(range(len(one.cohorts)), waiting, bottom=counted, color=canvas.PALE, label="not mature")
    below.set(ylabel="answers")
    below.legend(frameon=False, fontsize=8, ncols=2, loc="upper left", bbox_to_anchor=(0, 1.35))
    names = [cohort.period.name.removeprefix("week of ") for cohort in one.cohorts]
    for axes in (top, below):
        axes.set_xlim(-0.6, len(names) - 0.4)
        axes.set_xticks(range(len(names)), names if axes is below else [""] * len(names), rotation=45, ha="right")
    top.legend(frameon=False, fontsize=9)
    return figure


def _rates(cohort: Cohort, name: str) -> tuple[float, float, float]:
    """The predicted share, and the shares between which the truth that was observed would lie, about it."""
    one = cohort.ratios[name]
    rate = one.predicted / cohort.counted
    # The interval of the ratio turned around: observed counts that the prediction would allow.
    low = rate / one.high * one.value if one.observed and np.isfinite(one.high) else 0.0
    return rate, low, rate / one.low * one.value if one.observed and one.low > 0 else 3.7 / cohort.counted


def drift(features: FeatureDrift, scores: ScoreDrift) -> Figure:
    """Draw the features that moved furthest beyond luck, and the scores: the PSI, luck's mean, and its bound."""
    named: list[tuple[str, Shift]] = [(name, one) for name, one in features.shifts.items() if one.told]
    named.sort(key=lambda pair: pair[1].by_luck - pair[1].psi)
    shown = [("customer probability, open leads", scores.shift)] if scores.shift.told else []
    shown += named[:_MOST]
    figure, (axes,) = canvas.blank("Drift: how far distributions moved, and how far luck moves them")
    places = np.arange(len(shown))[::-1]
    colours = [_ALARM if one.moved else canvas.COLOURS["model"] for _, one in shown]
    axes.barh(places, [one.psi for _, one in shown], color=colours, height=0.6)
    for place, (_, one) in zip(places.tolist(), shown, strict=True):
        axes.plot([one.by_luck] * 2, [place - 0.38, place + 0.38], color=canvas.GREY, linewidth=1.5)
        axes.plot([one.bound] * 2, [place - 0.38, place + 0.38], color=canvas.INK, linewidth=2)
    axes.set_yticks(places, [name for name, _ in shown], parse_math=False)
    axes.grid(visible=False, axis="y")
    axes.set(xlabel="PSI; grey line: what luck brings on average, black line: its bound at this many leads")
    return figure


def volumes(found: Sequence[Volume], fell: Sequence[Volume]) -> Figure:
    """Draw the last week's interactions a day over those of the weeks before, by kind; red where they fell."""
    names = {one.kind for one in fell}
    shown = [one for place, one in enumerate(found) if place < _MOST or one.kind in names]
    figure, (axes,) = canvas.blank("Interactions a day: last week over the weeks before")
    places = np.arange(len(shown))[::-1]
    colours = [_ALARM if one.kind in names else canvas.COLOURS["model"] if one.told else canvas.GREY for one in shown]
    axes.barh(places, [one.a_day / one.before if one.before else 0 for one in shown], color=colours, height=0.62)
    axes.axvline(1, color=canvas.INK, linewidth=1)
    for place, one in zip(places.tolist(), shown, strict=True):
        axes.text(0.01, place, f"{one.a_day:,.1f} of {one.before:,.1f}", va="center", fontsize=8, color="white")
    axes.set_yticks(places, [one.kind for one in shown], parse_math=False)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlabel="red: fell beyond luck; grey: too few to tell")
    return figure
