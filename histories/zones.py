"""Local times to UTC for whole columns, by the rule of Python's zoneinfo (the first of two readings)."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from histories.clock import DAY, SECOND

_FIRST, _LAST = datetime(1969, 12, 30, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_utc(wall: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Turn local times (microseconds since 1970 on the zone's wall clock) into UTC microseconds.

    An hour that comes twice is read as its first coming; one that the clock skips, by the offset before the gap.
    From 2101 on, the offset of the end of 2100 holds.
    """
    starts, offsets = _offsets(zone)
    return wall - offsets[np.searchsorted(starts, wall, side="right") - 1]


@lru_cache(maxsize=16)
def _offsets(zone: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """From which wall-clock time on which offset (microseconds) holds.

    At a change at UTC time t from offset a to b, the wall clock reads t + a before and t + b after. Times below
    max(t + a, t + b) are either before the change or read as if they were: the second reading starts there.
    """
    clock = ZoneInfo(zone)
    starts, offsets = [np.iinfo(np.int64).min], [_offset(clock, _FIRST)]
    day = _FIRST
    while day < _LAST:
        tomorrow = day + timedelta(days=1)
        if _offset(clock, tomorrow) != offsets[-1]:
            change = _change(clock, day, tomorrow)
            after = _offset(clock, change)
            starts.append((change - _EPOCH) // timedelta(microseconds=1) + max(offsets[-1], after))
            offsets.append(after)
        day = tomorrow
    return np.array(starts, dtype=np.int64), np.array(offsets, dtype=np.int64)


def _change(clock: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second in (before, after] at which the offset is no longer that of `before`."""
    old = _offset(clock, before)
    seconds, high = 0, DAY // SECOND
    while high - seconds > 1:
        middle = (seconds + high) // 2
        if _offset(clock, before + timedelta(seconds=middle)) == old:
            seconds = middle
        else:
            high = middle
    return min(before + timedelta(seconds=high), after)


def _offset(clock: ZoneInfo, moment: datetime) -> int:
    return (moment.astimezone(clock).utcoffset() or timedelta()) // timedelta(microseconds=1)


def column_to_utc(wall: pa.ChunkedArray, zone: str) -> pa.Array:
    """`to_utc` for an Arrow column; null where it is."""
    filled = pc.fill_null(wall, 0).to_numpy()
    missing = pc.is_null(wall).to_numpy()
    return pa.array(to_utc(filled, zone), mask=missing)
