"""Logistic regression whose coefficients are never below 0, drawn towards what was believed before."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.calibration import sigmoid

FloatArray = NDArray[np.float64]
_STEPS = 60
_HALVINGS = 40
_ENOUGH = 1e-9


@dataclass(frozen=True, eq=False)
class Belief:
    """Coefficients before the data speak, and how many units of information each is worth; both [columns]."""

    mean: FloatArray
    weight: FloatArray


@dataclass(frozen=True, eq=False)
class Coefficients:
    """What was fitted: log-odds = `intercept` + offset + columns @ `slopes`, slopes at or above 0."""

    intercept: float
    slopes: FloatArray


def fit(
    columns: FloatArray, offset: FloatArray, labels: NDArray[np.int8], belief: Belief, start: Coefficients | None = None
) -> Coefficients:
    """Minimise log loss plus `weight` / 2 * (slope - mean)^2 over slopes >= 0 and a free intercept.

    `columns` [n, k], `offset` [n] (log-odds known already), `labels` [n] of both sorts. The problem is convex, its
    solution the same wherever `start` lies. Projected Newton (Bertsekas 1982): slopes at 0 that the gradient holds
    there rest, the others take Newton's step, shortened until the loss falls.
    """
    truth = labels.astype(np.float64)
    share = float(truth.mean())
    found = start or Coefficients(float(np.log(share / (1 - share))), np.maximum(belief.mean, 0.0))
    vector = np.r_[found.intercept, np.maximum(found.slopes, 0.0)]
    wide = np.column_stack([np.ones(len(truth)), columns])
    weight, mean = np.r_[0.0, belief.weight], np.r_[0.0, belief.mean]

    def loss(at: FloatArray) -> float:
        log_odds = wide @ at + offset
        return float(np.logaddexp(0.0, log_odds).sum() - truth @ log_odds + 0.5 * weight @ (at - mean) ** 2)

    best = loss(vector)
    for _ in range(_STEPS):
        chance = sigmoid(wide @ vector + offset)
        gradient = wide.T @ (chance - truth) + weight * (vector - mean)
        moving = (vector > 0) | (gradient < 0)
        moving[0] = True
        if np.abs(gradient[moving]).max(initial=0.0) <= _ENOUGH * len(truth):
            break
        some = wide[:, moving]
        curve = some.T @ (some * (chance * (1 - chance))[:, None]) + np.diag(weight[moving] + 1e-12)
        step = np.zeros(len(vector))
        step[moving] = np.linalg.solve(curve, gradient[moving])
        shorter, value = _shortened(loss, vector, step, best)
        if not value < best:
            break
        vector, best = shorter, value
    return Coefficients(float(vector[0]), vector[1:])


def _shortened(
    loss: Callable[[FloatArray], float], vector: FloatArray, step: FloatArray, best: float
) -> tuple[FloatArray, float]:
    """Halve a step until the loss falls; slopes that would fall below 0 stop there."""
    scale = 1.0
    for _ in range(_HALVINGS):
        shorter = vector - scale * step
        shorter[1:] = np.maximum(shorter[1:], 0.0)
        value = loss(shorter)
        if value < best:
            return shorter, value
        scale /= 2
    return vector, best
