"""Moments are UTC microseconds since 1970 (int64), spans are microseconds. Nothing here knows what time it is now."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from histories.errors import CallError

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_LONGEST = 36_525 * DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(m|h|d|w)")
_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}


def micros(moment: datetime, zone: str = "UTC") -> int:
    """Return the moment as UTC microseconds; one without an offset is read in `zone` (an IANA name)."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return (moment - _EPOCH) // _MICROSECOND


def parse(text: str, zone: str = "UTC") -> int:
    """Read an ISO 8601 date or time as UTC microseconds; one without an offset is read in `zone`.

    Raises CallError on anything else.

    >>> parse("1970-01-02")
    86400000000
    >>> parse("1970-01-01T01:00:00", "Europe/Amsterdam")
    0
    """
    try:
        return micros(datetime.fromisoformat(text.strip()), zone)
    except (ValueError, OverflowError):
        raise CallError(f"{text!r} is not a time; write one like 2026-01-31 or 2026-01-31T09:30:00Z") from None


def iso(moment: int) -> str:
    """UTC microseconds as ISO 8601 with a Z, microseconds only where there are any.

    >>> iso(86400000000), iso(1)
    ('1970-01-02T00:00:00Z', '1970-01-01T00:00:00.000001Z')
    """
    return (_EPOCH + timedelta(microseconds=moment)).isoformat().replace("+00:00", "Z")


def iso_or_none(moment: int | None) -> str | None:
    """Return `iso` of a moment, and None where there is none."""
    return None if moment is None else iso(moment)


def date(moment: int) -> str:
    """Return the UTC day of a moment, as 2026-01-31."""
    return iso(moment)[:10]


def span(text: str) -> int:
    """Read a span such as `0h`, `1d`, `2w` or `30m` as microseconds. Raises CallError on anything else.

    >>> span("1.5h") == 90 * MINUTE
    True
    """
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise CallError(f"{text!r} is not a span; write a number with m, h, d or w, such as 12h or 30d")
    length = float(found[1]) * _UNITS[found[2]]
    if length > _LONGEST:
        raise CallError(f"{text!r} is longer than 100 years; write a shorter span, such as 12h or 30d")
    return round(length)
