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
    """The leads at risk on one day that training never saw: `snapshots` (lead_id, cutoff), all of one cutoff."""

    day: int
    snapshots: pa.Table


def recent_board(histories: Histories, drawn: Snapshots, trained_groups: NDArray[np.int64], since: int) -> Board:
    """Return the newest board, from the export back by weeks to `since`, with enough leads that training never saw.

    Those of a lead or account in `trained_groups` are left out: their probabilities would not be out of sample. Where no board
    has ENOUGH_LEADS, the largest. Raises DataError where none has a lead.
    """
    names = histories.leads["lead_id"].to_pylist()
    unseen = {
        name for name, seen in zip(names, np.isin(drawn.lead_group, trained_groups).tolist(), strict=True) if not seen
    }
    largest: tuple[int, list[str]] = (histories.exported_at, [])
    for day in range(histories.exported_at, since - 1, -_WEEK):
        leads = [lead_id for lead_id in at_risk(histories, Target.CUSTOMER, day) if lead_id in unseen]
        if len(leads) > len(largest[1]):
            largest = day, leads
        if len(leads) >= ENOUGH_LEADS:
            break
    day, leads = largest
    if not leads:
        raise DataError("no lead is open on any day of the test; a score needs open leads to be measured against")
    return Board(day, pa.table({"lead_id": pa.array(leads), "cutoff": pa.array([day] * len(leads), pa.int64())}))


def high_probability(reference: NDArray[np.float64], calls_per_week: int | None) -> float:
    """Return the least probability of the leads that sales would call in a week: the best of the board.

    `reference` [n], sorted, rising. As many leads are called as `calls_per_week` says, all where the board is
    smaller; a tenth of the board where it is None.

    >>> high_probability(np.array([0.1, 0.2, 0.3, 0.4]), 3)
    0.2
    """
    calls = calls_per_week or max(1, round(DEFAULT_SHARE * len(reference)))
    return float(reference[-min(calls, len(reference))])
