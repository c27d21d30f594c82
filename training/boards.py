"""What a sales team would have called, week by week: boards whose outcome is known, and how well a score fills them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.clock import DAY
from histories.contract import Histories, Target
from histories.funnel_table import funnel_of
from training.ranked import taken
from training.snapshots import groups

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_WEEK = 7 * DAY


@dataclass(frozen=True, eq=False)
class Boards:
    """All leads at risk for a target on each of some days a week apart, whose horizon the export has seen the end of.

    `table`: one row a lead and day (lead_id, cutoff in UTC microseconds), day after day. With its rows: `label` (1:
    reached within the horizon) and `lead` (index into `group`). `starts`: where each day begins in the rows, and the
    end. `group`: the account, or the lead where it has none, of each lead that is on any board.
    """

    target: Target
    table: pa.Table
    label: NDArray[np.int8]
    lead: NDArray[np.int64]
    starts: NDArray[np.int64]
    group: NDArray[np.int64]

    @property
    def days(self) -> int:
        """How many boards there are; those on which nobody was at risk are none."""
        return len(self.starts) - 1


def weekly(histories: Histories, target: Target, horizon_days: int, since: int) -> Boards:
    """Return the boards of `since` (UTC microseconds) and every week from there whose horizon ended by the export."""
    funnel, group_of = funnel_of(histories), groups(histories)
    created = np.asarray(histories.leads["created_at"].to_numpy(), dtype=np.int64)
    days, numbers, labels = list[int](), list[IntArray](), list[NDArray[np.bool_]]()
    for day in range(since, histories.exported_at - horizon_days * DAY + 1, _WEEK):
        lead = np.flatnonzero(created <= day)
        lead = lead[funnel.at_risk(lead, np.full(len(lead), day), target)]
        if len(lead):
            moment, reached = funnel.answered(lead, np.full(len(lead), day), target)
            days.append(day)
            numbers.append(lead)
            labels.append(reached & (moment < day + horizon_days * DAY))
    sizes = np.array([len(one) for one in numbers], dtype=np.int64)
    number = np.concatenate([np.zeros(0, dtype=np.int64), *numbers])
    on_board, lead = np.unique(number, return_inverse=True)
    ids = histories.leads["lead_id"].take(pa.array(number))
    return Boards(
        target=target,
        table=pa.table({"lead_id": ids, "cutoff": pa.array(np.repeat(np.array(days, dtype=np.int64), sizes))}),
        label=np.concatenate([np.zeros(0, dtype=np.int8), *(one.astype(np.int8) for one in labels)]),
        lead=np.asarray(lead, dtype=np.int64),
        starts=np.r_[0, np.cumsum(sizes)].astype(np.int64),
        group=group_of[on_board],
    )


class Calling:
    """A team that calls so many leads of each board, the highest scores first, and nobody twice.

    Ties are taken by expectation: of equal scores each lead is called with the same chance. `score` has the boards'
    rows, and so has `worth` [rows] where it is given: what else is added up over those that are called.
    """

    def __init__(self, boards: Boards, score: FloatArray, calls: int, worth: FloatArray | None = None) -> None:
        label = boards.label.astype(np.float64)
        day = np.repeat(np.arange(boards.days), np.diff(boards.starts))
        self._order = np.lexsort((-score, day))
        falling, of_day = score[self._order], day[self._order]
        new = (
            np.r_[True, (falling[1:] != falling[:-1]) | (of_day[1:] != of_day[:-1])]
            if len(score)
            else np.zeros(0, bool)
        )
        self._ties = np.r_[np.flatnonzero(new), len(score)].astype(np.int64)
        self._days = np.searchsorted(self._ties, boards.starts).astype(np.int64)
        self._lead = boards.lead[self._order].astype(np.int64)
        carried = [label] if worth is None else [label, worth]
        self._carried = np.ascontiguousarray(np.stack(carried, axis=1)[self._order])
        self._member = np.zeros((len(boards.group), boards.days))
        self._member[boards.lead, day] = calls / np.diff(boards.starts)[day]

    def precision(self, weights: FloatArray) -> FloatArray:
        """Return the share of the called that reached the target, under each row of `weights` [draws, leads].

        In a draw the calls are the same share of the board as in what happened. nan where nobody is called.
        """
        found = self.called(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(found[:, 1] / found[:, 0])

    def called(self, weights: FloatArray) -> FloatArray:
        """Return how many are called in all, how many of those reach the target, and what they are worth.

        [draws, 3], or [draws, 2] without a worth.
        """
        return self._called(weights)[0]

    def selected(self) -> FloatArray:
        """Return how much of each row of the boards is called, [rows], 0 to 1: below 1 where a tie leaves it to chance."""
        found = np.empty(len(self._order))
        found[self._order] = self._called(np.ones((1, len(self._member))))[1]
        return found

    def _called(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        rooms, whole = np.ascontiguousarray(weights @ self._member), np.ascontiguousarray(weights)
        return taken(whole, rooms, self._lead, self._ties, self._days, self._carried)


def union(tables: Sequence[pa.Table]) -> tuple[pa.Table, list[NDArray[np.int64]]]:
    """Return the distinct (lead_id, cutoff) of some tables, and where each table's rows lie in them."""
    places: dict[tuple[str, int], int] = {}
    found = []
    for table in tables:
        pairs = zip(table["lead_id"].to_pylist(), table["cutoff"].to_pylist(), strict=True)
        found.append(np.array([places.setdefault(pair, len(places)) for pair in pairs], dtype=np.int64))
    rows = {
        "lead_id": pa.array([pair[0] for pair in places], pa.string()),
        "cutoff": pa.array([pair[1] for pair in places], pa.int64()),
    }
    return pa.table(rows), found
