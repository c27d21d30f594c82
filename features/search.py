"""Where a moment lies among sorted times."""

from features.arrays import Ints
from histories.compiled import compiled


@compiled
def before(times: Ints, first: int, end: int, moment: int) -> int:
    """Return the end of those among [first, end) that lie strictly before a moment."""
    while first < end:
        middle = (first + end) // 2
        if times[middle] < moment:
            first = middle + 1
        else:
            end = middle
    return first
