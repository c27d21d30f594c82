"""The usual way of writing a time is read by a shorter way, which takes and refuses what the strict one does."""

from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from histories import clock
from serving.wire import base
from serving.wire.base import moment


def figures(most: int) -> st.SearchStrategy[str]:
    return st.integers(0, most).map("{:02}".format)


YEARS = st.sampled_from(["0000", "0001", "1969", "1970", "2024", "2025", "9999", "26", "12026"])
DATES = st.builds("{}-{}-{}".format, YEARS, figures(13), figures(32)) | st.sampled_from(
    ["2024-02-29", "2025-02-29", "20260102", "2026-W01-5", "2026W015", "2026-W01", "2026W01", "2026-002", "2026-1-02"]
)
CLOCKS = st.tuples(figures(25), figures(61), figures(61)).map(":".join) | st.sampled_from(
    ["24:00:00", "23:59:60", "03:04", "03", "030405", "3:4:5", "03:04:05:06", "T3:04:05", "", "-3:04", "03:04:05Z"]
)
FRACTIONS = st.just("") | st.tuples(st.sampled_from(".,"), st.text("0123456789", max_size=10)).map("".join)
ENDS = st.sampled_from(["Z", "Z", "+00:00", "z", "", "+01:00", "-00:00", "+00:00Z", "-01,5Z", "ZZ", " Z", "Z+00:00"])
WRITTEN = st.builds("".join, st.tuples(DATES, st.sampled_from("TTTTTt _\n"), CLOCKS, FRACTIONS, ENDS))
SPOILT = st.tuples(WRITTEN, st.integers(0, 30), st.characters()).map(
    lambda one: one[0][: one[1]] + one[2] + one[0][one[1] + 1 :]
)


def outcome(text: object, *, strictly: bool) -> int | str:
    try:
        return base._strictly(text) if strictly else moment(text)
    except PydanticCustomError as error:
        return error.message()


@hypothesis_settings(max_examples=1000, deadline=None)
@given(WRITTEN | SPOILT | st.text(max_size=30))
@example("2026-01-02T03:04:05-01:00,5+00:00")
@example("2026-W01T3:04:05Z")
@example("1969-12-31T23:59:59.999999Z")
@example("9999-12-30T23:59:59.999999Z")
@example("9999-12-31T00:00:00Z")
def test_the_shorter_way_says_what_the_strict_one_does(text: str) -> None:
    assert outcome(text, strictly=False) == outcome(text, strictly=True)


@pytest.mark.parametrize("text", ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456+00:00", "2026-W01-5T03:04Z"])
def test_the_usual_ways_of_writing_a_time_take_the_shorter_way(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(base, "_strictly")
    assert moment(text) == clock.micros(datetime.fromisoformat(text))
