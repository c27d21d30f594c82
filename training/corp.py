"""Reliability without bins: the isotonic curve of the labels, and what it says of a Brier score (CORP).

Dimitriadis, Gneiting and Jordan, "Stable reliability diagrams for probabilistic classifiers", PNAS 118 (2021): the
isotonic regression of the labels on the probabilities is the one curve that needs no choice of bins. A Brier score is
then miscalibration - discrimination + uncertainty, of which no part is negative.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import isotonic_regression

FloatArray = NDArray[np.float64]


def curve(labels: FloatArray, probabilities: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the distinct probabilities (rising), the share observed at each by the curve, and the rows that each has.

    `labels` (0 or 1) and `probabilities` are [n], n at least 1.
    """
    distinct, place, rows = np.unique(probabilities, return_inverse=True, return_counts=True)
    counts = rows.astype(np.float64)
    shares = np.bincount(place, labels) / counts
    return distinct, np.asarray(isotonic_regression(shares, sample_weight=counts)), counts


def observed(labels: FloatArray, probabilities: FloatArray) -> FloatArray:
    """Return the curve's value at each row [n]: what its probability turned out to mean."""
    distinct, shares, _ = curve(labels, probabilities)
    return np.asarray(shares[np.searchsorted(distinct, probabilities)])
