"""Rules that give their points to the same leads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_SHARED = 0.7
LEAST_CORRELATION = 0.6


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two rules that say nearly the same.

    `shared`: of the snapshots at which either gives points, the share at which both do; `correlation` of the two over
    all snapshots (phi): near 0 where both merely fire nearly always.
    """

    first: str
    second: str
    shared: float
    correlation: float


def overlaps(names: tuple[str, ...], fired: NDArray[np.bool_]) -> tuple[Overlap, ...]:
    """Return the pairs of rules that say the same, the closest first. `fired` [snapshots, rules]."""
    has = fired.astype(np.float64)
    together, each = has.T @ has, has.sum(axis=0)
    either = each[:, None] + each[None, :] - together
    share = each / max(1, len(fired))
    deviation = np.sqrt(share * (1 - share))
    spread = deviation[:, None] * deviation[None, :]
    covariance = together / max(1, len(fired)) - share[:, None] * share[None, :]
    shared = np.divide(together, either, out=np.zeros_like(together), where=either > 0)
    correlation = np.divide(covariance, spread, out=np.zeros_like(together), where=spread > 0)
    found = [
        Overlap(names[one], names[other], float(shared[one, other]), float(correlation[one, other]))
        for one in range(len(names))
        for other in range(one + 1, len(names))
        if shared[one, other] >= LEAST_SHARED and correlation[one, other] >= LEAST_CORRELATION
    ]
    return tuple(sorted(found, key=lambda pair: (-pair.shared, pair.first, pair.second)))
