"""What a sales team would have called, week by week: boards whose outcome is known, and how well a score fills them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.clock import DAY
from histories.contract import Histories, Target
from histories.funnel_table import funnel_of
from training.snapshots import groups

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_WEEK = 7 * DAY
_AT_ONCE = 64


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


@dataclass(frozen=True, eq=False)
class _Ranked:
    """Leads of one board from the highest score down, and where each distinct score begins.

    `row`: place in the boards' table; `carried` [leads of the board, sums]: what is added up over those that are called.
    """

    lead: NDArray[np.int64]
    row: NDArray[np.int64]
    carried: FloatArray
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]

    def take(self, left: FloatArray, room: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return who waits [leads of the board, draws] and how much of each is called, `room` [draws] in all."""
        waiting = left[self.lead]
        summed = np.cumsum(waiting, axis=0)
        until = summed[self.starts + self.sizes - 1]
        before = np.concatenate([np.zeros((1, waiting.shape[1])), until[:-1]])
        by_value = until - before
        taken = np.clip((room - before) / np.where(by_value > 0, by_value, np.inf), 0.0, 1.0)
        return waiting, waiting * np.repeat(taken, self.sizes, axis=0)

    def first(self, leads: int) -> "_Ranked":
        """Return the board down to the score of its lead number `leads`."""
        groups = int(np.searchsorted(self.starts, leads))
        end = int(self.sizes[:groups].sum())
        return _Ranked(self.lead[:end], self.row[:end], self.carried[:end], self.starts[:groups], self.sizes[:groups])


class Calling:
    """A team that calls so many leads of each board, the highest scores first, and nobody twice.

    Ties are taken by expectation: of equal scores each lead is called with the same chance. `score` has the boards'
    rows, and so has `worth` [rows] where it is given: what else is added up over those that are called.
    """

    def __init__(self, boards: Boards, score: FloatArray, calls: int, worth: FloatArray | None = None) -> None:
        label = boards.label.astype(np.float64)
        carried = np.column_stack([label] if worth is None else [label, worth])
        self._rows, self._carries = carried.shape
        self._boards = [_ranked(boards, score, carried, day) for day in range(boards.days)]
        self._member = np.zeros((len(boards.group), boards.days))
        for day, board in enumerate(self._boards):
            self._member[board.lead, day] = calls / len(board.lead)
        self._tops = self._upper_parts(calls)

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
        parts = [self._called(weights[start : start + _AT_ONCE].T)[0] for start in range(0, len(weights), _AT_ONCE)]
        return np.concatenate(parts)

    def selected(self) -> FloatArray:
        """Return how much of each row of the boards is called, [rows], 0 to 1: below 1 where a tie leaves it to chance."""
        found = np.zeros(self._rows)
        _, chosen = self._called(np.ones((len(self._member), 1)))
        for board, part in chosen:
            found[board.row] = part[:, 0]
        return found

    def _called(self, weights: FloatArray) -> tuple[FloatArray, list[tuple[_Ranked, FloatArray]]]:
        """Return the sums for `weights` [leads, some draws], few enough for the processor's cache, and who is called."""
        left, rooms = np.array(weights, order="C"), self._member.T @ weights
        sums, found = np.zeros((weights.shape[1], 1 + self._carries)), list[tuple[_Ranked, FloatArray]]()
        for day, (top, whole) in enumerate(zip(self._tops, self._boards, strict=True)):
            board, room = top, rooms[day]
            waiting, chosen = board.take(left, room)
            if (waiting.sum(axis=0) < room).any():
                board = whole
                waiting, chosen = board.take(left, room)
            sums[:, 0] += chosen.sum(axis=0)
            sums[:, 1:] += chosen.T @ board.carried
            left[board.lead] = waiting - chosen
            found.append((board, chosen))
        return sums, found

    def _upper_parts(self, calls: int) -> list[_Ranked]:
        """Cut each board below twice the leads that the calls reach: a draw hardly ever needs more, and is then given all."""
        left, parts = np.ones((len(self._member), 1)), []
        for board in self._boards:
            waiting, chosen = board.take(left, np.array([float(calls)]))
            reached = int(np.searchsorted(np.cumsum(waiting[:, 0]), 2.0 * calls)) + 1
            parts.append(board.first(reached))
            left[board.lead] = waiting - chosen
        return parts


def _ranked(boards: Boards, score: FloatArray, carried: FloatArray, day: int) -> _Ranked:
    rows = np.arange(boards.starts[day], boards.starts[day + 1])
    rows = rows[np.argsort(-score[rows], kind="stable")]
    falling = score[rows]
    starts = np.flatnonzero(np.r_[True, falling[1:] != falling[:-1]])
    sizes = np.diff(np.r_[starts, len(falling)])
    return _Ranked(boards.lead[rows], rows, carried[rows], starts, sizes)


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
