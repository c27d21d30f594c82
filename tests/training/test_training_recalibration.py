"""The line through labels and log-odds: right where it is known, none where there is none."""

import math

import numpy as np
import pytest

from training import recalibration
from training.recalibration import Line


def test_two_groups_lie_on_the_line_through_their_own_log_odds() -> None:
    """Of 10 at log-odds -1, 2 convert; of 10 at +1, 6: the line passes through log(2/8) and log(6/4)."""
    margins = np.repeat([-1.0, 1.0], 10)
    labels = np.r_[np.repeat([1.0, 0.0], [2, 8]), np.repeat([1.0, 0.0], [6, 4])]
    low, high = math.log(2 / 8), math.log(6 / 4)
    found = recalibration.fit(margins, labels)
    assert found is not None
    assert found.slope == pytest.approx((high - low) / 2)
    assert found.intercept == pytest.approx((high + low) / 2)


def test_probabilities_that_are_right_lie_on_the_diagonal() -> None:
    margins = np.log(np.repeat([0.2, 0.5], 10) / (1 - np.repeat([0.2, 0.5], 10)))
    labels = np.r_[np.repeat([1.0, 0.0], [2, 8]), np.repeat([1.0, 0.0], [5, 5])]
    found = recalibration.fit(margins, labels)
    assert found is not None
    assert (found.slope, found.intercept) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-9))


@pytest.mark.parametrize(
    ("margins", "labels"),
    [
        ([0.5, 0.5, 0.5], [1.0, 0.0, 0.0]),
        ([-2.63494054, -2.63493848, -2.63494054, -2.63493848], [1.0, 0.0, 0.0, 1.0]),
        ([-1.0, 0.0, 1.0], [0.0, 0.0, 1.0]),
        ([-1.0, 0.0, 1.0], [1.0, 1.0, 1.0]),
    ],
    ids=["all alike", "alike but for rounding", "parted by a cut", "one outcome alone"],
)
def test_there_is_no_line_where_nothing_decides_it(margins: list[float], labels: list[float]) -> None:
    found: Line | None = recalibration.fit(np.array(margins), np.array(labels))
    assert found is None
