"""Numbers in a few ranges: borders with about as many rows between each two, and what people call the ranges."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
LEAST_SHARE = 0.01  # of the rows that have a number, in a range
MOST_MOVED = 0.2  # of the smaller of two ranges: what may change sides so that the border is a rounder number
_GROUPED_FROM = 10_000  # `2015` may be a year


def borders(known: FloatArray, most: int) -> FloatArray:
    """Borders between ranges: `most` of as many rows each, or where values repeat each value that enough rows have.

    Where nearly all rows have the least value, 0 say, that is a range alone, and the others are divided. A border is
    the least value of the range above it. `known` [rows], at least one and none missing.
    """
    least = known.min()
    others = known[known > least]
    between = np.quantile(known, np.arange(1, most) / most, method="higher")
    if len(np.unique(known)) <= most:
        between = np.unique(others)
    elif between[-1] == least:
        between = np.quantile(others, np.arange(most - 1) / (most - 1), method="higher")
    found: list[float] = []
    for border in np.unique(between[between > least]).tolist():
        below = known < border
        newest = below & (known >= found[-1]) if found else below
        if min(newest.mean(), (known >= border).mean()) >= LEAST_SHARE:
            found.append(border)
    return np.array(found)


def named(known: FloatArray, most: int) -> tuple[tuple[str, ...], IntArray]:
    """Return the names of `most` ranges at most, the least first, and in which of them each number is, [rows].

    `49 or less`, `50 to 199`, `200 or more` where all numbers are whole, else `below 0.5`, `0.5 to below 0.8`; a range
    with one value only is called by it. Borders are round, so that they seldom move from one export to the next.
    `known` [rows], none missing.
    """
    if not len(known):
        return (), np.zeros(0, dtype=np.int64)
    exact = borders(known, most)
    parts = [known[np.searchsorted(exact, known, side="right") == one] for one in range(len(exact) + 1)]
    pairs = zip(exact.tolist(), parts[:-1], parts[1:], strict=True)
    round_borders = np.unique([_rounded(border, below, above) for border, below, above in pairs])
    place = np.searchsorted(round_borders, known, side="right")
    numbers, place = np.unique(place, return_inverse=True)
    edges = [-np.inf, *round_borders.tolist(), np.inf]
    whole = bool((known == np.floor(known)).all())
    names = (_name(known[place == one], edges[number], edges[number + 1], whole) for one, number in enumerate(numbers))
    return tuple(names), place.astype(np.int64)


def _rounded(border: float, below: FloatArray, above: FloatArray) -> float:
    """The border with the fewest digits that leaves nearly all of the ranges below and above it where they are.

    A range of one value stays alone: 0 may stand for none.
    """
    bound = MOST_MOVED * min(len(below), len(above)) if below.min() < below.max() else 0.0
    for digits in range(1, 17):
        rounder = float(f"{border:.{digits}g}")
        if below.min() < rounder and (below >= rounder).sum() + (above < rounder).sum() <= bound:
            return rounder
    return border


def _name(inside: FloatArray, low: float, high: float, whole: bool) -> str:
    """What a range from `low` to below `high` is called; `inside`: the numbers that are in it."""
    least = float(inside.min())
    if least == inside.max():
        return _text(least)
    if np.isinf(high):
        return f"{_text(least if np.isinf(low) else low)} or more"
    if np.isinf(low):
        return f"{_text(high - 1)} or less" if whole else f"below {_text(high)}"
    return f"{_text(low)} to {_text(high - 1)}" if whole else f"{_text(low)} to below {_text(high)}"


def _text(number: float) -> str:
    grouped = "," if abs(number) >= _GROUPED_FROM else ""
    return f"{number + 0.0:{grouped}}".removesuffix(".0")
