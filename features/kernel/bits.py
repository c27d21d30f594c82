"""Bits of a mask: which are set, and how many."""

import numpy as np

from histories.compiled import inlined

# A de Bruijn sequence: the upper six bits of a power of two times it differ for each power.
_SEQUENCE = 0x03F79D71B4CB0A89
_PLACES = np.zeros(64, dtype=np.int64)
for _place in range(64):
    _PLACES[(_SEQUENCE << _place & (2**64 - 1)) >> 58] = _place


@inlined
def lowest(mask: int) -> int:
    """Return the place of the lowest bit that is set; the mask must not be empty."""
    return int(_PLACES[((mask & -mask) * _SEQUENCE) >> 58 & 63])
