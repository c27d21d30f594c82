"""The counting sort: by lead, time and id, on any number of threads, told apart from what needs none."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import threads
from features.encoding.order import Unordered, ascends, by_id, ordered, rises
from features.encoding.places import Places
from features.encoding.texts import before, texts

theorem = settings(max_examples=100, deadline=None)
LEADS = 7

rows_of = st.lists(
    st.tuples(st.integers(0, LEADS - 1), st.integers(-3, 3), st.text(st.sampled_from("ab€😀é"), max_size=3)),
    max_size=90,
)
Row = tuple[int, int, str]


def unordered(rows: list[Row]) -> Unordered:
    """Rows whose received, code and value tell where they came from."""
    place = np.arange(len(rows))
    return Unordered(
        np.array([lead for lead, _, _ in rows], dtype=np.int32),
        np.array([time for _, time, _ in rows], dtype=np.int64),
        place * 10,
        place.astype(np.int32),
        -place,
    )


@theorem
@given(rows_of, st.integers(1, 5))
def test_rows_come_by_lead_time_and_id_and_keep_what_is_theirs(rows: list[Row], count: int) -> None:
    found, came = ordered(unordered(rows), LEADS, count)
    came_by_id = by_id(found, came, pa.chunked_array([pa.array([text for *_, text in rows], pa.string())]).take)
    assert came_by_id is not None
    assert [rows[place] for place in came_by_id] == sorted(rows)
    assert [(found.owners[k], found.occurred[k]) for k in range(len(rows))] == [row[:2] for row in sorted(rows)]
    assert (found.received == came_by_id * 10).all()
    assert (found.codes == came_by_id).all()
    assert (found.value == -came_by_id).all()


@theorem
@given(rows_of)
def test_rows_that_ascend_are_recognised_and_none_else(rows: list[Row]) -> None:
    made = unordered(rows)
    by_lead_and_time = [row[:2] for row in rows]
    assert ascends(made.owners, made.occurred) == (by_lead_and_time == sorted(by_lead_and_time))
    times = made.occurred.tolist()
    assert rises(made.occurred) == (times == sorted(set(times)))


def test_rows_in_order_stay_where_they_are() -> None:
    rows = unordered([(0, 1, "a"), (0, 1, "b"), (0, 2, "a"), (1, 0, "z")])
    ids = pa.chunked_array([pa.array(["a", "b", "a", "z"])])
    assert by_id(rows, None, ids.take) is None
    assert rows.received.tolist() == [0, 10, 20, 30]


@pytest.mark.parametrize("count", [1, 24, 25, 26, 5000])
def test_a_long_lead_is_sorted_like_a_short_one(count: int) -> None:
    times = np.random.default_rng(count).integers(0, count, count)
    found, came = ordered(unordered([(3, time, "") for time in times.tolist()]), LEADS, 2)
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
