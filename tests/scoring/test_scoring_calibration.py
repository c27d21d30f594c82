"""Calibration in logit space: what it must find, and what it must never do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histories.errors import DataError
from scoring import calibration
from scoring.calibration import IDENTITY, Beta, Calibrator, sigmoid


def sample(slope: float, intercept: float, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    margins = rng.normal(-1.0, 1.5, count)
    return margins, (rng.random(count) < sigmoid(slope * margins + intercept)).astype(int)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.4, -2.0), (2.5, 1.0)])
def test_finds_the_slope_and_intercept_that_made_the_labels(slope: float, intercept: float):
    fitted = calibration.fit(*sample(slope, intercept, 200_000, 1))
    assert fitted.slope == pytest.approx(slope, rel=0.03)
    assert fitted.intercept == pytest.approx(intercept, abs=0.05)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 20), st.floats(-3, 3), st.sampled_from([30, 300]))
def test_probabilities_add_up_to_the_labels_and_keep_the_order(seed: int, slope: float, intercept: float, count: int):
    margins, labels = sample(slope, intercept, count, seed)
    labels[:2] = (0, 1)
    fitted = calibration.fit(margins, labels)
    probabilities = fitted.apply(margins)
    assert fitted.slope > 0
    assert probabilities.sum() == pytest.approx(labels.sum(), rel=1e-6)
    assert (np.diff(probabilities[np.argsort(margins)]) >= 0).all()


def test_is_the_maximum_of_the_likelihood():
    margins, labels = sample(0.7, -1.0, 500, 3)
    fitted = calibration.fit(margins, labels)

    def loss(slope: float, intercept: float) -> float:
        return float(np.sum(np.logaddexp(0, slope * margins + intercept) - labels * (slope * margins + intercept)))

    least = loss(fitted.slope, fitted.intercept)
    for step in (-0.05, 0.05):
        assert loss(fitted.slope + step, fitted.intercept) > least
        assert loss(fitted.slope, fitted.intercept + step) > least


def test_a_weight_of_two_is_the_row_twice():
    margins, labels = sample(1.0, 0.0, 300, 4)
    weights = np.where(np.arange(300) % 3 == 0, 2.0, 1.0)
    twice = np.repeat(np.arange(300), weights.astype(int))
    weighted, repeated = calibration.fit(margins, labels, weights), calibration.fit(margins[twice], labels[twice])
    assert weighted.slope == pytest.approx(repeated.slope, rel=1e-9)
    assert weighted.intercept == pytest.approx(repeated.intercept, rel=1e-9)


def test_separable_labels_stay_finite_and_margins_that_mislead_are_flattened():
    margins = np.linspace(-2, 2, 100)
    separable = calibration.fit(margins, margins > 0)
    assert 5 < separable.slope < 1000
    misled = calibration.fit(margins, margins < 0)
    assert 0 < misled.slope < 1e-5
    assert misled.apply(margins) == pytest.approx(np.full(100, 0.5), abs=1e-5)


def test_equal_margins_get_the_share_of_ones():
    fitted = calibration.fit(np.full(10, 3.0), np.arange(10) < 2)
    assert fitted.apply(np.array([3.0]))[0] == pytest.approx(0.2)


@pytest.mark.parametrize(("margin", "count"), [(0.1, 7), (5.35, 100), (33.33, 1234)])
def test_equal_margins_whose_mean_is_not_exact_have_no_spread(margin: float, count: int):
    """The mean of many 0.1 is not 0.1. Taken for a spread, that made a slope of 10^10, and any other margin certain."""
    fitted = calibration.fit(np.full(count, margin), np.arange(count) < 2)
    assert fitted.slope == pytest.approx(1.0)
    assert fitted.apply(np.array([margin]))[0] == pytest.approx(2 / count)


def test_the_same_data_give_the_same_bits():
    assert calibration.fit(*sample(1.3, 0.2, 1000, 5)) == calibration.fit(*sample(1.3, 0.2, 1000, 5))


@pytest.mark.parametrize("labels", [[0, 0, 0], [1, 1, 1]])
def test_labels_of_one_sort_are_refused(labels: list[int]):
    message = f"^calibration needs outcomes of both sorts; of 3 snapshots {sum(labels)} converted$"
    with pytest.raises(DataError, match=message):
        calibration.fit(np.array([1.0, 2.0, 3.0]), labels)


def test_a_slope_that_turns_the_order_around_is_refused():
    for slope, intercept in ((0.0, 0.0), (-1.0, 0.0), (np.nan, 0.0), (1.0, np.inf)):
        with pytest.raises(ValueError, match="finite, and the slope above 0"):
            Calibrator(slope, intercept)


def test_beta_is_what_kull_and_others_write():
    """ln(p'/(1 - p')) = a * ln p - b * ln(1 - p) + c; with a = b and c = 0 it leaves the log-odds as they are, times a."""
    chances = np.array([0.001, 0.2, 0.5, 0.97])
    margins = np.log(chances / (1 - chances))
    expected = 0.5 * np.log(chances) - 2.0 * np.log(1 - chances) + 0.1
    np.testing.assert_allclose(Beta(0.5, 2.0, 0.1).log_odds(margins), expected, rtol=1e-12)
    np.testing.assert_allclose(Beta(1.5, 1.5, 0.0).log_odds(margins), 1.5 * margins, rtol=1e-12, atol=1e-15)


bends = st.floats(0, 5)


@settings(max_examples=100, deadline=None)
@given(bends, bends, st.floats(-3, 3), st.floats(-30, 30), st.floats(-30, 30))
def test_slopes_lead_from_one_margin_to_the_other(a: float, b: float, c: float, start: float, end: float):
    for calibrator in (Beta(a, b + 0.01, c), Calibrator(a + 0.01, c)):
        first, last = np.array([start]), np.array([end])
        risen = calibrator.slopes(first, last) * (last - first)
        np.testing.assert_allclose(calibrator.log_odds(first) + risen, calibrator.log_odds(last), atol=1e-9)
        assert calibrator.slopes(first, last)[0] >= 0
        near = calibrator.slopes(first, first + 1e-7)[0]
        assert near == pytest.approx(calibrator.slopes(first, first)[0], rel=1e-5)


def test_a_beta_that_turns_the_order_around_is_refused():
    for a, b, c in ((0.0, 0.0, 0.0), (-0.1, 1.0, 0.0), (1.0, -0.1, 0.0), (np.nan, 1.0, 0.0), (1.0, 1.0, np.inf)):
        with pytest.raises(ValueError, match="finite, a and b at least 0 and not both 0"):
            Beta(a, b, c)


def test_the_sigmoid_neither_overflows_nor_depends_on_company():
    margins = np.concatenate([[-1e4, -745.0, 0.0, 745.0, 1e4], np.random.default_rng(0).normal(0, 9, 1001)])
    together = IDENTITY.apply(margins)
    assert together[[0, 2, 4]].tolist() == [0.0, 0.5, 1.0]
    assert together.tolist() == [IDENTITY.apply(margins[place : place + 1])[0] for place in range(len(margins))]
