"""What is wrong with a real export: rows twice, rows that came late, rows that nobody can read.

Unreadable rows are spoilt copies beside the good ones, so that reading the export gives back what was simulated.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

DUPLICATE_SHARE = 0.025
UNREADABLE_SHARE = 0.01
NOBODY = "C9999999"
FUTURE = "2099-12-31 23:59:59"
NO_DATE = "00-00-0000"


@dataclass(frozen=True, slots=True)
class Planted:
    """What was put into a file on purpose: rows, by what is wrong with them."""

    duplicates: int = 0
    late: int = 0
    no_lead: int = 0
    unknown_lead: int = 0
    no_time: int = 0
    after_export: int = 0
    malformed: int = 0

    @property
    def unreadable(self) -> int:
        """Rows that belong into quarantine."""
        return self.no_lead + self.unknown_lead + self.no_time + self.after_export + self.malformed


def blemish(table: pa.Table, time: str, seed: int, *, duplicates: bool = True) -> tuple[pa.Table, Planted]:
    """Add duplicates and unreadable rows to a table whose rows stand in the order of time.

    `time` is the column that says when; `contact_id` the one that says who. A spoilt or doubled row stands right
    behind the one it was copied from.
    """
    rows, drawn = table.num_rows, np.random.default_rng(seed)
    doubled = np.flatnonzero(drawn.random(rows) < DUPLICATE_SHARE) if duplicates else np.empty(0, np.int64)
    spoilt = np.flatnonzero(drawn.random(rows) < UNREADABLE_SHARE)
    if rows and not len(spoilt):
        spoilt = np.zeros(1, np.int64)
    fault = drawn.integers(0, 4, len(spoilt))
    taken = np.concatenate([np.arange(rows), doubled, spoilt])
    faults = np.concatenate([np.full(rows + len(doubled), -1), fault])
    order = np.argsort(taken, kind="stable")
    spoiled = _spoil(table.take(pa.array(taken[order])), time, faults[order])
    counts = np.bincount(fault, minlength=4)
    return spoiled, Planted(
        duplicates=len(doubled),
        no_lead=int(counts[0]),
        unknown_lead=int(counts[1]),
        no_time=int(counts[2]),
        after_export=int(counts[3]),
    )


def _spoil(table: pa.Table, time: str, faults: npt.NDArray[np.integer]) -> pa.Table:
    table = _set(table, "contact_id", faults == 0, None)
    table = _set(table, "contact_id", faults == 1, NOBODY)
    if pa.types.is_timestamp(table.schema.field(time).type):
        future = pa.scalar(4_102_444_799_000_000).cast(table.schema.field(time).type)
        return _set(_set(table, time, faults == 2, None), time, faults == 3, future)
    return _set(_set(table, time, faults == 2, NO_DATE), time, faults == 3, FUTURE)


def _set(table: pa.Table, name: str, where: npt.NDArray[np.bool_], value: object) -> pa.Table:
    at, field = table.schema.get_field_index(name), table.schema.field(name)
    scalar = value if isinstance(value, pa.Scalar) else pa.scalar(value, field.type)
    return table.set_column(at, field, pc.if_else(pa.array(where), scalar, table.column(name)))
