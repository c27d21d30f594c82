"""The arithmetic of causes: every order counted, shares rounded so that they stay the whole."""

import math
import random
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.why.causes import BUNDLE, CAUSES, KNOWLEDGE, Cause, orders
from scoring.why.grid import GRID, apportion, of_units, printed, units

LIFE = KNOWLEDGE | {Cause.AGEING}
some_causes = st.frozensets(st.sampled_from(CAUSES), max_size=6)
on_grid = st.integers(-(2**50), 2**50).map(of_units)


def allowed(order: tuple[Cause, ...]) -> bool:
    """Whether what belongs together comes together, and time passes before anything new is known."""
    life, bundle = [[order.index(cause) for cause in order if cause in block] for block in (LIFE, BUNDLE)]
    together = all(max(places) - min(places) == len(places) - 1 for places in (life, bundle) if places)
    return together and (Cause.AGEING not in order or order.index(Cause.AGEING) == min(life))


@settings(deadline=None, max_examples=50)
@given(some_causes, st.integers(0, 10**6))
def test_a_part_is_the_mean_over_all_orders_in_which_blocks_come_together_and_time_first(
    causes: frozenset[Cause], seed: int
) -> None:
    of, rng = orders(causes), random.Random(seed)  # noqa: S311 - an example, no secret
    value = {state: rng.randint(-1000, 1000) for state in of.states}
    every = [order for order in permutations(sorted(causes)) if allowed(order)]
    assert of.count == len(every)
    for cause in causes:
        places = [(order, order.index(cause)) for order in every]
        added = [value[frozenset(order[: place + 1])] - value[frozenset(order[:place])] for order, place in places]
        found = sum(weight * value[state] for weight, state in zip(of.weights[cause], of.states, strict=True))
        assert Fraction(found, of.count) == Fraction(sum(added), len(every))


def test_no_state_knows_what_is_new_before_time_has_passed() -> None:
    of = orders(frozenset(CAUSES))
    assert (of.states[0], of.states[-1]) == (frozenset(), frozenset(CAUSES))
    assert not [state for state in of.states if state & KNOWLEDGE and Cause.AGEING not in state]
    assert (len(of.states), of.count) == (17 * 2 * 2 + 2 * 2 * 2, 24 * 2 * 6)


def test_the_rulebooks_part_does_not_depend_on_how_finely_a_life_is_told() -> None:
    """Owen's values of the blocks are Shapley's of three players."""
    few, many = (orders(causes | {Cause.RULEBOOK}) for causes in (frozenset({Cause.AGEING}), LIFE))
    for of in (few, many):
        weights = dict(zip(of.states, of.weights[Cause.RULEBOOK], strict=True))
        whole = of.states[-1] - {Cause.RULEBOOK}
        moved = {state: Fraction(weight, of.count) for state, weight in weights.items() if weight}
        half = Fraction(1, 2)
        assert moved == {frozenset(): -half, frozenset({Cause.RULEBOOK}): half, whole: -half, of.states[-1]: half}


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1), st.integers(1, 5000), st.data())
def test_apportioned_shares_are_the_whole_and_nearly_themselves(
    shares: list[int], whole: int, data: st.DataObject
) -> None:
    exact = Fraction(sum(shares), whole)
    total = data.draw(st.sampled_from([math.floor(exact), math.ceil(exact)]))
    found = apportion(shares, whole, total)
    assert sum(found) == total
    assert all(abs(Fraction(share, whole) - one) < 1 for share, one in zip(shares, found, strict=True))
    assert all(one == 0 for share, one in zip(shares, found, strict=True) if share == 0)
    assert apportion([-share for share in shares], whole, -total) == [-one for one in found]


def test_shares_that_lie_too_far_from_the_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="shares of 3/2 cannot be rounded to 3"):
        apportion([1, 2], 2, 3)


@given(st.floats(-8000, 8000))
def test_a_number_lies_within_half_a_unit_of_its_place_on_the_grid(value: float) -> None:
    assert abs(Fraction(of_units(units(value))) - Fraction(value)) <= Fraction(GRID) / 2


@given(on_grid, st.lists(on_grid, min_size=1, max_size=8), st.integers(0, 6))
def test_printed_parts_lead_from_one_printed_end_to_the_other(before: float, parts: list[float], decimals: int) -> None:
    after = before + sum(parts)
    first, last, shown = printed(before, after, parts, decimals)
    assert first + sum(shown) == last
    assert abs(Fraction(before) * 10**decimals - first) <= Fraction(1, 2)
    assert abs(Fraction(after) * 10**decimals - last) <= Fraction(1, 2)
    assert all(abs(Fraction(part) * 10**decimals - one) < 1 for part, one in zip(parts, shown, strict=True))
