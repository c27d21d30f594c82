"""A table as the report shows it: all cells are text already."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from training.bootstrap import Difference

NOTHING = "–"
NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Table:
    """`head` names the columns, `rows` have a text for each. `words`: the columns that hold words, to be set flush left.

    `marked`: the rows, by number, that a reader should not miss.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: frozenset[int]
    marked: frozenset[int] = frozenset()


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], words: Iterable[int], marked: Iterable[int] = ()
) -> Table:
    """Return a table of texts."""
    return Table(tuple(head), tuple(tuple(row) for row in rows), frozenset(words), frozenset(marked))


def number(value: float, form: str) -> str:
    """Return a figure in Python's `form`; a dash where it is not defined."""
    return f"{value:{form}}" if math.isfinite(value) else NOTHING


def spread(one: Difference, form: str) -> str:
    """Return a figure with its interval: `1.04 (0.90 to 1.20)`; a `form` with a sign gives all three one."""
    if not math.isfinite(one.value):
        return NOTHING
    interval = f"({one.low:{form}} to {one.high:{form}})".replace(" ", NO_BREAK)
    return f"{one.value:{form}} {interval}"


def apart(one: Difference, form: str) -> str:
    """Return a difference with its interval, signed; that of shares in percentage points."""
    if form.endswith("%"):
        one = Difference(*(100 * value for value in (one.value, one.low, one.high)))
        return spread(one, f"+{form[:-1]}f") + (" points" if math.isfinite(one.value) else "")
    return spread(one, f"+{form}")
