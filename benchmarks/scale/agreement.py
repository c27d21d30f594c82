"""Whether peers computed the same numbers: a comparison of times is void where they did not."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

RELATIVE = 1e-9
_COLUMNS_AT_ONCE = 40


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was compared. Counts were equal; `furthest` is the largest relative difference among all other columns."""

    rows: int
    columns: int
    furthest: float

    @property
    def values(self) -> int:
        """How many numbers were compared."""
        return self.rows * self.columns


def compare(ours: Path, peer: Path, columns: tuple[str, ...]) -> Agreement:
    """Compare a peer's file, which has `row`, the snapshot's number, with ours, on all rows and all of `columns`.

    Where a peer has no row, no interaction was visible: there ours must hold 0, and missing for ages. Raises
    ValueError where counts differ at all, or sums, decays and ages by more than 1e-9 of the larger.
    """
    row = pq.read_table(peer, columns=["row"])["row"].to_numpy().astype(np.int64)
    rows = pq.read_metadata(ours).num_rows
    furthest = 0.0
    for begin in range(0, len(columns), _COLUMNS_AT_ONCE):
        some = list(columns[begin : begin + _COLUMNS_AT_ONCE])
        own, other = pq.read_table(ours, columns=some), pq.read_table(peer, columns=some)
        for name in some:
            absent = np.nan if name.endswith(("_age_days", "_since_first_days")) else 0.0
            theirs = np.full(rows, absent)
            theirs[row] = _plain(other[name].to_numpy(), absent)
            furthest = max(furthest, _distance(own[name].to_numpy(), theirs, name))
    return Agreement(rows, len(columns), furthest)


def _plain(values: NDArray[np.generic], absent: float) -> NDArray[np.float64]:
    """Return numbers with the gaps that sums over nothing leave filled."""
    numbers = values.astype(np.float64)
    return np.where(np.isnan(numbers), absent, numbers)


def _distance(own: NDArray[np.float64], other: NDArray[np.float64], name: str) -> float:
    differs = ~((own == other) | (np.isnan(own) & np.isnan(other)))
    if not differs.any():
        return 0.0
    first = int(np.flatnonzero(differs)[0])
    example = (
        f"{name}: {int(differs.sum())} rows differ, such as row {first}: {own[first]!r} here, {other[first]!r} there"
    )
    if "_count_" in name:
        raise ValueError(example)
    apart = np.abs(own[differs] - other[differs]) / np.maximum(np.abs(own[differs]), np.abs(other[differs]))
    if not (apart <= RELATIVE).all():
        raise ValueError(f"{example}; by {np.nanmax(apart)!r} of the larger at most, {RELATIVE} are allowed")
    return float(apart.max())
