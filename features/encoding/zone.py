"""A time zone as two arrays, so that compiled code needs no time zone library."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from histories.clock import DAY, SECOND

EVER = np.iinfo(np.int64).min
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_DAY = 131 * 366


@lru_cache(maxsize=8)
def transitions(name: str) -> NDArray[np.int64]:
    """Return the zone's offsets, int64 [2, n]: from when on (UTC microseconds), and microseconds east of UTC.

    The first offset holds ever before, the last ever after; clock changes from 1970 to 2100 are in.
    """
    zone = ZoneInfo(name)
    starts, offsets = [EVER], [_offset(zone, 0)]
    for day in range(1, _LAST_DAY):
        later = _offset(zone, day * DAY)
        if later != offsets[-1]:
            starts.append(_change(zone, (day - 1) * DAY, day * DAY))
            offsets.append(later)
    found = np.array([starts, offsets], dtype=np.int64)
    found.flags.writeable = False
    return found


def _offset(zone: ZoneInfo, moment: int) -> int:
    offset = (_EPOCH + timedelta(microseconds=moment)).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(microseconds=1)


def _change(zone: ZoneInfo, before: int, after: int) -> int:
    """Return the second at which the offset of `after` begins."""
    old = _offset(zone, before)
    while after - before > SECOND:
        middle = (before + after) // 2 // SECOND * SECOND
        if _offset(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after
