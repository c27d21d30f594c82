"""Powers of two without a mathematical library, so that their bits are the same on every machine."""

from math import factorial

import numpy as np

from histories.compiled import inlined

_LN2 = 0.6931471805599453
# The Taylor series of 2^x: on [-1/2, 1/2] what is left out is below 1e-17 of the value.
C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13 = (_LN2**n / factorial(n) for n in range(1, 14))
# Adding it rounds a number to a whole one, which then stands in the lowest bits.
ROUNDER = 6_755_399_441_055_744.0
EXPONENT_BIAS, MANTISSA_BITS = 1023, 52


@inlined
def power_of_two(exponent: float) -> float:
    """Return 2^exponent for -1000 <= exponent <= 1000, within a few units of the last bit; whole exponents exactly."""
    rounded = exponent + ROUNDER
    x = exponent - (rounded - ROUNDER)
    xx = x * x
    x4 = xx * xx
    low = (1.0 + C1 * x) + (C2 + C3 * x) * xx
    middle = (C4 + C5 * x) + (C6 + C7 * x) * xx
    high = (C8 + C9 * x) + (C10 + C11 * x) * xx
    series = low + x4 * (middle + x4 * (high + x4 * (C12 + C13 * x)))
    bits = (np.float64(rounded).view(np.int64) + EXPONENT_BIAS) << MANTISSA_BITS
    return series * np.int64(bits).view(np.float64)
