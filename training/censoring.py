"""What the known answers stand for: weights by the inverse probability of having been followed long enough.

While horizons run, the answers that are known are those of quick converters and early losses. Each of them stands
for the snapshots that would have been answered as late, but were not followed as long (Robins & Finkelstein 2000;
Vock et al. 2016, doi 10.1016/j.jbi.2016.03.009). Where every horizon has ended, all weigh the same.
"""

import numpy as np
from numpy.typing import NDArray

from training.snapshots import Snapshots

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
MOST = 20.0


def weights(snapshots: Snapshots, rows: IntArray, eligible: IntArray, seen_until: int) -> FloatArray:
    """Return the weight of each of `rows` [n], mean 1: 1 / G(time from its cutoff to its answer), at most MOST before.

    G(t) is the share of the `eligible` snapshots of its age that were followed for at least t: taken t or more before
    `seen_until` (UTC microseconds). `rows` are those of them whose answer is known by then. Age by age, because older
    ages are taken later in a lead's life and are followed for shorter. Follow-up is a matter of dates alone: no answer
    moves G. It is assumed that leads of one age are alike whenever they came.
    """
    found = np.minimum(_inverse(snapshots, rows, eligible, seen_until), MOST)
    return np.asarray(found / found.mean()) if len(rows) else found


def cut_off(snapshots: Snapshots, rows: IntArray, eligible: IntArray, seen_until: int) -> float:
    """Return the share of the weight of `rows` that MOST takes away, 0 to 1; arguments as for `weights`.

    What it takes is that of the latest answers of leads that were followed for long enough by few: where it is much, the
    quick answers speak for more than their part.
    """
    found = _inverse(snapshots, rows, eligible, seen_until)
    return 1 - float(np.minimum(found, MOST).sum() / found.sum()) if len(rows) else 0.0


def _inverse(snapshots: Snapshots, rows: IntArray, eligible: IntArray, seen_until: int) -> FloatArray:
    """1 / G for each of `rows`."""
    age, followed = snapshots.age[eligible], seen_until - snapshots.cutoff[eligible]
    waited = snapshots.known_at[rows] - snapshots.cutoff[rows]
    found = np.empty(len(rows))
    for one in np.unique(snapshots.age[rows]):
        of_age = snapshots.age[rows] == one
        sorted_follow_up = np.sort(followed[age == one])
        longer = len(sorted_follow_up) - np.searchsorted(sorted_follow_up, waited[of_age])
        found[of_age] = len(sorted_follow_up) / longer
    return found
