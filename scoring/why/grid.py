"""Numbers that add up exactly: whole units of a grid, and shares of a whole rounded so that they stay the whole."""

import math
from collections.abc import Sequence
from fractions import Fraction

# Probabilities, log-odds and their parts are multiples of 2^-40 (9.1e-13): sums of them are exact in floats, in
# whatever order they are added, as long as they stay below 2^13.
_UNITS = 2**40
GRID = 1 / _UNITS


def units(value: float) -> int:
    """Return the nearest number of grid units; of two equally near the higher."""
    scaled = value * _UNITS  # exact: a power of 2
    below = math.floor(scaled)
    return below + (scaled - below >= 0.5)


def of_units(count: int) -> float:
    """Return so many grid units as a float."""
    return count * GRID


def apportion(shares: Sequence[int], whole: int, total: int) -> list[int]:
    """Return whole numbers that add up to `total`, each less than one away from its `share / whole`.

    Shares are cut towards 0, and what is missing goes to those that were cut most, the first of equals (the method of
    largest remainders). A share of 0 stays 0, and shares of the other sign give the same numbers with the other sign.
    Raises ValueError where `total` is one or more away from the sum of all shares.
    """
    if abs(sum(shares) - total * whole) >= whole:
        raise ValueError(f"shares of {Fraction(sum(shares), whole)} cannot be rounded to {total}")
    cut = [abs(share) // whole * (1 if share > 0 else -1) for share in shares]
    missing = total - sum(cut)
    sign = 1 if missing > 0 else -1
    most_cut = sorted(range(len(cut)), key=lambda place: -sign * (shares[place] - cut[place] * whole))
    for place in most_cut[: abs(missing)]:
        cut[place] += sign
    return cut


def printed(before: float, after: float, parts: Sequence[float], decimals: int) -> tuple[int, int, list[int]]:
    """Return both ends and the parts of their difference as they are printed, in units of the last decimal.

    The ends are rounded as usual, the parts so that they lead from one to the other exactly. All numbers are on the
    grid, and `parts` add up to the difference.
    """
    power = 10**decimals
    first, last = (math.floor(Fraction(end) * power + Fraction(1, 2)) for end in (before, after))
    return first, last, apportion([units(part) * power for part in parts], _UNITS, last - first)
