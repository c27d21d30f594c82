"""The rulebook's points as a model: brought to probabilities on training data, so that both can be compared."""

import numpy as np
from numpy.typing import NDArray

from histories.contract import Target
from scoring import calibration
from scoring.calibration import IDENTITY
from scoring.model import Model, PointsMember
from scoring.rules import HUNDREDTHS

FloatArray = NDArray[np.float64]


def calibrated_points(points: FloatArray, labels: NDArray[np.int8], target: Target, horizon_days: int) -> Model:
    """Return points as a model: p = sigmoid(slope * points + intercept), fitted on training snapshots.

    `points` [n] in whole points, `labels` [n] with at least one 0 and one 1. Points have nothing fitted
    in them, so training snapshots are out of sample for them. Where all are equal nothing is known of what a point
    is worth, and the model says the base rate whatever the points.
    """
    fitted = calibration.fit(points, labels)
    member = PointsMember(fitted.slope, fitted.intercept, 0.0)
    if not np.ptp(points):
        member = PointsMember(0.0, fitted.slope * float(points[0]) + fitted.intercept, 0.0)
    return Model(target, horizon_days, (member,), IDENTITY)


def whole_points(hundredths: NDArray[np.int64]) -> FloatArray:
    """Turn the ledger's hundredths into points."""
    return np.asarray(hundredths / HUNDREDTHS, dtype=np.float64)
