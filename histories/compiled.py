"""The one door to numba: a function that is compiled when first called, and kept on disk for the next process."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of numbers and arrays to machine code; its type stays what it was.

    Sums keep the order in which they are written (`fastmath` is off), so results are the same bits everywhere the
    compiled function is called from. Danger: numba's cache notices a change of the file that a function stands in,
    and of no other. Functions that call each other, and the constants they read, therefore belong into one file, or
    come as arguments. The interpreter's lock is released, so that threads run side by side.
    """
    return cast("Callable[P, R]", numba.njit(cache=True, fastmath=False, nogil=True)(function))
