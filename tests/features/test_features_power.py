"""Small compiled functions of the kernel against what Python says."""

from fractions import Fraction
from math import exp2

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.kernel.bits import lowest
from features.kernel.power import power_of_two
from features.kernel.search import order_of
from histories.compiled import compiled


@compiled
def power(exponent: float) -> float:
    return power_of_two(exponent)


@compiled
def place(mask: int) -> int:
    return lowest(mask)


def test_whole_exponents_give_exact_powers() -> None:
    assert all(power(float(whole)) == 2.0**whole for whole in range(-1000, 1001))


@settings(max_examples=100, deadline=None)
@given(st.floats(-1000, 1000))
def test_a_power_is_right_within_a_few_units_of_the_last_bit(exponent: float) -> None:
    assert abs(Fraction(power(exponent)) / Fraction(exp2(exponent)) - 1) < 4 * np.finfo(float).eps


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 2**63 - 1))
def test_the_lowest_bit_is_found(mask: int) -> None:
    assert place(mask) == (mask & -mask).bit_length() - 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-5, 5), max_size=40))
def test_equal_keys_keep_their_order(keys: list[int]) -> None:
    assert order_of(np.array(keys, dtype=np.int64)).tolist() == sorted(range(len(keys)), key=keys.__getitem__)
