"""Predicted over observed: hand-countable intervals, and how often they hold the truth."""

import math

import numpy as np
import pytest

from training.monitor.ratio import design_effect, ratio


def labels(ones: int, of: int) -> np.ndarray:
    return np.r_[np.ones(ones, dtype=np.int8), np.zeros(of - ones, dtype=np.int8)]


def test_ten_promised_and_ten_observed_have_garwoods_interval() -> None:
    """Of ten seen, the 95% limits of a Poisson mean are 4.795 and 18.39 (Garwood 1936)."""
    found = ratio(np.full(100, 0.1), labels(10, 100), 1.0, 0.95)
    assert (found.predicted, found.observed, found.value) == (pytest.approx(10), 10, pytest.approx(1))
    assert (found.low, found.high) == (pytest.approx(10 / 18.390, abs=1e-3), pytest.approx(10 / 4.795, abs=1e-3))


def test_where_nothing_came_the_ratio_has_a_low_end_alone() -> None:
    """None seen: the mean is at most 3.689."""
    found = ratio(np.full(80, 0.1), labels(0, 80), 1.0, 0.95)
    assert (found.value, found.high) == (math.inf, math.inf)
    assert found.low == pytest.approx(8 / 3.689, abs=1e-3)


def test_where_nothing_was_promised_there_is_no_ratio() -> None:
    assert math.isnan(ratio(np.zeros(5), labels(0, 5), 1.0, 0.95).value)


def test_conversions_that_come_in_fours_widen_the_interval_as_if_a_quarter_was_seen() -> None:
    one, four = (ratio(np.full(400, 0.1), labels(40, 400), design, 0.95) for design in (1.0, 4.0))
    quarter = ratio(np.full(100, 0.1), labels(10, 100), 1.0, 0.95)
    assert (four.low, four.high) == (pytest.approx(quarter.low), pytest.approx(quarter.high))
    assert four.low < one.low < one.high < four.high


def test_answers_that_each_come_four_times_have_a_design_effect_of_four() -> None:
    truth, group = labels(10, 100), np.arange(100)
    assert design_effect(np.full(100, 0.1), truth, group) == pytest.approx(1.0)
    assert design_effect(np.full(400, 0.1), np.repeat(truth, 4), np.repeat(group, 4)) == pytest.approx(4.0)


def test_a_score_that_is_wrong_everywhere_alike_has_no_design_effect() -> None:
    assert design_effect(np.full(100, 0.5), labels(10, 100), np.arange(100)) == pytest.approx(1.0)


@pytest.mark.parametrize("size", [1, 3])
def test_the_95_percent_interval_holds_the_truth_about_19_times_in_20(size: int) -> None:
    """Accounts of `size` leads that convert or not together; 600 draws of 60 accounts, rate 0.1."""
    random = np.random.default_rng(5)
    held = 0
    for _ in range(600):
        rate = np.repeat(random.beta(1, 9, 60), size)
        truth = np.repeat((random.random(60) < rate[::size]).astype(np.int8), size)
        group = np.repeat(np.arange(60), size)
        found = ratio(rate, truth, design_effect(rate, truth, group), 0.95)
        held += found.low <= 1 <= found.high
    assert 0.93 <= held / 600 <= 0.995
