"""How far a booster's margins must be drawn together or apart, learnt on windows that it had not seen.

Platt's slope in logit space, with an intercept of its own for each window: what differs between windows in base
rate is drift between their past and themselves, which the refit has learnt already and which must not be
corrected twice. The calibrator's intercept then keeps the mean probability as the booster says it.
"""

import numpy as np
from numpy.typing import NDArray

from scoring.calibration import IDENTITY, Calibrator, sigmoid

FloatArray = NDArray[np.float64]
Labels = NDArray[np.int8]
_STEPS = 50
_PULL = 1e-3
_LEAST_SLOPE = 0.05
_MOST_SLOPE = 20.0


def choose_calibrator(margins: tuple[FloatArray, ...], labels: tuple[Labels, ...]) -> Calibrator:
    """Return the calibrator of all windows if that of the older ones helps the newest; else the identity.

    Margins are out of sample, oldest window first. A single window is halved: its rows come in the order of their cutoffs.
    """
    if len(margins) == 1:
        half = len(margins[0]) // 2
        margins, labels = (margins[0][:half], margins[0][half:]), (labels[0][:half], labels[0][half:])
    if any(part.min(initial=1) == part.max(initial=0) for part in labels):
        return IDENTITY
    older = spread(margins[:-1], labels[:-1])
    if log_loss(older, margins[-1], labels[-1]) >= log_loss(IDENTITY, margins[-1], labels[-1]):
        return IDENTITY
    return spread(margins, labels)


def spread(margins: tuple[FloatArray, ...], labels: tuple[Labels, ...]) -> Calibrator:
    """Fit the slope on windows that each hold both outcomes; the intercept keeps their mean probability."""
    together = np.concatenate(margins)
    slope = float(np.clip(_slope(margins, labels), _LEAST_SLOPE, _MOST_SLOPE))
    return Calibrator(slope, _intercept(slope * together, float(sigmoid(together).mean())))


def log_loss(calibrator: Calibrator, margins: FloatArray, labels: Labels) -> float:
    """Return the log loss of calibrated margins, nats a row."""
    logits = calibrator.log_odds(margins)
    return float(np.mean(np.logaddexp(0.0, np.where(labels == 1, -logits, logits))))


def _slope(margins: tuple[FloatArray, ...], labels: tuple[Labels, ...]) -> float:
    """Logistic regression of the labels on the margins, with an intercept for each window (Newton's method)."""
    window = np.repeat(np.arange(len(margins)), [len(part) for part in margins])
    columns = np.column_stack([np.concatenate(margins), np.eye(len(margins))[window]])
    truth = np.concatenate(labels).astype(np.float64)
    start = np.r_[1.0, np.zeros(len(margins))]
    found = start.copy()
    for _ in range(_STEPS):
        chance = sigmoid(columns @ found)
        gradient = columns.T @ (chance - truth) + _PULL * (found - start)
        curve = columns.T @ (columns * (chance * (1 - chance))[:, None]) + _PULL * np.eye(len(found))
        step = np.linalg.solve(curve, gradient)
        found -= step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-10:
            break
    return float(found[0])


def _intercept(log_odds: FloatArray, mean: float) -> float:
    """Bisect for the shift at which the mean probability is `mean`."""
    low, high = -50.0, 50.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if float(sigmoid(log_odds + middle).mean()) < mean else (low, middle)
    return (low + high) / 2
