"""Snapshots as `compute` wants them: a table of leads and cutoffs, checked before anything is computed."""

import pyarrow as pa
import pyarrow.compute as pc

from features.kernel.arrays import Ints
from histories.clock import iso, parse
from histories.errors import CallError, DataError

SNAPSHOTS = pa.schema([("lead_id", pa.string()), ("cutoff", pa.int64())])
_EARLIEST = parse("1971-01-01")


def checked(table: pa.Table, name: str) -> pa.Table:
    """Return `lead_id` and `cutoff` of a table with the schema SNAPSHOTS; other columns are left aside.

    A cutoff is a timestamp (one without a zone is UTC) or a whole number of microseconds since 1970; `name` stands
    for the table in messages. Raises DataError where a column is missing, of another type, or has gaps.
    """
    for column in SNAPSHOTS.names:
        if column not in table.column_names:
            raise DataError(
                f"{name}: has no column {column}; there are {', '.join(table.column_names) or 'none'}; "
                "snapshots need lead_id and cutoff"
            )
        if table[column].null_count:
            raise DataError(
                f"{name}, {column}: {table[column].null_count} of {table.num_rows} are empty; "
                "fill them or drop the rows"
            )
    lead_id, cutoff = table["lead_id"], table["cutoff"]
    if not (pa.types.is_string(lead_id.type) or pa.types.is_large_string(lead_id.type)):
        raise DataError(f"{name}, lead_id: is {lead_id.type}; write the export's lead ids as texts")
    if pa.types.is_timestamp(cutoff.type):
        cutoff = pc.cast(cutoff, pa.timestamp("us", cutoff.type.tz), safe=False)
    elif not pa.types.is_integer(cutoff.type):
        raise DataError(f"{name}, cutoff: is {cutoff.type}; write timestamps, or microseconds since 1970 as int64")
    return pa.table({"lead_id": lead_id.cast(pa.string()), "cutoff": cutoff.cast(pa.int64())}, schema=SNAPSHOTS)


def refuse_impossible(snapshots: pa.Table, latest: int, when: str) -> None:
    """Raise DataError where cutoffs are before 1971, as milliseconds would be, or after `latest`, which `when` names."""
    cutoffs = snapshots["cutoff"]
    wrong = snapshots.filter(pc.or_(pc.less(cutoffs, _EARLIEST), pc.greater(cutoffs, latest)))
    if wrong.num_rows:
        first = wrong.slice(0, 1).to_pylist()[0]
        raise DataError(
            f"snapshots: {wrong.num_rows} of {snapshots.num_rows} cutoffs are before 1971 or after {when}, "
            f"{iso(latest)}, such as that of {first['lead_id']!r}, {_time(first['cutoff'])}; "
            "are they microseconds since 1970?"
        )


def refuse_impossible_cutoff(cutoff: int, latest: int, when: str) -> None:
    """Raise CallError where one cutoff for all is before 1971 or after `latest`, which `when` names."""
    if not _EARLIEST <= cutoff <= latest:
        raise CallError(
            f"--cutoff: {_time(cutoff)} is before 1971 or after {when}, {iso(latest)}; name a time between, or write "
            "exported_at in crm.toml where the export was taken later"
        )


def _time(cutoff: int) -> str:
    try:
        return iso(cutoff)
    except (OverflowError, ValueError):
        return f"{cutoff}, which is no time"


def refuse_unknown(snapshots: pa.Table, missing: Ints) -> None:
    """Raise DataError where there are any rows, by their places, whose lead is not known."""
    if missing.size:
        names = snapshots["lead_id"].take(pa.array(missing[:3])).to_pylist()
        raise DataError(
            f"snapshots: {missing.size} are of leads that the export does not have, such as "
            f"{', '.join(map(repr, names))}; ask for leads of the export alone"
        )
