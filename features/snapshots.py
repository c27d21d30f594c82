"""Snapshots that a user asks for: a table of leads and cutoffs."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from histories.errors import CallError, DataError

SNAPSHOTS = pa.schema([("lead_id", pa.string()), ("cutoff", pa.int64())])


def read(path: Path) -> pa.Table:
    """Read a Parquet file with `lead_id` and `cutoff`, in its order; other columns are left aside.

    A cutoff is a timestamp (one without a zone is UTC) or a whole number of microseconds since 1970. Raises CallError
    where the file cannot be read, DataError where a column is missing, of another type, or has gaps.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise CallError(f"{path}: cannot be read as Parquet ({str(error).splitlines()[0]})") from None
    return checked(table, path.name)


def checked(table: pa.Table, name: str) -> pa.Table:
    """Return the snapshots with the schema SNAPSHOTS; `name` stands for the table in messages."""
    for column in SNAPSHOTS.names:
        if column not in table.column_names:
            raise DataError(
                f"{name}: has no column {column}; there are {', '.join(table.column_names) or 'none'}; "
                "snapshots need lead_id and cutoff"
            )
    cutoff = table["cutoff"]
    if pa.types.is_timestamp(cutoff.type):
        cutoff = pc.cast(cutoff, pa.timestamp("us", cutoff.type.tz), safe=False)
    elif not pa.types.is_integer(cutoff.type):
        raise DataError(f"{name}, cutoff: is {cutoff.type}; write timestamps, or microseconds since 1970 as int64")
    lead_id = table["lead_id"]
    if not (pa.types.is_string(lead_id.type) or pa.types.is_large_string(lead_id.type)):
        raise DataError(f"{name}, lead_id: is {lead_id.type}; write the export's lead ids as texts")
    for column in (lead_id, cutoff):
        if column.null_count:
            which = "lead_id" if column is lead_id else "cutoff"
            raise DataError(
                f"{name}, {which}: {column.null_count} of {len(column)} are empty; fill them or drop the rows"
            )
    return pa.table({"lead_id": lead_id.cast(pa.string()), "cutoff": cutoff.cast(pa.int64())}, schema=SNAPSHOTS)
