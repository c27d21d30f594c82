"""Parts of finished rows become one file, in the snapshots' order, whatever the parts."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import parts
from features.snapshots import SNAPSHOTS
from histories.errors import CallError
from histories.machine import GB

NAMES = ("one", "two", "three")


def _snapshots(rows: int) -> pa.Table:
    return pa.table({"lead_id": [f"lead {n}" for n in range(rows)], "cutoff": list(range(rows))}, schema=SNAPSHOTS)


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(0, 400), count=st.integers(1, 6), seed=st.integers(0, 99))
def test_rows_come_out_in_order_and_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, rows: int, count: int, seed: int
) -> None:
    """Batches of 64 rows and groups of 64, so that both have edges; some parts are empty, some values missing."""
    folder = tmp_path_factory.mktemp("parts")
    draw = np.random.default_rng(seed)
    matrix = draw.normal(size=(rows, 3))
    matrix[draw.random(matrix.shape) < 0.2] = np.nan
    owner = draw.integers(0, count, rows)
    heard: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_MOST_ROWS", 64)
        for number in range(count):
            positions = np.flatnonzero(owner == number)
            parts.write(folder / f"{number}.arrow", positions, np.array_split(matrix[positions], 3), NAMES)
        files = [folder / f"{number}.arrow" for number in range(count)]
        assert sum(map(parts.rows_in, files)) == rows
        parts.merge(files, _snapshots(rows), NAMES, folder / "f.parquet", GB, heard.append)
    found = pq.read_table(folder / "f.parquet")
    assert found.select(["lead_id", "cutoff"]).equals(_snapshots(rows))
    assert found.column_names == ["lead_id", "cutoff", *NAMES]
    read = np.column_stack([found[name].to_numpy() for name in NAMES]) if rows else np.empty((0, 3))
    assert (np.ascontiguousarray(read).view(np.uint64) == matrix.view(np.uint64)).all()
    assert heard == [min(end, rows) for end in range(64, rows + 64, 64)]


def test_a_merge_that_fails_leaves_no_file(tmp_path: Path) -> None:
    """A part that is no part, and a place that cannot be written to."""
    (tmp_path / "0.arrow").write_bytes(b"nothing")
    with pytest.raises(pa.ArrowInvalid):
        parts.merge([tmp_path / "0.arrow"], _snapshots(2), NAMES, tmp_path / "f.parquet", GB)
    parts.write(tmp_path / "1.arrow", np.arange(2), [np.zeros((2, 3))], NAMES)
    with pytest.raises(CallError, match="cannot be written"):
        parts.merge([tmp_path / "1.arrow"], _snapshots(2), NAMES, tmp_path / "1.arrow" / "f.parquet", GB)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["0.arrow", "1.arrow"]
