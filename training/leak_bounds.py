"""How sure a figure of the leakage audit is: lower bounds that few conversions keep low, whatever they look like."""

from statistics import NormalDist

import numpy as np

WRONG = 0.01  # the chance that any figure of a whole audit lies below its bound
_STEPS = 60


def deviations(tests: int) -> float:
    """Return how many standard deviations a one-sided bound keeps, where so many are looked at (Bonferroni)."""
    return NormalDist().inv_cdf(1 - WRONG / max(tests, 1))


def auc_low(auc: float, positives: int, negatives: int, z: float) -> float:
    """Return the lower bound of an AUC among so many independent positives and negatives; 0 where either is missing.

    The lowest AUC from which the one seen lies `z` standard deviations away, by the variance of Hanley and McNeil
    (1982) at that AUC and not at the one seen: a perfect AUC among few has a bound as well (Newcombe 2006, doi
    10.1002/sim.2324).
    """
    if not positives or not negatives:
        return 0.0
    low, high = 0.0, max(auc - 1e-9, 0.0)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if auc - middle > z * np.sqrt(_variance(middle, positives, negatives)):
            low = middle
        else:
            high = middle
    return low


def _variance(auc: float, positives: int, negatives: int) -> float:
    two_positives, two_negatives = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    return (
        auc * (1 - auc) + (positives - 1) * (two_positives - auc**2) + (negatives - 1) * (two_negatives - auc**2)
    ) / (positives * negatives)


def exceptions_high(exceptions: int, z: float) -> float:
    """Return the upper bound of a count that was seen as `exceptions`: the score bound of a Poisson mean."""
    return float(exceptions + z * z / 2 + z * np.sqrt(exceptions + z * z / 4))
