"""The straight line that would put probabilities right: slope and intercept on the log-odds scale.

Cox, "Two further applications of a model for binary regression", Biometrika 45 (1958): a logistic regression of the
labels on the log-odds predicted. Slope 1 and intercept 0 are right; a slope below 1 tells of probabilities that lie too
far apart. Unlike `scoring.calibration` nothing is pulled or bounded here: a slope below 0 is shown as what it is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.calibration import sigmoid

FloatArray = NDArray[np.float64]
_STEPS = 100
_LEAST_SPREAD = 1e-4  # log-odds: what lies closer says nothing, and the curvature has no inverse


@dataclass(frozen=True, slots=True)
class Line:
    """log-odds observed = intercept + slope * log-odds predicted."""

    slope: float
    intercept: float


def fit(margins: FloatArray, labels: FloatArray) -> Line | None:
    """Fit by maximum likelihood; None where there is no such line: margins all alike, or labels apart by a cut.

    `margins` (log-odds) and `labels` (0 or 1) are [n].
    """
    ones, zeros = margins[labels == 1], margins[labels == 0]
    if not len(ones) or not len(zeros) or ones.min() >= zeros.max() or ones.max() <= zeros.min():
        return None
    if np.ptp(margins) < _LEAST_SPREAD:
        return None
    line, best = Line(0.0, float(np.log(len(ones) / len(zeros)))), np.inf
    for _ in range(_STEPS):
        parts = terms(margins, labels, line).sum(axis=0)
        intercept, slope = (float(one[0]) for one in step(parts[None, :]))
        scale = 1.0
        while (found := _loss(margins, labels, _moved(line, slope, intercept, scale))) > best and scale > 1e-9:
            scale /= 2
        line = _moved(line, slope, intercept, scale)
        if best - found < 1e-12 * len(labels):
            return line
        best = found
    return line


def terms(margins: FloatArray, labels: FloatArray, line: Line) -> FloatArray:
    """Return what a Newton step adds up, [n, 5]: the gradient (intercept, slope), then the curvature (00, 01, 11)."""
    chance = sigmoid(line.intercept + line.slope * margins)
    error, curve = labels - chance, chance * (1 - chance)
    return np.column_stack([error, error * margins, curve, curve * margins, curve * margins**2])


def step(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Newton's step (intercept, slope) for sums of `terms` [draws, 5]; nan where the curvature has no inverse."""
    first, second, aa, ab, bb = sums.T
    determinant = aa * bb - ab * ab
    determinant = np.where(determinant > 1e-12 * aa * bb, determinant, np.nan)
    return (bb * first - ab * second) / determinant, (aa * second - ab * first) / determinant


def _moved(line: Line, slope: float, intercept: float, scale: float) -> Line:
    return Line(line.slope + scale * slope, line.intercept + scale * intercept)


def _loss(margins: FloatArray, labels: FloatArray, line: Line) -> float:
    log_odds = line.intercept + line.slope * margins
    return float((np.logaddexp(0.0, log_odds) - labels * log_odds).sum())
