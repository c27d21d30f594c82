"""Finished rows of features in parts, one file for each shard, and how they become one file in the snapshots' order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc, parquet

from features.kernel.arrays import Floats, Ints
from histories.whole_file import whole_file

# A part is read by batches of so many bytes at most, one of each part at a time.
BATCH_BYTES = 2_000_000
# So many bytes of rows at most are put in order at once, or a sixteenth of the memory: about five times that is used.
_GROUP_BYTES, _GROUP_SHARE = 128_000_000, 16
_MOST_ROWS = 1 << 17


def write(
    path: Path, positions: Ints, slices: Iterable[Floats], names: Sequence[str], batch_bytes: int = BATCH_BYTES
) -> None:
    """Write a part: Arrow IPC (lz4) of `position`, the rows' places among the snapshots, ascending, then the features.

    `slices` are the rows one after the other, float64 [any number, features] each. The file appears whole or not.
    Raises CallError where it cannot be written.
    """
    schema = pa.schema([("position", pa.int64()), *((name, pa.float64()) for name in names)])
    rows, written = rows_of(batch_bytes, len(names)), 0
    options = ipc.IpcWriteOptions(compression="lz4")
    with whole_file(path) as unfinished, ipc.new_file(unfinished, schema, options=options) as file:
        for matrix in slices:
            of_slice = positions[written : written + len(matrix)]
            for begin in range(0, len(matrix), rows):
                columns = np.ascontiguousarray(matrix[begin : begin + rows].T)
                arrays = [pa.array(of_slice[begin : begin + rows]), *map(pa.array, columns)]
                file.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            written += len(matrix)


def rows_in(path: Path) -> int | None:
    """Return how many rows a part has; None where there is none, or a damaged one."""
    try:
        with pa.OSFile(str(path)) as file, ipc.open_file(file) as part:
            return sum(int(part.get_batch(number).num_rows) for number in range(part.num_record_batches))
    except (OSError, pa.ArrowInvalid):
        return None


def merge(
    parts: Sequence[Path],
    snapshots: pa.Table,
    names: Sequence[str],
    path: Path,
    memory: int,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a Parquet file: `lead_id`, `cutoff`, then the features, in the order of `snapshots`. It appears whole or not.

    `parts` hold each position of `snapshots` once. Less than half of `memory` (bytes) is used, and a batch of each
    part. `progress` hears how many rows are written. Raises CallError where the file cannot be written.
    """
    features = [pa.field(name, pa.float64()) for name in names]
    schema = pa.schema([*(snapshots.schema.field(name) for name in ("lead_id", "cutoff")), *features])
    with whole_file(path) as unfinished, parquet.ParquetWriter(unfinished, schema) as file:
        written = 0
        rows = rows_of(min(_GROUP_BYTES, memory // _GROUP_SHARE), len(names))
        for group in _ahead(_groups(parts, snapshots, schema, rows)):
            file.write_table(group, row_group_size=group.num_rows)
            written += group.num_rows
            if progress is not None:
                progress(written)


def rows_of(size: int, features: int) -> int:
    """Return how many rows go into so many bytes: 64 at least."""
    return max(64, min(_MOST_ROWS, size // (8 * (features + 1))))


def _ahead(groups: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield the groups; the next one is made while one is written."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, groups, None)
        while (group := coming.result()) is not None:
            coming = pool.submit(next, groups, None)
            yield group


def _groups(parts: Sequence[Path], snapshots: pa.Table, schema: pa.Schema, rows: int) -> Iterator[pa.Table]:
    """Yield the rows in order, so many at a time."""
    readers = [_Reader.of(one) for one in parts]
    for begin in range(0, snapshots.num_rows, rows):
        asked = snapshots.slice(begin, rows)
        slices = [one for reader in readers for one in reader.before(begin + rows)]
        found = pa.Table.from_batches(slices).combine_chunks()
        order = pc.array_sort_indices(found["position"].combine_chunks())
        features = found.drop_columns("position").take(order)
        columns = [asked["lead_id"], asked["cutoff"], *features.columns]
        yield pa.Table.from_arrays(columns, schema=schema)


@dataclass
class _Reader:
    """Reads a part from its beginning on, a batch at a time."""

    batches: Iterator[pa.RecordBatch]
    batch: pa.RecordBatch | None
    place: int = 0

    @staticmethod
    def of(path: Path) -> "_Reader":
        batches = _batches(path)
        return _Reader(batches, next(batches, None))

    def before(self, position: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows not yet read that come before `position`."""
        while self.batch is not None:
            end = int(np.searchsorted(np.asarray(self.batch.column(0)), position))
            if end > self.place:
                yield self.batch.slice(self.place, end - self.place)
            self.place = end
            if end < self.batch.num_rows:
                return
            self.batch, self.place = next(self.batches, None), 0


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    # Not mapped into memory: what is read would count as this process's.
    with pa.OSFile(str(path)) as file, ipc.open_file(file) as part:
        for number in range(part.num_record_batches):
            yield part.get_batch(number)
