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
_PENDING = "#c9d3de"


def cohorts(one: Performance) -> Figure:
    """Draw what each cohort was promised by either score, and what came, with its 95% interval; below, how many answers."""
    figure, (top, below) = canvas.blank(f"{one.heading}: promised, and come true", rows=2, heights=(3.0, 1.0))
    mature = [(place, cohort) for place, cohort in enumerate(one.cohorts) if cohort.counted]
    at = np.array([place for place, _ in mature], dtype=np.float64)
    share, low, high = (np.array(ends) for ends in zip(*(_observed(cohort) for _, cohort in mature), strict=True))
    bars = np.stack([share - low, high - share])
    top.errorbar(at, share, bars, fmt="s", color=canvas.INK, markersize=5, linewidth=1.2, label="observed (95%)")
    for shift, name in ((-0.16, MODEL), (0.16, RULES)):
        promised = [cohort.ratios[name].predicted / cohort.counted for _, cohort in mature]
        top.plot(at + shift, promised, "o", color=canvas.COLOURS[name], markersize=6, label=f"promised by {name}")
    top.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    top.set_ylim(bottom=0)
    top.set(ylabel="share that converted")
    counted = np.array([cohort.counted for cohort in one.cohorts])
    waiting = [cohort.waiting for cohort in one.cohorts]
    below.bar(range(len(counted)), counted, color=canvas.GREY, label="counted")
    below.bar(range(len(counted)), waiting, bottom=counted, color=_PENDING, label="not mature")
    below.set(ylabel="answers")
    names = [cohort.period.name.removeprefix("week of ") for cohort in one.cohorts]
    for axes in (top, below):
        axes.set_xlim(-0.6, len(names) - 0.4)
        axes.set_xticks(range(len(names)), names if axes is below else [""] * len(names))
        canvas.legend_above(axes)
    below.tick_params(axis="x", rotation=45)
    return figure


def _observed(cohort: Cohort) -> tuple[float, float, float]:
    """The share that converted, and the ends of its interval: those of the ratio, turned around."""
    one = cohort.ratios[MODEL]
    low, high = (one.predicted / end if end > 0 else 0.0 for end in (one.high, one.low))
    return one.observed / cohort.counted, low / cohort.counted, high / cohort.counted


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
    axes.set(xlabel="PSI (grey: luck on average, black: luck's bound; red: moved)")
    return figure


def volumes(found: Sequence[Volume], fell: Sequence[Volume]) -> Figure:
    """Draw the last week's interactions a day over those of the weeks before, by kind; red where they fell."""
    names = {one.kind for one in fell}
    shown = [one for place, one in enumerate(found) if place < _MOST or one.kind in names]
    figure, (axes,) = canvas.blank("Interactions a day: last week over the weeks before")
    places = np.arange(len(shown))[::-1]
    colours = [_ALARM if one.kind in names else canvas.COLOURS["model"] if one.told else canvas.GREY for one in shown]
    axes.barh(places, [one.a_day / one.before if one.before else 0 for one in shown], color=colours, height=0.62)
    axes.axvline(1, color=canvas.GREY, linewidth=1, zorder=0)
    axes.set_xlim(0, 1.18 * max([1.0, *(one.a_day / one.before for one in shown if one.before)]))
    for place, one in zip(places.tolist(), shown, strict=True):
        share = one.a_day / one.before if one.before else 0.0
        axes.text(share, place, f" {one.a_day:,.1f} of {one.before:,.1f}", va="center", fontsize=8, color=canvas.INK)
    axes.set_yticks(places, [one.kind for one in shown], parse_math=False)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlabel="red: fell beyond luck; grey: too few to tell")
    return figure
