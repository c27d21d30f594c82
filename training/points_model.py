"""The rulebook's points as a model: brought to probabilities on training data, so that both can be compared."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histories.contract import Target
from scoring import calibration
from scoring.calibration import IDENTITY
from scoring.model import Model, PointsMember
from scoring.rules import HUNDREDTHS
from training.booster import Start
from training.snapshots import Snapshots
from training.split import Split

FloatArray = NDArray[np.float64]
Labels = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Worth:
    """What points are worth: log-odds = slope * whole points + intercept. `centre`: the mean points it was learnt from."""

    slope: float
    intercept: float
    centre: float

    def margins(self, points: FloatArray) -> FloatArray:
        """Return the log-odds of whole points."""
        return self.slope * points + self.intercept


def worth(points: FloatArray, labels: Labels, weights: FloatArray | None = None) -> Worth:
    """Learn what points are worth. `points` [n] in whole points, `labels` [n] 0 or 1, `weights` [n] (None: 1 each).

    Where all points are equal nothing is known of what a point is worth, and the slope is 0: the rate, whatever the
    points. Raises DataError where the labels are all alike.
    """
    fitted = calibration.fit(points, labels, weights)
    centre = float(np.mean(points))
    if not np.ptp(points):
        return Worth(0.0, fitted.slope * float(points[0]) + fitted.intercept, centre)
    return Worth(fitted.slope, fitted.intercept, centre)


def calibrated_points(points: FloatArray, labels: Labels, target: Target, horizon_days: int) -> Model:
    """Return points as a model: p = sigmoid(slope * points + intercept), fitted on training snapshots.

    `points` [n] in whole points, `labels` [n] with at least one 0 and one 1. Points have nothing fitted
    in them, so training snapshots are out of sample for them.
    """
    found = worth(points, labels)
    member = PointsMember(found.slope, found.intercept, 0.0, found.centre)
    return Model(target, horizon_days, (member,), IDENTITY)


def start_from(points: FloatArray, snapshots: Snapshots, split: Split) -> tuple[Worth, Start]:
    """Return margins from points for trees to start from, and what the points are worth on the whole training part.

    `points` [training snapshots] in whole points. A fold's margins are out of fold: what points are worth there is
    learnt from what trains for the fold.
    """
    whole = worth(points, snapshots.answer[split.train], split.weights)
    folds = []
    for fold in split.folds:
        own = points[np.searchsorted(split.train, fold.train)]
        folds.append(worth(own, snapshots.answer[fold.train], fold.weights).margins(points))
    return whole, Start(whole.margins(points), tuple(folds))


def whole_points(hundredths: NDArray[np.int64]) -> FloatArray:
    """Turn the ledger's hundredths into points."""
    return np.asarray(hundredths / HUNDREDTHS, dtype=np.float64)
