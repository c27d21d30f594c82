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


@compiled
def taken(
    weights: FloatArray, rooms: FloatArray, lead: IntArray, ties: IntArray, days: IntArray, carried: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Take leads from boards, the highest scores first, and nobody twice.

    `weights` [draws, leads] is how much of each lead there is, `rooms` [draws, days] how much each day takes. `lead` and
    `carried` [rows, sums] are the rows of the days, one after the other, the highest score of each first; `ties` is
    where each distinct score of a day begins, and the end, `days` where each day begins in `ties`, and the end. A score
    that does not fit in whole is taken in equal parts. Returns, for each draw, how much was taken and the sums of
    `carried` over it, [draws, 1 + sums]; and how much of each row the last draw took, [rows].
    """
    sums = np.zeros((weights.shape[0], 1 + carried.shape[1]))
    chosen = np.zeros(len(lead))
    for draw in range(weights.shape[0]):
        left = weights[draw].copy()
        for day in range(len(days) - 1):
            room = rooms[draw, day]
            for tie in range(days[day], days[day + 1]):
                if room <= 0:
                    break
                waiting = 0.0
                for row in range(ties[tie], ties[tie + 1]):
                    waiting += left[lead[row]]
                share = 1.0 if waiting <= room else room / waiting
                room -= waiting
                for row in range(ties[tie], ties[tie + 1]):
                    part = share * left[lead[row]]
                    left[lead[row]] -= part
                    sums[draw, 0] += part
                    for one in range(carried.shape[1]):
                        sums[draw, 1 + one] += part * carried[row, one]
                    if draw == weights.shape[0] - 1:
                        chosen[row] = part
    return sums, chosen
