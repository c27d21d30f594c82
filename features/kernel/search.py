"""Where a moment lies among sorted times, and how times are sorted."""

import numpy as np

from features.kernel.arrays import Ints
from histories.compiled import compiled, inlined


@inlined
def before(times: Ints, first: int, end: int, moment: int) -> int:
    """Return the end of those among [first, end) that lie strictly before a moment."""
    while first < end:
        middle = (first + end) // 2
        if times[middle] < moment:
            first = middle + 1
        else:
            end = middle
    return first


@compiled
def order_of(keys: Ints) -> Ints:
    """Return the places of keys in ascending order, equal ones as they stand: runs are merged, from short to long.

    numpy's own sort takes seconds to compile.
    """
    order, spare = np.arange(keys.size), np.empty(keys.size, dtype=np.int64)
    length = 1
    while length < keys.size:
        for begin in range(0, keys.size, 2 * length):
            middle, end = min(begin + length, keys.size), min(begin + 2 * length, keys.size)
            left, right = begin, middle
            for place in range(begin, end):
                if right >= end or (left < middle and keys[order[left]] <= keys[order[right]]):
                    spare[place] = order[left]
                    left += 1
                else:
                    spare[place] = order[right]
                    right += 1
        order, spare = spare, order
        length *= 2
    return order
