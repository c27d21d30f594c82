"""The snapshots that somebody asks features for: all leads at one cutoff, or the rows of a file."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from features.snapshots import SNAPSHOTS, checked
from histories.contract import Histories
from histories.errors import CallError


def at(histories: Histories, cutoff: int) -> pa.Table:
    """Return one row (lead_id, cutoff) for each lead created at or before `cutoff` (UTC microseconds)."""
    known = histories.leads.filter(pc.less_equal(histories.leads["created_at"], cutoff))
    return pa.table([known["lead_id"], pa.repeat(cutoff, known.num_rows)], schema=SNAPSHOTS)


def read(path: Path) -> pa.Table:
    """Read lead_id and cutoff from Parquet. Raises CallError where there is none, DataError as `checked` does."""
    if not path.is_file():
        raise CallError(f"{path}: there is no such file; name a Parquet file with lead_id and cutoff")
    try:
        table = parquet.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise CallError(f"{path}: cannot be read as Parquet ({str(error).splitlines()[0]})") from None
    return checked(table, path.name)
