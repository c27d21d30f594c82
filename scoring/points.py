"""The rulebook's points for many snapshots."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from histories import select
from histories.contract import Histories, LeadHistory
from histories.errors import DataError
from scoring.rulebook import Rulebook
from scoring.tally import tally


def table(rulebook: Rulebook, histories: Histories, snapshots: pa.Table) -> npt.NDArray[np.int64]:
    """Return the points of each snapshot (`lead_id`, `cutoff`) in hundredths, in the order of `snapshots`.

    They equal the total of that lead's ledger at that cutoff. Raises DataError where a lead is not in the histories.
    """
    points = np.zeros(snapshots.num_rows, dtype=np.int64)
    wanted: dict[str, list[tuple[int, int]]] = {}
    cutoffs = snapshots["cutoff"].to_pylist()
    for row, (lead_id, cutoff) in enumerate(zip(snapshots["lead_id"].to_pylist(), cutoffs, strict=True)):
        wanted.setdefault(lead_id, []).append((row, cutoff))
    for history in _of(histories, wanted):
        lead = tally(rulebook, histories.families, history)
        for row, cutoff in wanted.pop(history.lead_id):
            points[row] = lead.figures(cutoff).total
    if wanted:
        raise DataError(f"{len(wanted)} leads of the snapshots are not in the histories, such as {min(wanted)!r}")
    return points


def _of(histories: Histories, wanted: dict[str, list[tuple[int, int]]]) -> Iterator[LeadHistory]:
    for history in select.each(histories):
        if history.lead_id in wanted:
            yield history
