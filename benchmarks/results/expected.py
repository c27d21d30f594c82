"""Figures of a score under true probabilities: what they would be on average over all that could have happened.

They need no luck of the draw: an answer of 0 or 1 tells of a row what its true probability is with much noise.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
LEAST = 1e-9


def log_loss(truth: FloatArray, probability: FloatArray) -> float:
    """Return the expected log loss, nats a row; arrays [n]."""
    told = np.clip(probability, LEAST, 1 - LEAST)
    return float(-(truth * np.log(told) + (1 - truth) * np.log1p(-told)).mean())


def least_log_loss(truth: FloatArray, error: FloatArray) -> float:
    """Return the expected log loss of the truth itself, [n], known to standard errors `error` [n].

    A truth that is known with noise calls itself surer than it is, by error^2 / (2 t (1 - t)) a row (the second
    term of the entropy's expansion): that much is added.
    """
    t = np.clip(truth, LEAST, 1 - LEAST)
    return log_loss(truth, truth) + float((error**2 / (2 * t * (1 - t)))[error > 0].sum() / len(t))


def auc(truth: FloatArray, score: FloatArray) -> float:
    """Return the expected AUC: over all pairs of different rows, weighed by how likely the first alone converts.

    Ties of the score count a half. nan where no pair can be told apart.
    """
    place = np.unique(score, return_inverse=True)[1]
    yes, no = np.bincount(place, truth), np.bincount(place, 1 - truth)
    below = np.cumsum(no) - no
    itself = float((truth * (1 - truth)).sum())
    pairs = float(yes.sum() * no.sum()) - itself
    return (float((yes * (below + no / 2)).sum()) - itself / 2) / pairs if pairs > 0 else float("nan")
