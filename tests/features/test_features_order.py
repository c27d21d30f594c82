"""The counting sort: by lead, time and id, on any number of threads, told apart from what needs none."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import threads
from features.encoding.order import Rows, by_id, put, rises, settled, shelf
from features.encoding.places import Places
from features.encoding.texts import before, texts
from features.kernel.arrays import Ints
from features.threads import ranges

theorem = settings(max_examples=100, deadline=None)
LEADS = 7

rows_of = st.lists(
    st.tuples(st.integers(0, LEADS - 1), st.integers(-3, 3), st.text(st.sampled_from("ab€😀é"), max_size=3)),
    max_size=90,
)
Row = tuple[int, int, str]


def sorted_by_time(rows: list[Row], threads: int) -> tuple[Rows, Ints]:
    """Rows whose received, code and value tell where they came from, brought into order."""
    place = np.arange(len(rows))
    owners = np.array([lead for lead, _, _ in rows], dtype=np.int32)
    times = np.array([time for _, time, _ in rows], dtype=np.int64)
    parts = ranges(len(rows), threads)
    room = shelf(owners, parts, LEADS, threads)
    for starts, (begin, end) in zip(room.starts, parts, strict=True):
        part = slice(begin, end)
        columns = owners[part], times[part], place[part] * 10, place[part].astype(np.int32), -place[part]
        put(room.records, starts, begin, *columns)
    return settled(room, owners, place * 7, threads)


@theorem
@given(rows_of, st.integers(1, 5))
def test_rows_come_by_lead_time_and_id_and_keep_what_is_theirs(rows: list[Row], count: int) -> None:
    found, came = sorted_by_time(rows, count)
    by_id(found, came, pa.chunked_array([pa.array([text for *_, text in rows], pa.string())]).take)
    assert [rows[place] for place in came] == sorted(rows)
    assert [(found.owners[k], found.occurred[k]) for k in range(len(rows))] == [row[:2] for row in sorted(rows)]
    assert (found.received == came * 10).all()
    assert (found.signature == came * 7).all()
    assert (found.value == -came).all()


@theorem
@given(rows_of)
def test_times_that_rise_are_recognised_and_none_else(rows: list[Row]) -> None:
    times = [time for _, time, _ in rows]
    assert rises(np.array(times, dtype=np.int64)) == (times == sorted(set(times)))


def test_ids_are_not_asked_for_where_no_times_tie() -> None:
    found, came = sorted_by_time([(1, 1, "b"), (1, 0, "a"), (0, 1, "c")], 1)
    by_id(found, came, lambda _: pytest.fail("asked"))
    assert came.tolist() == [2, 1, 0]


@pytest.mark.parametrize("count", [1, 24, 25, 26, 5000])
def test_a_long_lead_is_sorted_like_a_short_one(count: int) -> None:
    times = np.random.default_rng(count).integers(0, count, count)
    found, came = sorted_by_time([(3, time, "") for time in times.tolist()], 2)
    order = np.argsort(times, kind="stable")
    assert (came == order).all()
    assert (found.occurred == times[order]).all()


@theorem
@given(st.lists(st.text(max_size=20), min_size=2, max_size=2))
def test_texts_compare_as_python_s_do(pair: list[str]) -> None:
    found = texts(pa.array(pair))
    assert before(found.offsets, found.data, 0, 1) == (pair[0] < pair[1])


@theorem
@given(st.lists(st.text(max_size=40), unique=True, max_size=60), st.lists(st.text(max_size=40), max_size=20))
def test_places_are_found_and_strangers_are_not(known: list[str], others: list[str]) -> None:
    table = Places(pa.chunked_array([pa.array(known, pa.string())]))
    asked = [*known[::-1], *others, None]
    expected = [known.index(one) if one in known else -1 for one in asked]
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        assert table.of(pa.array(asked, kind)).tolist() == expected
    assert table.of(pa.array(asked, pa.string()).dictionary_encode()).tolist() == expected
    assert table.of(pa.array(asked, pa.string()).slice(1)).tolist() == expected[1:]


def test_ranges_cover_all_and_leave_out_the_empty() -> None:
    assert threads.ranges(10, 3) == [(0, 3), (3, 6), (6, 10)]
    assert threads.ranges(2, 5) == [(0, 1), (1, 2)]
    assert threads.ranges(0, 2) == []


def test_work_comes_back_in_the_order_of_its_parts_and_its_error_too() -> None:
    assert threads.share(lambda part: part * 2, [3, 1, 2], 2) == [6, 2, 4]
    with pytest.raises(ZeroDivisionError):
        threads.share(lambda part: 1 // part, [1, 0], 2)
