"""The reference board: what a percentile and the cut-off for a week's calls are measured against."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.clock import DAY
from histories.contract import Histories, Target
from histories.errors import DataError
from training.snapshots import Snapshots, at_risk

ENOUGH_LEADS = 200
DEFAULT_SHARE = 0.1
_WEEK = 7 * DAY


@dataclass(frozen=True, eq=False)
class Board:
    """The leads at risk on one day: `snapshots` (lead_id, cutoff), all of one cutoff; `unseen` by training, [leads]."""

    day: int
    snapshots: pa.Table
    unseen: NDArray[np.bool_]


def recent_board(histories: Histories, drawn: Snapshots, trained_groups: NDArray[np.int64], since: int) -> Board:
    """Return the newest board, from the export back by weeks to `since`, with enough leads that training never saw.

    It saw those of a lead or account in `trained_groups`: their probabilities are not out of sample. Where no board
    has ENOUGH_LEADS of the others, the one with the most. Raises DataError where none has one.
    """
    seen = np.isin(drawn.lives.group, trained_groups).tolist()
    unseen = {name for name, one in zip(histories.leads["lead_id"].to_pylist(), seen, strict=True) if not one}
    best, most = (histories.exported_at, list[str]()), 0
    for day in range(histories.exported_at, since - 1, -_WEEK):
        leads = at_risk(histories, Target.CUSTOMER, day)
        count = sum(lead_id in unseen for lead_id in leads)
        if count > most:
            best, most = (day, leads), count
        if count >= ENOUGH_LEADS:
            break
    if not most:
        raise DataError("no lead is open on any day of the test; a score needs open leads to be measured against")
    day, leads = best
    table = pa.table({"lead_id": pa.array(leads), "cutoff": pa.array([day] * len(leads), pa.int64())})
    return Board(day, table, np.array([lead_id in unseen for lead_id in leads]))


def high_probability(board: NDArray[np.float64], calls_per_week: int | None) -> float:
    """Return the least probability of the leads that sales would call in a week: the best of the board.

    `board` [n]: probabilities of all its leads, those that training saw too, for they are called as well. As many leads are called as `calls_per_week` says, all where the board is
    smaller; a tenth of the board where it is None.

    >>> high_probability(np.array([0.1, 0.2, 0.3, 0.4]), 3)
    0.2
    """
    calls = calls_per_week or max(1, round(DEFAULT_SHARE * len(board)))
    return float(np.sort(board)[-min(calls, len(board))])
