"""Weeks or months in which answers were given."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from histories import clock
from histories.clock import DAY

IntArray = NDArray[np.int64]
MOST_WEEKS = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """A week (from Monday, UTC) or a calendar month: `begin` and `end` in UTC microseconds, the end not in it."""

    name: str
    begin: int
    end: int

    def holds(self, moments: IntArray) -> NDArray[np.bool_]:
        """Tell which moments (UTC microseconds) lie in it."""
        return (moments >= self.begin) & (moments < self.end)


def periods(moments: IntArray) -> list[Period]:
    """Return the weeks that hold any of the moments, in their order; months, where they span more than MOST_WEEKS."""
    if not len(moments):
        return []
    weekly = int(moments.max() - moments.min()) <= MOST_WEEKS * 7 * DAY
    found = {(_week if weekly else _month)(one) for one in np.unique(moments - moments % DAY).tolist()}
    return sorted(found, key=lambda one: one.begin)


def _week(moment: int) -> Period:
    day = _EPOCH + timedelta(microseconds=moment)
    begin = clock.micros(day - timedelta(days=day.weekday(), hours=day.hour))
    return Period(f"week of {clock.date(begin)}", begin, begin + 7 * DAY)


def _month(moment: int) -> Period:
    day = _EPOCH + timedelta(microseconds=moment)
    after = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return Period(clock.date(moment)[:7], clock.micros(day.replace(day=1)), clock.micros(after))
