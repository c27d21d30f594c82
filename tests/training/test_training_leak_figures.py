"""The audit's figures: AUCs against counting pairs, and bounds that chance seldom crosses."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training import leak_auc
from training.leak_bounds import auc_low, deviations, exceptions_high

VALUES = st.lists(
    st.tuples(st.sampled_from([-1.0, 0.0, 0.5, 2.0, float("nan")]), st.booleans()), min_size=2, max_size=14
)


def by_pairs(values: list[float], positive: list[bool], gap: float) -> float:
    """The AUC by looking at every pair, with `gap` in place of what is missing."""
    filled = [gap if np.isnan(value) else value for value in values]
    pairs = [
        (ours, theirs)
        for (ours, ours_is), (theirs, theirs_is) in itertools.product(zip(filled, positive, strict=True), repeat=2)
        if ours_is and not theirs_is
    ]
    return sum((ours > theirs) + (ours == theirs) / 2 for ours, theirs in pairs) / len(pairs) if pairs else 0.5


def as_arrays(rows: list[tuple[float, bool]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    return np.array([value for value, _ in rows]), np.array([positive for _, positive in rows])


@given(VALUES)
def test_an_amount_is_ranked_as_counting_every_pair_would(rows: list[tuple[float, bool]]) -> None:
    values, positive = as_arrays(rows)
    ways = [by_pairs(values.tolist(), positive.tolist(), gap) for gap in (-9.0, 9.0)]
    assert leak_auc.ranked(values, positive) == pytest.approx(max(max(one, 1 - one) for one in ways))


@given(VALUES)
def test_direction_and_scale_of_an_amount_make_no_difference(rows: list[tuple[float, bool]]) -> None:
    values, positive = as_arrays(rows)
    assert leak_auc.ranked(-(values**3), positive) == pytest.approx(leak_auc.ranked(values, positive))


@given(VALUES)
def test_being_filled_in_is_ranked_as_an_amount_of_two_values(rows: list[tuple[float, bool]]) -> None:
    values, positive = as_arrays(rows)
    there = leak_auc.ranked((~np.isnan(values)).astype(float), positive)
    assert leak_auc.filled(values, positive) == pytest.approx(there)


def test_within_a_cohort_what_only_tells_the_cohort_tells_nothing() -> None:
    """The year tells the old leads from the new, of which fewer have ended; within a year it is the same for all."""
    year = np.repeat([2023.0, 2024.0], 10)
    ended = np.array([True] * 9 + [False] + [False] * 9 + [True])
    assert leak_auc.ranked(year, ended) == pytest.approx(0.9)
    assert leak_auc.within(np.repeat([0, 1], 10), year, ended) == 0.5


def test_an_id_does_not_tell_its_own_answers() -> None:
    """Every row has a code of its own: by its own answers it would be perfect."""
    positive = np.arange(200) % 4 == 0
    codes, fold = np.arange(200.0), leak_auc.dealt(np.arange(200))
    assert leak_auc.ranked(leak_auc.code_scores(codes, positive, fold), positive) == pytest.approx(0.5)


def test_a_code_tells_what_it_means_elsewhere() -> None:
    positive = np.arange(200) % 4 == 0
    codes, fold = np.where(positive, 7.0, 3.0), leak_auc.dealt(np.arange(200))
    assert leak_auc.ranked(leak_auc.code_scores(codes, positive, fold), positive) == 1.0


def test_an_amount_that_tells_by_its_middle_is_found_by_bins() -> None:
    amount = np.linspace(-1, 1, 400)
    positive, fold = np.abs(amount) < 0.25, leak_auc.dealt(np.arange(400))
    assert leak_auc.ranked(amount, positive) < 0.55
    assert leak_auc.ranked(leak_auc.bin_scores(amount, positive, fold), positive) > 0.95


def test_all_rows_of_a_group_are_dealt_into_one_fold() -> None:
    assert leak_auc.dealt(np.array([5, 9, 5, 9, 7])).tolist() == [0, 2, 0, 2, 1]


@given(st.floats(0.5, 1.0), st.integers(1, 500), st.integers(1, 500), st.floats(0.5, 5.0))
def test_a_bound_lies_below_its_auc_and_rises_with_the_conversions(auc: float, few: int, more: int, z: float) -> None:
    low = auc_low(auc, few, 1000, z)
    assert 0 <= low <= auc
    assert auc_low(auc, few + more, 1000, z) >= low - 1e-6


def test_a_perfect_auc_of_ten_is_no_proof_and_one_of_a_hundred_is() -> None:
    z = deviations(100)
    assert auc_low(1.0, 10, 2000, z) < 0.75
    assert auc_low(1.0, 100, 2000, z) > 0.9
    assert auc_low(1.0, 0, 2000, z) == 0.0


@pytest.mark.parametrize(("conversions", "apart"), [(10, 1.0), (30, 1.2), (100, 2.0)])
def test_a_bound_is_crossed_no_more_often_than_it_says(conversions: int, apart: float) -> None:
    """Two standard deviations, one-sided: 2.3 in 100; normal scores, whose AUC is that of their distance."""
    draw = np.random.default_rng(3)
    truth = 0.5 * (1 + math.erf(apart / 2))
    positive = np.arange(400) < conversions
    aucs = [leak_auc.ranked(draw.normal(size=400) + apart * positive, positive) for _ in range(1000)]
    assert np.mean([auc_low(one, conversions, 400 - conversions, 2.0) > truth for one in aucs]) < 0.03


def test_the_more_is_looked_at_the_more_a_bound_keeps() -> None:
    assert deviations(1) == pytest.approx(2.326, abs=0.001)
    assert deviations(100) == pytest.approx(3.719, abs=0.001)


def test_what_was_never_seen_may_still_be() -> None:
    """The score bound of a Poisson mean: 0 may stand for z squared; 4 lie 2 deviations from 4 + 2 + 2 sqrt(5)."""
    assert exceptions_high(0, 3.0) == 9.0
    assert exceptions_high(4, 2.0) == pytest.approx(4 + 2 + 2 * 5**0.5)
