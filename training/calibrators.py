"""Which calibrator a model gets: none, logit Platt or beta, by log loss on windows newer than those it was fitted on.

Both are fitted in logit space (scoring.calibration has the sources) with an intercept of its own for each window: what
differs between windows in base rate is drift between their past and themselves, which the refit has learnt already and
which must not be corrected twice. The calibrator's intercept then keeps the mean probability as the model says it.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from scoring.calibration import IDENTITY, Beta, Calibrator, beta_columns, sigmoid

FloatArray = NDArray[np.float64]
Labels = NDArray[np.int8]
BETA_ROWS = 5000
_STEPS = 50
_PULL = 1e-3  # towards the margins as they are, worth a thousandth of an observation: keeps separable windows finite
_LEAST_SLOPE = 0.05
_MOST_SLOPE = 20.0


def choose_calibrator(margins: Sequence[FloatArray], labels: Sequence[Labels]) -> Calibrator | Beta:
    """Return the calibrator with the least log loss on newer windows than it was fitted on, then fitted on all.

    Each window but the oldest is predicted with what the older ones say. `margins`: out of sample, [rows] for each
    window, oldest window first; a single window is halved: its rows come in the order of their cutoffs. Beta, with one
    parameter more, is tried from BETA_ROWS rows on. The margins stay as they are where nothing beats that, or where a
    window holds one outcome alone.
    """
    if len(margins) == 1:
        half = len(margins[0]) // 2
        margins, labels = (margins[0][:half], margins[0][half:]), (labels[0][:half], labels[0][half:])
    if any(part.min(initial=1) == part.max(initial=0) for part in labels):
        return IDENTITY
    fits: list[Callable[[Sequence[FloatArray], Sequence[Labels]], Calibrator | Beta]] = [_none, platt]
    if sum(len(part) for part in labels) >= BETA_ROWS:
        fits.append(beta)
    losses = [
        sum(
            log_loss(fit(margins[:newer], labels[:newer]), margins[newer], labels[newer]) * len(labels[newer])
            for newer in range(1, len(margins))
        )
        for fit in fits
    ]
    return fits[int(np.argmin(losses))](margins, labels)


def name_of(calibrator: Calibrator | Beta) -> str:
    """Name a calibrator as runs record it: `none`, `logit Platt` or `beta`."""
    if calibrator == IDENTITY:
        return "none"
    return "beta" if isinstance(calibrator, Beta) else "logit Platt"


def platt(margins: Sequence[FloatArray], labels: Sequence[Labels]) -> Calibrator:
    """Fit the slope on windows that each hold both outcomes; the intercept keeps their mean probability."""
    together = np.concatenate(margins)
    slope = float(np.clip(_coefficients(together[:, None], labels)[0], _LEAST_SLOPE, _MOST_SLOPE))
    return Calibrator(slope, _intercept(slope * together, float(sigmoid(together).mean())))


def beta(margins: Sequence[FloatArray], labels: Sequence[Labels]) -> Beta:
    """Fit beta's two slopes, at least 0, on windows that each hold both outcomes; `c` keeps their mean probability."""
    together = np.concatenate(margins)
    columns = np.column_stack(beta_columns(together))
    low, high = np.minimum(_at_least_zero(columns, labels), _MOST_SLOPE).tolist()
    return Beta(low, high, _intercept(columns @ (low, high), float(sigmoid(together).mean())))


def log_loss(calibrator: Calibrator | Beta, margins: FloatArray, labels: Labels) -> float:
    """Return the log loss of calibrated margins, nats a row."""
    logits = calibrator.log_odds(margins)
    return float(np.mean(np.logaddexp(0.0, np.where(labels == 1, -logits, logits))))


def _none(margins: Sequence[FloatArray], labels: Sequence[Labels]) -> Calibrator:
    del margins, labels
    return IDENTITY


def _at_least_zero(columns: FloatArray, labels: Sequence[Labels]) -> FloatArray:
    """Coefficients of the columns, none below 0: one that would be is left out, and the others are fitted again."""
    found = _coefficients(columns, labels)
    kept = found > 0
    if not kept.any():
        return np.full(len(found), _LEAST_SLOPE)
    if not kept.all():
        found = np.zeros(len(found))
        found[kept] = np.maximum(_coefficients(columns[:, kept], labels), _LEAST_SLOPE)
    return found


def _coefficients(columns: FloatArray, labels: Sequence[Labels]) -> FloatArray:
    """Logistic regression of the labels on the columns, with an intercept for each window (Newton's method)."""
    count = columns.shape[1]
    window = np.repeat(np.arange(len(labels)), [len(part) for part in labels])
    design = np.column_stack([columns, np.eye(len(labels))[window]])
    truth = np.concatenate(labels).astype(np.float64)
    start = np.r_[np.ones(count), np.zeros(len(labels))]
    found = start.copy()
    for _ in range(_STEPS):
        chance = sigmoid(design @ found)
        gradient = design.T @ (chance - truth) + _PULL * (found - start)
        curve = design.T @ (design * (chance * (1 - chance))[:, None]) + _PULL * np.eye(len(found))
        step = np.linalg.solve(curve, gradient)
        found -= step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-10:
            break
    return np.asarray(found[:count], dtype=np.float64)


def _intercept(log_odds: FloatArray, mean: float) -> float:
    """Bisect for the shift at which the mean probability is `mean`."""
    low, high = -50.0, 50.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if float(sigmoid(log_odds + middle).mean()) < mean else (low, middle)
    return (low + high) / 2
