"""From how many leads a team can call in a week to the cut-offs of both scores, and what such calls would have come to."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.clock import date
from histories.contract import Histories, Target
from histories.errors import DataError
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from training import capacity, scores
from training.boards import Boards, weekly
from training.bootstrap import Difference
from training.capacity import AtCapacity
from training.lineup import MODEL, RULES
from training.points_model import whole_points
from training.recipe import Business
from training.scores import Scores, Source
from training.snapshots import at_risk

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cutoff:
    """Where a score's calls of a week end, on the scale that ranks (a probability, or points).

    `today`: the least score called of the export's open leads, of which `reaching` stand at it or above (ties make
    more of them than calls). `weekly`: the median least score called on past boards after the first, when those above
    had been called already; nan where there was one board alone. `conversions`: a week, among the called, with its 95%
    interval; nan where no board's outcome is known.
    """

    today: float
    reaching: int
    weekly: float
    conversions: Difference


@dataclass(frozen=True, eq=False)
class Cutoffs:
    """The cut-offs of the champion (`model`) and the rules for so many calls a week, for leads to become customers.

    `open_leads` at `exported_at` (UTC microseconds); `boards`: how many weeks from `since` on whose outcome is known,
    none of which training saw; `converted_leads`: on the boards, called or not; `difference`: conversions a week,
    model minus rules; `same_calls`: on each board both scores give every lead the same chance of a call, which is 0 or 1
    but for ties (False where there is no board); `promised`: what the model's probabilities add up to over today's
    calls, which takes the whole horizon to come true.
    """

    calls_per_week: int
    horizon_days: int
    exported_at: int
    open_leads: int
    since: int
    boards: int
    converted_leads: int
    by_score: Mapping[str, Cutoff]
    difference: Difference
    same_calls: bool
    promised: float


def cutoffs(
    histories: Histories, bundle: Bundle, rules: Rulebook, business: Business, calls: int, seed: int
) -> Cutoffs:
    """Find the cut-offs for `calls` a week on the export's open leads, and replay the weeks since training ended.

    Raises DataError where no lead is open.
    """
    model, since = bundle.models[Target.CUSTOMER], bundle.card.trained_until
    open_leads = at_risk(histories, Target.CUSTOMER, histories.exported_at)
    if not open_leads:
        raise DataError(f"no lead is open on {date(histories.exported_at)}; there is nobody to call")
    table = pa.table(
        {"lead_id": pa.array(open_leads), "cutoff": pa.array([histories.exported_at] * len(open_leads), pa.int64())}
    )
    sources = {MODEL: scores.of_bundle(bundle, Target.CUSTOMER), RULES: Source(None, rules, _points)}
    today = scores.ask(histories, table, sources)
    boards = weekly(histories, Target.CUSTOMER, model.horizon_days, since)
    measured: dict[str, AtCapacity] = {}
    if boards.days:
        called = scores.ask(histories, boards.table, sources)
        measured = {name: capacity.at_capacity(boards, one, calls, business, seed) for name, one in called.items()}
    highest = np.sort(today[MODEL].probability)[::-1][:calls]
    return Cutoffs(
        calls_per_week=calls,
        horizon_days=model.horizon_days,
        exported_at=histories.exported_at,
        open_leads=len(open_leads),
        since=since,
        boards=boards.days,
        converted_leads=len(np.unique(boards.lead[boards.label == 1])),
        by_score={name: _cutoff(today[name].score, boards, measured.get(name), calls) for name in sources},
        difference=_a_week(capacity.difference(measured[MODEL], measured[RULES])["conversions"], boards.days)
        if measured
        else _UNKNOWN,
        same_calls=bool(measured) and np.array_equal(measured[MODEL].selected, measured[RULES].selected),
        promised=float(highest.sum()),
    )


def _points(matrix: FloatArray, hundredths: NDArray[np.int64]) -> Scores:
    """The rules' points, for their order alone: nothing here asks for their probabilities."""
    return Scores(np.zeros(len(matrix)), whole_points(hundredths))


_UNKNOWN = Difference(float("nan"), float("nan"), float("nan"))


def _cutoff(today: FloatArray, boards: Boards, measured: AtCapacity | None, calls: int) -> Cutoff:
    least = float(np.sort(today)[::-1][min(calls, len(today)) - 1])
    return Cutoff(
        today=least,
        reaching=int((today >= least).sum()),
        weekly=float("nan") if measured is None else _median_least(boards, measured),
        conversions=_UNKNOWN if measured is None else _a_week(measured.intervals["conversions"], boards.days),
    )


def _median_least(boards: Boards, measured: AtCapacity) -> float:
    """The median over boards after the first of the least score that is called."""
    least = [
        float(measured.scores.score[start:end][measured.selected[start:end] > 0].min())
        for start, end in zip(boards.starts[1:-1], boards.starts[2:], strict=True)
        if measured.selected[start:end].any()
    ]
    return float(np.median(least)) if least else float("nan")


def _a_week(one: Difference, weeks: int) -> Difference:
    return Difference(one.value / weeks, one.low / weeks, one.high / weeks)
