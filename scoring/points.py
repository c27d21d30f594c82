"""The rulebook's points for many snapshots."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from histories.contract import Histories
from scoring.rulebook import Rulebook
from scoring.tally import of_snapshots


def table(rulebook: Rulebook, histories: Histories, snapshots: pa.Table) -> npt.NDArray[np.int64]:
    """Return the points of each snapshot (`lead_id`, `cutoff`) in hundredths, in the order of `snapshots`.

    They equal the total of that lead's ledger at that cutoff. Raises DataError where a lead is not in the histories.
    """
    points = np.zeros(snapshots.num_rows, dtype=np.int64)
    for lead, rows in of_snapshots(rulebook, histories, snapshots):
        points[[row for row, _ in rows]] = lead.totals([cutoff for _, cutoff in rows])
    return points
