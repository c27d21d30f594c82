"""Files of snapshots and of features, as a run over shards reads and writes them."""

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from untidy_export import CUTOFF

from features.snapshots import SNAPSHOTS
from histories.clock import DAY


def write_snapshots(path: Path, ids: list[str], seed: int, count: int) -> pa.Table:
    """Write snapshots of some of the leads around the cutoff, and return them."""
    draw = random.Random(seed)  # noqa: S311 - a seeded example, no secret
    cutoffs = [CUTOFF - draw.randint(-5, 90) * DAY for _ in range(count)]
    rows = pa.table({"lead_id": draw.choices(ids, k=count), "cutoff": cutoffs}, schema=SNAPSHOTS)
    pq.write_table(rows, path)
    return rows


def matrix_of(path: Path) -> np.ndarray:
    """Return the features of a file, a row for each snapshot."""
    read = pq.read_table(path)
    return np.ascontiguousarray(np.column_stack([read[name].to_numpy() for name in read.column_names[2:]]))
