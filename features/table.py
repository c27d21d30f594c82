"""Features of many snapshots at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.catalogue import Catalogue
from features.encoding.encode import encode, places
from features.kernel import kernel
from features.kernel.arrays import Encoded, Floats, Ints, Plan
from features.kernel.layout import END, FIRST, MEMBERS, SNAPSHOT_LEAD
from features.kernel.plan import plan
from features.snapshots import checked, refuse_unknown
from features.threads import share
from histories.contract import Histories
from histories.machine import cores
from histories.whole_file import whole_file

# Several parts a thread, so that one hot lead does not keep all waiting; a row costs as much as some interactions.
_PARTS_A_THREAD, _ROW_WORK, _LEAST_WORK = 8, 10, 20_000


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """One row a snapshot, in the order in which the snapshots were given.

    `snapshots` has `lead_id` and `cutoff` (UTC microseconds); `matrix` is float64 [snapshots, features] in the order
    of `catalogue.names`, NaN where a value is missing.
    """

    snapshots: pa.Table
    catalogue: Catalogue
    matrix: Floats


def compute(
    histories: Histories, snapshots: pa.Table, catalogue: Catalogue, *, threads: int | None = None
) -> FeatureTable:
    """Compute the features of `snapshots`, which has `lead_id` and `cutoff`, in any order, a lead as often as one likes.

    Only what was visible at its cutoff counts in a row. `threads` is how many run at once, None for as many as there
    are cores; the rows have the same bits on any number. Raises DataError where a lead is not in the histories, or
    where the snapshots are none.
    """
    snapshots = checked(snapshots, "snapshots")
    slices = computed(histories, snapshots, catalogue, max(1, snapshots.num_rows), threads=threads)
    matrix = next(slices, np.empty((0, len(catalogue.features))))
    return FeatureTable(snapshots, catalogue, matrix)


def computed(
    histories: Histories, snapshots: pa.Table, catalogue: Catalogue, rows: int, *, threads: int | None = None
) -> Iterator[Floats]:
    """Yield the matrix that `compute` returns, so many rows at a time; only those are in memory.

    `snapshots` are as `snapshots.checked` returns them; other columns are left aside. Raises DataError as `compute`
    does.
    """
    lead = places(snapshots["lead_id"], histories.leads)
    refuse_unknown(snapshots, np.flatnonzero(lead < 0))
    threads = threads or cores()
    cutoffs = np.asarray(snapshots["cutoff"].combine_chunks())
    encoded, planned = encode(histories, catalogue, threads), plan(catalogue)
    del histories  # the caller may let go of them, and the arrays are all that is needed
    for begin in range(0, lead.size, rows):
        part = slice(begin, begin + rows)
        matrix = np.empty((lead[part].size, len(catalogue.features)))
        fill(matrix, _sorted(lead[part], cutoffs[part], encoded), encoded, planned, threads)
        yield matrix


def fill(matrix: Floats, snapshots: Ints, encoded: Encoded, plan: Plan, threads: int) -> None:
    """Run the kernel on parts of the snapshots, which are sorted as `kernel.rows` wants them, at the same time."""
    share(lambda part: kernel.rows(matrix, part, encoded, plan), _parts(snapshots, encoded, threads), threads)


def _sorted(lead: Ints, cutoffs: Ints, encoded: Encoded) -> Ints:
    """Return [snapshots, 3]: lead, cutoff, row; leads of an account together, then by lead and cutoff."""
    account = encoded.leads[lead, MEMBERS]
    order = np.lexsort((cutoffs, lead, account))
    return np.column_stack([lead[order], cutoffs[order], order])


def _parts(snapshots: Ints, encoded: Encoded, threads: int) -> list[Ints]:
    """Cut snapshots into parts of about equal work, between leads."""
    if threads == 1 or not snapshots.size:
        return [snapshots]
    lead = snapshots[:, SNAPSHOT_LEAD]
    begins = np.flatnonzero(np.diff(lead, prepend=-1))
    of_lead = encoded.leads[lead[begins]]
    work = np.cumsum(of_lead[:, END] - of_lead[:, FIRST] + _ROW_WORK * np.diff(begins, append=lead.size))
    wanted = max(1, min(threads * _PARTS_A_THREAD, int(work[-1]) // _LEAST_WORK))
    ends = work[-1] * np.arange(1, wanted) // wanted
    return np.split(snapshots, np.unique(begins[np.searchsorted(work, ends)]))


def write(table: FeatureTable, path: Path) -> None:
    """Write a Parquet file: `lead_id`, `cutoff`, then one float64 column for each feature. It appears whole or not.

    Raises CallError where the file cannot be written.
    """
    columns = {name: pa.array(table.matrix[:, place]) for place, name in enumerate(table.catalogue.names)}
    whole = pa.table({**{name: table.snapshots[name] for name in ("lead_id", "cutoff")}, **columns})
    with whole_file(path) as unfinished:
        pq.write_table(whole, unfinished)
