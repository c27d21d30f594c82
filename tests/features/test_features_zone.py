"""A zone's offsets as arrays are those of the time zone library."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.encoding.zone import transitions
from histories.clock import DAY, SECOND, micros

ZONES = ["UTC", "Europe/Amsterdam", "America/New_York", "Asia/Beirut", "Africa/Casablanca", "Australia/Lord_Howe"]


def offset(moment: int, zone: str) -> int:
    starts, offsets = transitions(zone)
    return int(offsets[np.searchsorted(starts, moment, side="right") - 1])


def wanted(moment: int, zone: str) -> int:
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).astimezone(ZoneInfo(zone))
    return (local.utcoffset() or timedelta()) // timedelta(microseconds=1)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 130 * 365 * DAY), st.sampled_from(ZONES))
def test_any_moment_from_1970_to_2099_has_the_library_s_offset(moment: int, zone: str) -> None:
    assert offset(moment, zone) == wanted(moment, zone)


@pytest.mark.parametrize("zone", ZONES[1:])
def test_offsets_change_in_the_very_microsecond(zone: str) -> None:
    starts = [int(start) for start in transitions(zone)[0][1:]]
    assert starts
    for start in starts:
        assert offset(start - 1, zone) == wanted(start - 1, zone) != wanted(start, zone) == offset(start, zone)


def test_clocks_in_amsterdam_went_forward_at_one_in_the_night_utc() -> None:
    forward = micros(datetime(2024, 3, 31, 1, tzinfo=UTC))
    assert offset(forward - 1, "Europe/Amsterdam") == 3600 * SECOND
    assert offset(forward, "Europe/Amsterdam") == 7200 * SECOND
