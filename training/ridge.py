"""A ridge beside the trees: logistic regression with an l2 penalty, whose strength is chosen on windows inside training.

With few deals its smooth lines are worth as much as trees, and the mean of both is worth more than either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from scoring.calibration import IDENTITY
from scoring.ridge import Line, RidgeMember, standard, straight
from training.booster import Columns, FloatArray, IntArray, Window
from training.calibrators import log_loss
from training.settings import threads

Labels = NDArray[np.int8]
STRENGTHS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)  # scikit-learn's C: the least binds most
_MOST_STEPS = 1000
_LEAST_SCALE = 1e-9  # numbers that lie closer, straightened, are apart by rounding alone


@dataclass(frozen=True, eq=False)
class Ridge:
    """A ridge fitted on the whole training part, and what its strength did on the windows.

    `margins`: out of sample, [validation rows] for each window, oldest first.
    """

    member: RidgeMember
    strength: float
    margins: tuple[FloatArray, ...]


def fit(matrix: FloatArray, labels: Labels, weights: FloatArray, windows: Sequence[Window], columns: Columns) -> Ridge:
    """Fit on the training part with the strength whose log loss on the windows is least.

    `matrix` [training snapshots, features], nan is missing; `labels` 0 or 1, `weights` [training snapshots].
    `windows`: at least one. The validation rows of a window count once each, its training rows by their weights.
    """
    paths = [_path(matrix, labels, one, columns) for one in windows]
    truth = [labels[one.validation] for one in windows]
    losses = [
        sum(log_loss(IDENTITY, path[place], true) * len(true) for path, true in zip(paths, truth, strict=True))
        for place in range(len(STRENGTHS))
    ]
    place = int(np.argmin(losses))
    member = grow(matrix, labels, weights, columns, STRENGTHS[place])
    return Ridge(member, STRENGTHS[place], tuple(path[place] for path in paths))


def grow(matrix: FloatArray, labels: Labels, weights: FloatArray, columns: Columns, strength: float) -> RidgeMember:
    """Fit a ridge of a strength (scikit-learn's C) on all rows."""
    encoded = _encoded(matrix, columns)
    design = encoded.design(matrix)
    with threadpool_limits(threads(matrix.size)):
        fitted = _logistic(strength).fit(design, labels, sample_weight=weights)
    return encoded.member(fitted.coef_[0].astype(np.float64), float(fitted.intercept_[0]))


def _path(matrix: FloatArray, labels: Labels, window: Window, columns: Columns) -> list[FloatArray]:
    """Margins of a window's validation rows for each strength; each fit starts from the one before."""
    train = matrix[window.train]
    encoded = _encoded(train, columns)
    design, asked = encoded.design(train), encoded.design(matrix[window.validation])
    logistic = _logistic(STRENGTHS[0]).set_params(warm_start=True)
    found = []
    with threadpool_limits(threads(matrix.size)):
        for strength in STRENGTHS:
            logistic.set_params(C=strength).fit(design, labels[window.train], sample_weight=window.weights)
            found.append(np.asarray(logistic.decision_function(asked), dtype=np.float64))
    return found


def _logistic(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, solver="lbfgs", max_iter=_MOST_STEPS)


@dataclass(frozen=True, eq=False)
class _Encoded:
    """How a matrix becomes a design: numbers in scales from their centres, then each code of each category.

    `shares`: the columns of codes, with the share of each code among the rows whose code is known.
    """

    names: tuple[str, ...]
    numbers: IntArray
    centres: FloatArray
    scales: FloatArray
    shares: Mapping[int, FloatArray]

    def design(self, matrix: FloatArray) -> NDArray[np.float32]:
        """Return [n, columns]; what is missing is 0, which is the mean."""
        widths = [len(self.numbers), *(len(shares) for shares in self.shares.values())]
        found = np.zeros((len(matrix), sum(widths)), dtype=np.float32)
        for place, column in enumerate(self.numbers):
            found[:, place] = standard(matrix[:, column], self.centres[place], self.scales[place])
        for begin, (column, shares) in zip(np.cumsum(widths)[:-1], self.shares.items(), strict=True):
            codes = matrix[:, column]
            known = np.flatnonzero((codes >= 0) & (codes < len(shares)))
            found[known, begin : begin + len(shares)] = -shares
            found[known, begin + codes[known].astype(np.int64)] += 1
        return found

    def member(self, weights: FloatArray, intercept: float) -> RidgeMember:
        """Return the member that the design's weights make; what a code adds counts from the mean over the codes."""
        count = len(self.numbers)
        parts = zip(self.numbers, self.centres, self.scales, weights[:count], strict=True)
        lines = {self.names[column]: Line(float(a), float(b), float(c)) for column, a, b, c in parts}
        steps = {}
        for column, shares in self.shares.items():
            own = weights[count : count + len(shares)]
            steps[self.names[column]] = tuple((own - shares @ own).tolist())
            count += len(shares)
        return RidgeMember(self.names, lines, steps, intercept)


def _encoded(matrix: FloatArray, columns: Columns) -> _Encoded:
    """Learn centres, scales and shares; columns that are equal wherever they are known are left out."""
    numbers, centres, scales, shares = [], [], [], {}
    for column in range(len(columns.names)):
        known = matrix[:, column][np.isfinite(matrix[:, column])]
        if not len(known) or not np.ptp(known):
            continue
        if column in columns.categorical:
            shares[column] = np.bincount(known.astype(np.int64)) / len(known)
            continue
        straightened = straight(known)
        if straightened.std() < _LEAST_SCALE:
            continue
        numbers.append(column)
        centres.append(float(straightened.mean()))
        scales.append(float(straightened.std()))
    return _Encoded(columns.names, np.array(numbers, np.int64), np.array(centres), np.array(scales), shares)
