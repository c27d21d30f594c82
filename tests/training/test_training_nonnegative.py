"""Slopes at or above 0: the best there are, and drawn towards what was believed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from scoring.calibration import sigmoid
from training.nonnegative import Belief, Coefficients, fit

FloatArray = NDArray[np.float64]


def drawn(seed: int, slopes: list[float], count: int = 400) -> tuple[FloatArray, NDArray[np.int8]]:
    random = np.random.default_rng(seed)
    columns = random.exponential(1.0, size=(count, len(slopes)))
    chance = sigmoid(columns @ np.array(slopes) - 1.0)
    labels = (random.random(count) < chance).astype(np.int8)
    labels[:2] = 0, 1
    return columns, labels


def free(count: int) -> Belief:
    return Belief(np.zeros(count), np.zeros(count))


def test_where_no_slope_would_be_below_0_it_is_logistic_regression() -> None:
    columns, labels = drawn(1, [0.8, 0.4])
    found = fit(columns, np.zeros(400), labels, free(2))
    plain = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(columns, labels)
    assert found.slopes == pytest.approx(plain.coef_[0], abs=1e-5)
    assert found.intercept == pytest.approx(plain.intercept_[0], abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.floats(-1.5, 1.5), min_size=1, max_size=5),
    st.floats(0, 50),
    st.floats(0, 1),
)
def test_no_step_from_the_solution_lowers_the_loss(
    seed: int, slopes: list[float], weight: float, believed: float
) -> None:
    """Karush, Kuhn, Tucker: the gradient is 0 where a slope is above 0, and does not point below 0 where it is 0."""
    columns, labels = drawn(seed, slopes)
    count = len(slopes)
    belief = Belief(np.full(count, believed), np.full(count, weight))
    found = fit(columns, np.zeros(400), labels, belief)
    error = sigmoid(columns @ found.slopes + found.intercept) - labels
    gradient = columns.T @ error + weight * (found.slopes - believed)
    assert (found.slopes >= 0).all()
    assert abs(error.sum()) < 1e-2
    assert np.abs(gradient[found.slopes > 0]).max(initial=0.0) < 1e-2
    assert (gradient[found.slopes == 0] > -1e-2).all()


def test_a_strong_belief_stays_and_none_gives_way() -> None:
    columns, labels = drawn(3, [0.8, -0.6])
    sure = Belief(np.array([0.3, 0.3]), np.full(2, 1e9))
    assert fit(columns, np.zeros(400), labels, sure).slopes == pytest.approx([0.3, 0.3], abs=1e-4)
    assert fit(columns, np.zeros(400), labels, free(2)).slopes[1] == 0.0


def test_log_odds_that_are_known_are_not_learnt_again() -> None:
    columns, labels = drawn(4, [0.8, 0.5], count=4000)
    known = fit(columns[:, :1], 0.5 * columns[:, 1], labels, free(1))
    assert known.slopes == pytest.approx([0.8], abs=0.15)


def test_the_start_does_not_matter() -> None:
    columns, labels = drawn(5, [0.8, -0.4, 0.1])
    cold = fit(columns, np.zeros(400), labels, free(3))
    warm = fit(columns, np.zeros(400), labels, free(3), Coefficients(2.0, np.array([0.0, 3.0, 1.0])))
    assert warm.slopes == pytest.approx(cold.slopes, abs=1e-5)
