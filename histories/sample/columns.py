"""Columns of the export's tables, made from arrays at once: ids, words, times as CRMs write them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

ZONE = "Europe/Amsterdam"
Seconds = npt.NDArray[np.int64]


def ids(prefix: str, numbers: npt.NDArray[np.integer], digits: int = 7) -> pa.Array:
    """Numbers as ids, such as C0000012."""
    padded = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), digits, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), padded, "")


def words(numbers: npt.NDArray[np.integer], names: Sequence[str | None]) -> pa.Array:
    """Pick names by number; -1 picks none."""
    return pa.array([*names, None], pa.string()).take(pa.array(np.where(numbers < 0, len(names), numbers)))


def whole(values: npt.NDArray[np.floating], missing: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Whole numbers as text; empty where missing or not a number."""
    absent = np.isnan(values) if missing is None else missing
    return pa.array(np.where(absent, 0, values).astype(np.int64), mask=absent).cast(pa.string())


def utc(seconds: Seconds) -> pa.Array:
    """Times with their offset, as 2025-03-30T10:00:00Z."""
    text = _plain(seconds)
    return pc.binary_join_element_wise(pc.binary_replace_slice(text, 10, 11, "T").cast(pa.string()), pa.scalar("Z"), "")


def local(seconds: Seconds) -> pa.Array:
    """Wall-clock times in Amsterdam without an offset, as 2025-03-30 12:00:00."""
    moments, offsets = _offsets()
    return _plain(seconds + offsets[np.searchsorted(moments, seconds, side="right") - 1])


def _plain(seconds: Seconds) -> pa.Array:
    return pa.array(seconds).cast(pa.timestamp("s")).cast(pa.string())


@lru_cache(maxsize=1)
def _offsets() -> tuple[Seconds, Seconds]:
    """From when on which offset to UTC holds, looked up hour by hour where a day's offset changes."""
    zone, epoch = ZoneInfo(ZONE), datetime(1970, 1, 1, tzinfo=UTC)
    moments, offsets = [-(2**62)], [3600]
    for hour in range(40 * 8766, 80 * 8766, 24):
        if _offset(zone, epoch, hour + 24) != offsets[-1]:
            change = next(one for one in range(hour, hour + 25) if _offset(zone, epoch, one) != offsets[-1])
            moments.append(change * 3600)
            offsets.append(_offset(zone, epoch, change))
    return np.array(moments), np.array(offsets)


def _offset(zone: ZoneInfo, epoch: datetime, hour: int) -> int:
    offset = (epoch + timedelta(hours=hour)).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
