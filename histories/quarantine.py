"""Rows that could not be read: where they stood, why, and what they said. Nothing is lost silently."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from histories.errors import CallError, DataError
from histories.sql import TIMES, UNREADABLE_TIME
from histories.whole_file import whole_file

QUARANTINE = pa.schema(
    [
        ("source", pa.string()),  # the table and the source's name: interactions/touches
        ("line", pa.int64()),  # in the file, the header being line 1; the row's number where there are no lines
        ("reason", pa.string()),
        ("row", pa.string()),  # as JSON, or the line itself where it could not be taken apart
    ]
)


@dataclass(frozen=True, slots=True)
class SourceCount:
    """What became of one source's rows: `rows` were read, of which `kept`, and the rest in one of three ways.

    `ignored` are outcomes whose map says that they are no arrival; `values_left_out` counts leads that were kept
    without an attribute's value that could not be read (such rows are in the quarantine as well).
    """

    table: str
    source: str
    rows: int
    kept: int
    quarantined: int
    duplicates: int
    ignored: int = 0
    values_left_out: int = 0

    @property
    def name(self) -> str:
        """What the quarantine calls the source: `interactions/touches`."""
        return f"{self.table}/{self.source}"


def write(table: pa.Table, path: Path) -> None:
    """Write the quarantine as CSV or Parquet, whole or not at all. Raises CallError for another suffix."""
    refuse_other_suffixes(path)
    with whole_file(path) as unfinished:
        if path.suffix == ".csv":
            arrow_csv.write_csv(table, unfinished)
        else:
            parquet.write_table(table, unfinished)


def refuse_other_suffixes(path: Path) -> None:
    """Raise CallError where the path ends in neither .csv nor .parquet."""
    if path.suffix not in (".csv", ".parquet"):
        raise CallError(f"quarantine file {str(path)!r}: its name must end in .csv or .parquet")


def refuse_too_many(counts: Sequence[SourceCount], table: pa.Table, max_bad_share: float, where: Path | None) -> None:
    """Raise DataError where there are rows but no leads, or where a source has more bad rows than `max_bad_share` of its rows."""
    for count in counts:
        if count.table == "leads" and not count.rows and any(one.rows for one in counts):
            raise DataError(f"{count.name} has no rows, so that every row of the other sources is of an unknown lead")
        bad = count.quarantined + count.values_left_out
        if bad > max_bad_share * count.rows:
            place = f"; all of them are in {where}" if where else ""
            raise DataError(
                f"{count.name}: {bad:,} of {count.rows:,} rows are bad, more than max_bad_share "
                f"= {max_bad_share:g} allows ({_commonest(table, count.name)}){place}; "
                "mend the export or crm.toml, or raise max_bad_share"
            )


def _commonest(table: pa.Table, source: str) -> str:
    counted: dict[str, tuple[int, int]] = {}
    for name, line, reason in zip(*(table[one].to_pylist() for one in ("source", "line", "reason")), strict=True):
        if name == source:
            times, first = counted.get(reason, (0, line))
            counted[reason] = (times + 1, first)
    worst = sorted(counted.items(), key=lambda item: (-item[1][0], item[0]))[:3]
    said = "; ".join(
        f"{times:,} {'row' if times == 1 else 'rows'}: {reason}, first in line {first:,}"
        for reason, (times, first) in worst
    )
    return f"{said}; what can be read is {TIMES}" if UNREADABLE_TIME in said else said
