"""A ridge beside the trees: logistic regression with an l2 penalty, whose strength is chosen on windows inside training.

Its few smooth lines are worth as much as trees where deals are few, and the mean of both is worth more than either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from scoring.calibration import IDENTITY
from scoring.ridge import Line, Ranges, RidgeMember, standard, straight
from training import number_ranges
from training.booster import FloatArray, IntArray, Window
from training.calibrators import log_loss
from training.ridge_columns import RidgeColumns
from training.settings import threads

Labels = NDArray[np.int8]
STRENGTHS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)  # scikit-learn's C: the least binds most
RANGES = 5
_MOST_STEPS = 1000
_LEAST_VARIANCE = 0.05  # of a cell: at its own, the ridge would not hold back what a handful of leads say
_LEAST_RATE = 1e-6
_LEAST_SCALE = 1e-9  # numbers that lie closer, straightened, are apart by rounding alone


@dataclass(frozen=True, eq=False)
class Ridge:
    """A ridge fitted on the whole training part, and what its strength did on the windows.

    `grown`: the ridge of each window, oldest first; `margins`: out of sample, [validation rows] for each.
    """

    member: RidgeMember
    strength: float
    grown: tuple[RidgeMember, ...]
    margins: tuple[FloatArray, ...]


def fit(
    matrix: FloatArray, labels: Labels, weights: FloatArray, windows: Sequence[Window], columns: RidgeColumns
) -> Ridge:
    """Fit on the training part with the strength whose log loss on the windows is least.

    `matrix` [training snapshots, features], nan is missing; `labels` 0 or 1, `weights` [training snapshots].
    `windows`: at least one. The validation rows of a window count once each, its training rows by their weights.
    """
    paths = [_path(matrix, labels, one, columns) for one in windows]
    truth = [labels[one.validation] for one in windows]
    losses = [
        sum(log_loss(IDENTITY, path[place][1], true) * len(true) for path, true in zip(paths, truth, strict=True))
        for place in range(len(STRENGTHS))
    ]
    place = int(np.argmin(losses))
    grown, margins = zip(*(path[place] for path in paths), strict=True)
    return Ridge(grow(matrix, labels, weights, columns, STRENGTHS[place]), STRENGTHS[place], grown, margins)


def grow(
    matrix: FloatArray, labels: Labels, weights: FloatArray, columns: RidgeColumns, strength: float
) -> RidgeMember:
    """Fit a ridge of a strength (scikit-learn's C) on all rows."""
    rows = np.arange(len(matrix))
    encoded = _encoded(matrix, rows, columns)
    design = encoded.design(matrix, rows)
    if not _teaches(design, labels):
        return encoded.member(np.zeros(design.shape[1]), _log_odds(labels, weights))
    with threadpool_limits(threads(matrix.size)):
        fitted = _logistic(strength).fit(design, labels, sample_weight=weights)
    return encoded.member(fitted.coef_[0].astype(np.float64), float(fitted.intercept_[0]))


def _path(
    matrix: FloatArray, labels: Labels, window: Window, columns: RidgeColumns
) -> list[tuple[RidgeMember, FloatArray]]:
    """Each strength's ridge and its margins of the window's validation rows; each fit starts from the one before."""
    encoded = _encoded(matrix, window.train, columns)
    design, asked = encoded.design(matrix, window.train), encoded.design(matrix, window.validation)
    if not _teaches(design, labels[window.train]):
        rate = _log_odds(labels[window.train], window.weights)
        return [(encoded.member(np.zeros(design.shape[1]), rate), np.full(len(asked), rate))] * len(STRENGTHS)
    logistic = _logistic(STRENGTHS[0]).set_params(warm_start=True)
    found = []
    with threadpool_limits(threads(matrix.size)):
        for strength in STRENGTHS:
            logistic.set_params(C=strength).fit(design, labels[window.train], sample_weight=window.weights)
            member = encoded.member(logistic.coef_[0].astype(np.float64), float(logistic.intercept_[0]))
            found.append((member, np.asarray(logistic.decision_function(asked), dtype=np.float64)))
    return found


def _teaches(design: NDArray[np.float32], labels: Labels) -> bool:
    """Whether there is anything to tell apart, and by."""
    return design.shape[1] > 0 and bool(labels.min() != labels.max())


def _log_odds(labels: Labels, weights: FloatArray) -> float:
    """The log-odds of everybody: what a ridge says where nothing can be told apart."""
    rate = float(np.clip(np.average(labels, weights=weights), _LEAST_RATE, 1 - _LEAST_RATE))
    return float(np.log(rate / (1 - rate)))


def _logistic(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, solver="lbfgs", max_iter=_MOST_STEPS)


@dataclass(frozen=True, eq=False)
class _Cells:
    """A column whose values fall into cells: the codes, or the ranges between `borders`; the last cell is missing.

    `shares` [cells]: of the rows that fall into each. In the design a cell is a column, in scales from its mean as
    any other column is; one that no row falls into, or all, is 0.
    """

    column: int
    borders: FloatArray | None
    shares: FloatArray

    @property
    def scales(self) -> FloatArray:
        """One over the standard deviation of each cell's column, of a rare one as if it were less rare; 0: no row, or all."""
        spread = np.sqrt(np.maximum(self.shares * (1 - self.shares), _LEAST_VARIANCE))
        return np.where((self.shares > 0) & (self.shares < 1), 1 / spread, 0.0)

    def fill(self, design: NDArray[np.float32], values: FloatArray) -> None:
        """Write the cells' columns; of a cell that training did not see, the means."""
        place = _cell(values, self.borders, len(self.shares))
        place = np.where(self.scales[place] > 0, place, -1)
        design[:] = -self.shares * self.scales
        known = np.flatnonzero(place >= 0)
        design[known, place[known]] += self.scales[place[known]]
        design[np.flatnonzero(place < 0)] = 0

    def parts(self, weights: FloatArray) -> FloatArray:
        """What each cell adds, counted from the mean over the rows: 0 where training saw none."""
        own = weights * self.scales
        return np.where(self.scales > 0, own - self.shares @ own, 0.0)


def _cell(values: FloatArray, borders: FloatArray | None, count: int) -> IntArray:
    """The cell of each value; -1: a code that is none of the `count` cells."""
    missing = np.isnan(values)
    known = np.where(missing, 0.0, values)
    place = known.astype(np.int64) if borders is None else np.searchsorted(borders, known, side="right")
    place = np.where((place >= 0) & (place < count - 1), place, -1)
    return np.where(missing, count - 1, place)


@dataclass(frozen=True, eq=False)
class _Encoded:
    """How a matrix becomes a design: numbers in scales from their centres, then each cell of each other column."""

    names: tuple[str, ...]
    numbers: IntArray
    centres: FloatArray
    scales: FloatArray
    cells: tuple[_Cells, ...]

    def design(self, matrix: FloatArray, rows: IntArray) -> NDArray[np.float32]:
        """Return [rows, columns]; a number that is missing is 0, which is the mean."""
        bounds = self._bounds
        found = np.zeros((len(rows), bounds[-1]), dtype=np.float32)
        for place, column in enumerate(self.numbers):
            found[:, place] = standard(matrix[rows, column], self.centres[place], self.scales[place])
        for one, begin, end in zip(self.cells, bounds[:-1], bounds[1:], strict=True):
            one.fill(found[:, begin:end], matrix[rows, one.column])
        return found

    def member(self, weights: FloatArray, intercept: float) -> RidgeMember:
        """Return the member that the design's weights make."""
        parts = zip(self.numbers, self.centres, self.scales, weights[: len(self.numbers)], strict=True)
        lines = {self.names[column]: Line(float(a), float(b), float(c)) for column, a, b, c in parts}
        steps, ranges, missing = dict[str, tuple[float, ...]](), dict[str, Ranges](), dict[str, float]()
        for one, begin, end in zip(self.cells, self._bounds[:-1], self._bounds[1:], strict=True):
            name, (*own, absent) = self.names[one.column], one.parts(weights[begin:end]).tolist()
            missing[name] = absent
            if one.borders is None:
                steps[name] = tuple(own)
            else:
                ranges[name] = Ranges(tuple(one.borders.tolist()), tuple(own))
        return RidgeMember(self.names, lines, steps, intercept, ranges=ranges, missing=missing)

    @property
    def _bounds(self) -> list[int]:
        """Where the cells of each column begin in the design, and where the last ends."""
        return list(accumulate((len(one.shares) for one in self.cells), initial=len(self.numbers)))


def _encoded(matrix: FloatArray, rows: IntArray, columns: RidgeColumns) -> _Encoded:
    """Learn centres, scales, borders and shares from some rows; columns that tell no two of them apart are left out."""
    numbers, centres, scales, cells = [], [], [], list[_Cells]()
    for column in columns.lines:
        values = matrix[rows, column]
        known = values[np.isfinite(values)]
        straightened = straight(known)
        if not len(known) or not np.ptp(known) or straightened.std() < _LEAST_SCALE:
            continue
        numbers.append(column)
        centres.append(float(straightened.mean()))
        scales.append(float(straightened.std()))
    for column in sorted((*columns.codes, *columns.ranges)):
        values = matrix[rows, column]
        known = values[np.isfinite(values)]
        if not len(known):
            continue
        borders = None if column in columns.codes else number_ranges.borders(known, RANGES)
        count = 2 + (int(known.max()) if borders is None else len(borders))
        shares = np.bincount(_cell(values, borders, count), minlength=count) / len(values)
        if (shares > 0).sum() > 1:
            cells.append(_Cells(column, borders, shares))
    return _Encoded(columns.names, np.array(numbers, np.int64), np.array(centres), np.array(scales), tuple(cells))
