"""Where many leads stand at many moments, and what became of them: `funnel`, for whole columns at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from histories.contract import Histories, Stage, Target
from histories.funnel import instant_order

NEVER = int(np.iinfo(np.int64).max)
_LOST = Stage.LOST.rank


@dataclass(frozen=True, eq=False)
class Funnel:
    """All outcomes of an export, lead after lead, each lead's in the order of `funnel.chronological`.

    `starts` [leads + 1]: where each lead of `histories.leads` begins in `at` (UTC microseconds) and `rank` (of the
    stage; -1: lost), and the end.
    """

    starts: NDArray[np.int64]
    at: NDArray[np.int64]
    rank: NDArray[np.int64]

    def at_risk(self, lead: NDArray[np.int64], cutoff: NDArray[np.int64], target: Target) -> NDArray[np.bool_]:
        """Tell for each pair of a lead's number and a moment whether `funnel.standing` has it at risk for `target`."""
        furthest, lost = np.zeros(len(lead), dtype=np.int64), np.zeros(len(lead), dtype=np.bool_)
        for rows, at, rank in self._steps(lead):
            before = at < cutoff[rows]
            known, stage = rows[before], rank[before]
            reopened = lost[known] & (stage != _LOST)
            furthest[known] = np.where(reopened, stage, np.maximum(furthest[known], stage))
            lost[known] = stage == _LOST
        return ~lost & (furthest < target.stage.rank)

    def answered(
        self, lead: NDArray[np.int64], cutoff: NDArray[np.int64], target: Target
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return when the question was answered at or after each cutoff, and whether with yes, as `funnel.resolution`.

        Times are UTC microseconds; NEVER (and no) where the export does not answer it.
        """
        moment, reached = np.full(len(lead), NEVER, dtype=np.int64), np.zeros(len(lead), dtype=np.bool_)
        for rows, at, rank in self._steps(lead):
            open_still = (at >= cutoff[rows]) & ~reached[rows] & (at <= moment[rows])
            yes = open_still & (rank >= target.stage.rank)
            lost = open_still & (rank == _LOST)
            moment[rows[yes | lost]] = at[yes | lost]
            reached[rows[yes]] = True
        return moment, reached

    def _steps(self, lead: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], ...]]:
        """For the first outcome of every lead, then the second, and so on: rows that have one, its time and rank."""
        first, count = self.starts[lead], self.starts[lead + 1] - self.starts[lead]
        for step in range(int(count.max(initial=0))):
            rows = np.flatnonzero(count > step)
            yield rows, self.at[first[rows] + step], self.rank[first[rows] + step]


def funnel_of(histories: Histories) -> Funnel:
    """Bring an export's outcomes into columns; leads are numbered in the order of `histories.leads`."""
    stages = list(Stage)
    table = histories.outcomes
    lead = _whole(pc.index_in(table["lead_id"], value_set=histories.leads["lead_id"].combine_chunks()))
    stage = _whole(pc.index_in(table["stage"], value_set=pa.array([one.value for one in stages])))
    at = _whole(table["reached_at"])
    instant = np.array([instant_order(one) for one in stages], dtype=np.int64)[stage]
    order = np.lexsort((instant, at, lead))
    rank = np.array([one.rank for one in stages], dtype=np.int64)[stage]
    starts = np.searchsorted(lead[order], np.arange(histories.leads.num_rows + 1))
    return Funnel(starts, at[order], rank[order])


def _whole(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(column.to_numpy(), dtype=np.int64)
