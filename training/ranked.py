"""What depends on the order of a score, counted under many weights: compiled, one pass over the snapshots a draw."""

import numpy as np
from numpy.typing import NDArray

from histories.compiled import compiled

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
AREA, PRECISIONS, FOUND = range(3)


@compiled
def counts(
    weights: FloatArray, cluster: IntArray, label: FloatArray, starts: IntArray, total: FloatArray, share: float
) -> FloatArray:
    """Return three counts for each row of `weights` [draws, clusters]: [draws, 3].

    `cluster` and `label` (0 or 1) are [n], the highest score first; `starts` is where each distinct score begins, and
    the end; `total` [draws] the weight of all snapshots. AREA: pairs of a conversion and a non-conversion with the
    conversion above, a tie as a half (Hanley & McNeil 1982). PRECISIONS: over distinct scores, the precision down to
    each times the conversions at it. FOUND: conversions within the first `share`, ties at the border pro rata.
    """
    out = np.zeros((weights.shape[0], 3))
    for draw in range(weights.shape[0]):
        above, found, area, precisions = 0.0, 0.0, 0.0, 0.0
        wanted, top = share * total[draw], -1.0
        for value in range(len(starts) - 1):
            tied, hits = 0.0, 0.0
            for row in range(starts[value], starts[value + 1]):
                weight = weights[draw, cluster[row]]
                tied += weight
                hits += weight * label[row]
            area += (tied - hits) * (found + hits / 2)
            if hits > 0:
                precisions += (found + hits) / (above + tied) * hits
            if top < 0 and above + tied >= wanted:
                top = found
                if tied > 0:
                    top += hits * (wanted - above) / tied
            above += tied
            found += hits
        out[draw, AREA] = area
        out[draw, PRECISIONS] = precisions
        out[draw, FOUND] = found if top < 0 else top
    return out
