"""Predicted over observed, with an interval that holds for few conversions and for leads of one account."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.monitor.distributions import poisson_limits

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Conversions predicted (the sum of the probabilities) and observed, and the one over the other.

    `value` and `high` are infinite where nothing was observed; nan where nothing was predicted either.
    """

    predicted: float
    observed: int
    value: float
    low: float
    high: float


def ratio(probability: FloatArray, label: NDArray[np.int8], design: float, level: float) -> Ratio:
    """Return predicted over observed with its interval at a confidence `level`. Arrays are [answers].

    The limits are those of a Poisson mean (exact, also for no conversion at all) of which observed / `design` were
    seen: conversions that come in clusters tell as much as so many fewer. The variance of rare outcomes is a little
    less than Poisson's, so that the interval is a little too wide.
    """
    predicted, observed = float(probability.sum()), int((label == 1).sum())
    if predicted <= 0:
        return Ratio(predicted, observed, *(math.nan, math.nan, math.nan))
    low, high = (design * one for one in poisson_limits(observed / design, level))
    value = predicted / observed if observed else math.inf
    return Ratio(predicted, observed, value, predicted / high, predicted / low if low > 0 else math.inf)


def design_effect(probability: FloatArray, label: NDArray[np.int8], group: IntArray) -> float:
    """Return by how much leads of one account make the count of conversions vary more, at least 1.

    The variance of (observed - predicted) summed account by account, over that of independent answers (Kish 1965).
    """
    apart = label - probability
    alone = float(probability @ (1 - probability))
    if alone <= 0:
        return 1.0
    mean = float(apart.mean())  # a score that is off everywhere is no cluster
    numbers = np.unique(group, return_inverse=True)[1]
    together = float((np.bincount(numbers, apart - mean) ** 2).sum())
    independent = float(((apart - mean) ** 2).sum())
    return max(1.0, together / independent) if independent > 0 else 1.0
