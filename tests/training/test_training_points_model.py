"""The rulebook's points as a model: what they say where training tells something of them, and where it does not."""

import numpy as np
import pytest

from histories.contract import Target
from training.points_model import calibrated_points, whole_points


def _said(points: list[float], labels: np.ndarray, asked: list[int]) -> list[float]:
    model = calibrated_points(np.array(points), labels.astype(np.int8), Target.CUSTOMER, 30)
    hundredths = np.array(asked, dtype=np.int64)
    return list(model.probabilities(np.zeros((len(asked), 0)), hundredths))


@pytest.mark.parametrize("points", [0.0, 0.1, 12.07])
def test_points_that_were_equal_in_training_say_the_base_rate_whatever_they_are_later(points: float):
    """A rule that nobody met in training makes nobody certain who meets it later."""
    said = _said([points] * 100, np.arange(100) < 3, [round(points * 100), 0, 4000, -500])
    assert said == pytest.approx([0.03] * 4)


def test_more_points_are_more_likely_where_they_were_in_training():
    labels = np.arange(100) % 10 < np.repeat([1, 4], 50)
    low, high = _said([0.0] * 50 + [10.0] * 50, labels, [0, 1000])
    assert (low, high) == (pytest.approx(0.1, abs=1e-3), pytest.approx(0.4, abs=1e-3))


def test_hundredths_become_points():
    assert whole_points(np.array([0, 535, -20])).tolist() == [0.0, 5.35, -0.2]
