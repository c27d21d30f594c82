"""Ranges of numbers: as many rows in each, with borders that are round, and names that people read."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.number_ranges import named

HUNDRED = np.arange(1, 101)  # whose quarters begin at 26, 51 and 76


@pytest.mark.parametrize(
    ("known", "names", "counts"),
    [
        (HUNDRED, ["29 or less", "30 to 49", "50 to 79", "80 or more"], [29, 20, 30, 21]),
        (HUNDRED / 100, ["below 0.3", "0.3 to below 0.5", "0.5 to below 0.8", "0.8 or more"], [29, 20, 30, 21]),
        (-HUNDRED, ["-81 or less", "-80 to -51", "-50 to -21", "-20 or more"], [20, 30, 30, 20]),
        (
            HUNDRED * 1000,
            ["29,999 or less", "30,000 to 49,999", "50,000 to 79,999", "80,000 or more"],
            [29, 20, 30, 21],
        ),
        ([0] * 80 + [1, 2, 3, 4] * 5, ["0", "1", "2", "3 or more"], [80, 5, 5, 10]),
        ([0] * 80 + [2000, 3000, 4000, 5000] * 5, ["0", "2000", "3000", "4000 or more"], [80, 5, 5, 10]),
        ([0] * 955 + list(range(55, 100)), ["0", "55 to 69", "70 to 84", "85 or more"], [955, 15, 15, 15]),
        ([0] * 6 + [1] * 4, ["0", "1"], [6, 4]),
        ([2015, 2018, 2020, 2023] * 9, ["2015", "2018", "2020", "2023"], [9, 9, 9, 9]),
        ([0, 0.5, 1], ["0", "0.5", "1"], [1, 1, 1]),
        ([3.5] * 4, ["3.5"], [4]),
        ([], [], []),
    ],
)
def test_ranges_are_quarters_with_round_borders(known: Sequence[float], names: list[str], counts: list[int]) -> None:
    found, place = named(np.array(known, dtype=np.float64), 4)
    assert (list(found), np.bincount(place).tolist()) == (names, counts)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=60), st.integers(2, 5))
def test_each_number_is_in_one_range_whose_name_no_other_has_and_greater_ones_come_later(
    known: list[float], most: int
) -> None:
    names, place = named(np.array(known, dtype=np.float64), most)
    assert len(set(names)) == len(names) <= max(most, 1)
    assert sorted(set(place.tolist())) == list(range(len(names)))
    assert (np.diff(place[np.argsort(known, kind="stable")]) >= 0).all()
