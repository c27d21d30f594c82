"""The snapshots that somebody asks features for: all leads at one cutoff, or the rows of a file."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from histories.contract import Histories
from histories.errors import CallError

SCHEMA = pa.schema([("lead_id", pa.string()), ("cutoff", pa.int64())])


def at(histories: Histories, cutoff: int) -> pa.Table:
    """Return one row (lead_id, cutoff) for each lead created at or before `cutoff` (UTC microseconds)."""
    known = histories.leads.filter(pc.less_equal(histories.leads["created_at"], cutoff))
    return pa.table([known["lead_id"], pa.repeat(cutoff, known.num_rows)], schema=SCHEMA)


def read(path: Path) -> pa.Table:
    """Read lead_id and cutoff (UTC microseconds, or a timestamp: without a zone it is UTC) from Parquet.

    Raises CallError where the file cannot be read or lacks a column.
    """
    try:
        table = parquet.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise CallError(f"{path}: cannot be read as Parquet ({str(error).splitlines()[0]})") from None
    missing = [name for name in SCHEMA.names if name not in table.column_names]
    if missing:
        raise CallError(f"{path}: has no column {missing[0]!r}; it has {', '.join(table.column_names)}")
    cutoff = table["cutoff"]
    if pa.types.is_timestamp(cutoff.type) or pa.types.is_date(cutoff.type):
        cutoff = cutoff.cast(pa.timestamp("us", tz=getattr(cutoff.type, "tz", None))).cast(pa.int64())
    if not pa.types.is_integer(cutoff.type):
        raise CallError(f"{path}: column 'cutoff' is {cutoff.type}; write UTC microseconds (int64) or timestamps")
    if cutoff.null_count or table["lead_id"].null_count:
        raise CallError(f"{path}: has rows without a lead_id or a cutoff; fill them in or leave the rows out")
    return pa.table([table["lead_id"].cast(pa.string()), cutoff.cast(pa.int64())], schema=SCHEMA)
