"""PSI against its own luck: hand-countable values, what accounts do to it, and how often it is wrong at small samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.monitor import psi
from training.monitor.psi import Sample, Shift, shift, shift_from_fixed


def sample(*counts: int, copies: int = 1, first: int = 0) -> Sample:
    """So many rows in each bin; each row is an account's, `copies` times."""
    bins = np.repeat(np.arange(len(counts)), counts)
    account = first + np.arange(len(bins))
    return Sample(np.repeat(bins, copies), np.ones(len(bins) * copies), np.repeat(account, copies))


def test_halves_against_quarters() -> None:
    """(1/4)^2 / (3/8) + (1/4)^2 / (5/8)."""
    found = shift(sample(50, 50), sample(25, 75, first=100), 0.01)
    assert found.psi == pytest.approx(0.0625 / 0.375 + 0.0625 / 0.625)


def test_luck_brings_what_yurdakul_and_naranjo_say() -> None:
    """(1/n + 1/m) x the mean of a chi-square with 3 degrees of freedom, and its 99% quantile, 11.34."""
    found = shift(sample(250, 250, 250, 250), sample(100, 100, 100, 100, first=1000), 0.01)
    assert found.by_luck == pytest.approx(3 * (1 / 1000 + 1 / 400), rel=0.01)
    assert found.bound == pytest.approx(11.34 * (1 / 1000 + 1 / 400), rel=0.03)
    assert (found.psi, found.p) == (pytest.approx(0), pytest.approx(1))


def test_a_bin_that_emptied_is_finite_and_moved() -> None:
    found = shift(sample(50, 50), sample(0, 100, first=100), 0.001)
    assert found.psi == pytest.approx(0.25 / 0.25 + 0.25 / 0.75)
    assert found.moved


def test_the_same_move_is_told_of_many_leads_and_not_of_few() -> None:
    few, many = (shift(sample(6 * n, 4 * n), sample(4 * n, 6 * n, first=10**6), 0.001) for n in (3, 60))
    assert few.psi == pytest.approx(many.psi)
    assert few.psi > psi.MATERIAL
    assert not few.moved
    assert few.psi < few.bound


def test_a_move_that_is_no_luck_but_matters_to_nobody_calls_nobody() -> None:
    found = shift(sample(50_000, 50_000), sample(51_000, 49_000, first=10**6), 0.01)
    assert found.p < 0.001
    assert not found.moved


def test_rows_of_one_account_tell_no_more_than_one() -> None:
    one, ten = (shift(sample(60, 40, copies=n), sample(40, 60, copies=n, first=1000), 0.01) for n in (1, 10))
    assert ten == Shift(*(pytest.approx(value) for value in (one.psi, one.by_luck, one.bound, one.p)))


def test_accounts_in_both_samples_take_their_own_luck_out() -> None:
    """The same accounts with the same values: nothing can have moved by luck."""
    found = shift(sample(30, 40, 30), sample(30, 40, 30), 0.01)
    assert not found.told


def test_too_few_accounts_tell_nothing() -> None:
    found = shift(sample(10, 9), sample(90, 10, first=100), 0.01)
    assert not found.told
    assert not found.moved


def test_a_frozen_reference_adds_its_own_luck() -> None:
    counts = np.array([250, 250, 250, 250])
    found = shift_from_fixed(counts, sample(100, 100, 100, 100), 0.01)
    assert found.by_luck == pytest.approx(3 * (1 / 1000 + 1 / 400), rel=0.01)


def test_missing_values_have_a_bin_of_their_own_and_equal_values_stay_together() -> None:
    cuts = psi.edges(np.array([0.0] * 80 + [1, 2, 3, 4] * 5 + [np.nan] * 7), 10)
    assert cuts.tolist() == [0.0, 2.0]
    assert psi.binned(np.array([np.nan, 0, 1, 2, 3, 9]), cuts).tolist() == [0, 1, 2, 2, 3, 3]


@settings(deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=8), st.integers(20, 200))
def test_merged_bins_are_numbered_without_gaps_and_keep_their_order(counts: list[int], accounts: int) -> None:
    bins = np.repeat(np.arange(len(counts)), counts)
    reference, current = psi.merged(bins, bins, (accounts, accounts))
    assert np.array_equal(reference, current)
    assert (np.diff(reference) >= 0).all()
    assert set(reference.tolist()) == set(range(len(set(reference.tolist()))))


@pytest.mark.parametrize(("now", "before"), [(25, 25), (40, 200), (100, 1000)])
def test_luck_exceeds_its_bound_as_often_as_was_agreed_also_at_few_accounts(now: int, before: int) -> None:
    """300 pairs of one distribution, accounts of about two leads that are alike: 5% of them beyond the 5% bound."""
    random = np.random.default_rng(now)
    beyond, told = 0, 0
    for _ in range(300):
        samples = []
        for accounts in (before, now):
            group = np.repeat(np.arange(accounts), 1 + random.poisson(1.0, accounts))
            samples.append((group, random.normal(size=accounts)[group] + random.normal(size=len(group))))
        (first, old), (second, new) = samples
        cuts = psi.edges(old, psi.MOST_BINS)
        bins = psi.merged(psi.binned(old, cuts), psi.binned(new, cuts), (before, now))
        found = shift(
            Sample(bins[0], np.ones(len(old)), first), Sample(bins[1], np.ones(len(new)), second + before), 0.05
        )
        told += found.told
        beyond += found.told and found.psi > found.bound
    assert told == 300
    assert 0.02 <= beyond / told <= 0.09
