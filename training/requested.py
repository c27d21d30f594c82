"""The snapshots of all leads at one cutoff."""

import pyarrow as pa
import pyarrow.compute as pc

from features.snapshots import SNAPSHOTS
from histories.contract import Histories


def at(histories: Histories, cutoff: int) -> pa.Table:
    """Return one row (lead_id, cutoff) for each lead created at or before `cutoff` (UTC microseconds)."""
    known = histories.leads.filter(pc.less_equal(histories.leads["created_at"], cutoff))
    return pa.table([known["lead_id"], pa.repeat(cutoff, known.num_rows)], schema=SNAPSHOTS)
