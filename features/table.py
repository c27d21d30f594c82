"""Features of many snapshots at once."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features import kernel
from features.arrays import Floats
from features.catalogue import Catalogue
from features.encode import encode, places
from features.plan import plan
from features.snapshots import checked
from histories.contract import Histories
from histories.errors import DataError
from histories.whole_file import whole_file


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """One row a snapshot, in the order in which the snapshots were given.

    `snapshots` has `lead_id` and `cutoff` (UTC microseconds); `matrix` is float64 [snapshots, features] in the order
    of `catalogue.names`, NaN where a value is missing.
    """

    snapshots: pa.Table
    catalogue: Catalogue
    matrix: Floats


def compute(histories: Histories, snapshots: pa.Table, catalogue: Catalogue) -> FeatureTable:
    """Compute the features of `snapshots`, which has `lead_id` and `cutoff`, in any order, a lead as often as one likes.

    Only what was visible at its cutoff counts in a row. Raises DataError where a lead is not in the histories, or
    where the snapshots are none.
    """
    snapshots = checked(snapshots, "snapshots")
    lead = places(snapshots["lead_id"], histories.leads)
    _refuse_unknown(snapshots, lead)
    cutoffs = np.asarray(snapshots["cutoff"].combine_chunks())
    matrix = np.empty((snapshots.num_rows, len(catalogue.features)))
    kernel.rows(matrix, np.column_stack([lead, cutoffs]), encode(histories, catalogue), plan(catalogue))
    return FeatureTable(snapshots, catalogue, matrix)


def write(table: FeatureTable, path: Path) -> None:
    """Write a Parquet file: `lead_id`, `cutoff`, then one float64 column for each feature. It appears whole or not.

    Raises CallError where the file cannot be written.
    """
    columns = {name: pa.array(table.matrix[:, place]) for place, name in enumerate(table.catalogue.names)}
    whole = pa.table({**{name: table.snapshots[name] for name in ("lead_id", "cutoff")}, **columns})
    with whole_file(path) as unfinished:
        pq.write_table(whole, unfinished)


def _refuse_unknown(snapshots: pa.Table, lead: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    missing = np.flatnonzero(lead < 0)
    if missing.size:
        names = snapshots["lead_id"].take(pa.array(missing[:3])).to_pylist()
        raise DataError(
            f"snapshots: {missing.size} are of leads that the export does not have, such as "
            f"{', '.join(map(repr, names))}; ask for leads of the export alone"
        )
