"""Snapshots are brought to one form, or refused in words."""

import re
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from features.snapshots import SNAPSHOTS, checked
from histories.clock import parse
from histories.errors import DataError

NOON = datetime(2026, 1, 31, 12)  # noqa: DTZ001 - a time without a zone is what is tested


@pytest.mark.parametrize(
    "cutoff",
    [
        pa.array([parse("2026-01-31T12:00:00Z")]),
        pa.array([NOON], pa.timestamp("ms")),
        pa.array([NOON], pa.timestamp("ns")),
        pa.array([NOON.replace(tzinfo=UTC)], pa.timestamp("us", "Europe/Amsterdam")),
    ],
    ids=lambda array: str(array.type),
)
def test_a_cutoff_is_a_timestamp_or_microseconds(cutoff: pa.Array) -> None:
    table = pa.table({"cutoff": cutoff, "label": [1], "lead_id": pa.array(["a"], pa.large_string())})
    found = checked(table, "S")
    assert found.schema == SNAPSHOTS
    assert found.to_pylist() == [{"lead_id": "a", "cutoff": parse("2026-01-31T12:00:00Z")}]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"lead": ["a"]}, "S: has no column lead_id; there are lead; snapshots need lead_id and cutoff"),
        ({"lead_id": ["a"]}, "S: has no column cutoff; there are lead_id; snapshots need lead_id and cutoff"),
        (
            {"lead_id": ["a"], "cutoff": ["2026"]},
            "S, cutoff: is string; write timestamps, or microseconds since 1970 as int64",
        ),
        ({"lead_id": [7], "cutoff": [1]}, "S, lead_id: is int64; write the export's lead ids as texts"),
        ({"lead_id": ["a", None], "cutoff": [1, 2]}, "S, lead_id: 1 of 2 are empty; fill them or drop the rows"),
        (
            {"lead_id": ["a", "b"], "cutoff": pa.array([None, NOON], pa.timestamp("us"))},
            "S, cutoff: 1 of 2 are empty; fill them or drop the rows",
        ),
    ],
)
def test_what_are_no_snapshots_is_refused(columns: dict, message: str) -> None:
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        checked(pa.table(columns), "S")
