"""A logistic regression with small weights, as a member of a model: lines through numbers, steps for codes and ranges.

Numbers are straightened to sign(x) * log(1 + |x|) first: counts, ages, sums and headcounts are skewed, and what tells
one visit from two should not tell 101 from 102. Their distance from the centre is cut at LIMIT scales, so that nobody
leaves far what training saw.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.threads import ranges, share
from histories.compiled import compiled, inlined
from scoring.calibration import Floats

LIMIT = 5.0
CENTRE, SCALE, COEFFICIENT = 0, 1, 2
_PARTS_A_THREAD, _LEAST_ROWS = 8, 1_000
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Line:
    """What a number adds: coefficient * (straightened - centre) / scale; 0 where it is missing. `scale` is above 0."""

    centre: float
    scale: float
    coefficient: float


@dataclass(frozen=True, slots=True)
class Ranges:
    """What a number adds by where it lies: parts[i] from borders[i - 1] on and below borders[i]. `borders` ascend."""

    borders: tuple[float, ...]
    parts: tuple[float, ...]


@dataclass(frozen=True)
class RidgeMember:
    """A ridge over the columns `names`; its margin is the intercept and what each column adds.

    `lines`: columns of numbers; `steps`: columns of codes, with what each code adds, in the order of the codes, a code
    past them 0; `ranges`: columns of numbers that need not go along a line, such as headcounts. `missing`: what a
    column of steps or ranges adds where it is missing, 0 where it is not named; a line adds 0. All count from the
    training leads' mean. Other columns add nothing.
    """

    names: tuple[str, ...]
    lines: Mapping[str, Line]
    steps: Mapping[str, tuple[float, ...]]
    intercept: float
    weight: float = 1.0
    ranges: Mapping[str, Ranges] = field(default_factory=dict)
    missing: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be counted. Raises ValueError."""
        unknown = sorted({*self.lines, *self.steps, *self.ranges, *self.missing} - set(self.names))
        if unknown:
            raise ValueError(f"the ridge has no column {unknown[0]!r}")
        numbers = [part for line in self.lines.values() for part in (line.centre, line.scale, line.coefficient)]
        numbers += [part for steps in self.steps.values() for part in steps] + [self.intercept]
        numbers += [part for one in self.ranges.values() for part in (*one.borders, *one.parts)]
        numbers += self.missing.values()
        if not np.isfinite(numbers).all() or any(line.scale <= 0 for line in self.lines.values()):
            raise ValueError("the ridge holds a number that is not finite, or a scale that is not above 0")
        twice = sorted((*self.lines, *self.steps, *self.ranges))
        if len(set(twice)) < len(twice) or set(self.missing) - {*self.steps, *self.ranges}:
            raise ValueError("the ridge adds a column twice, or names what a line adds where it is missing")
        for name, one in self.ranges.items():
            if len(one.parts) != len(one.borders) + 1 or list(one.borders) != sorted(set(one.borders)):
                raise ValueError(
                    f"the ridge's ranges of {name!r} do not ascend, or are not one more than their borders"
                )

    @property
    def uses_points(self) -> bool:
        """It goes by features alone."""
        return False

    @cached_property
    def _table(self) -> "_Table":
        # In the columns' order, whatever that of the mappings is: it decides the last bits of the sum.
        lines = [(place, self.lines[name]) for place, name in enumerate(self.names) if name in self.lines]
        cells = [(place, _of_codes(self.steps[name])) for place, name in enumerate(self.names) if name in self.steps]
        cells += [(place, self.ranges[name]) for place, name in enumerate(self.names) if name in self.ranges]
        return _Table(
            np.array([place for place, _ in lines], dtype=np.int64),
            np.array([(one.centre, one.scale, one.coefficient) for _, one in lines], dtype=np.float64).reshape(-1, 3),
            np.array([place for place, _ in cells], dtype=np.int64),
            np.cumsum([0, *(len(one.parts) for _, one in cells)], dtype=np.int64),
            np.array([border for _, one in cells for border in (*one.borders, math.inf)], dtype=np.float64),
            np.array([part for _, one in cells for part in one.parts], dtype=np.float64),
            np.array([self.missing.get(self.names[place], 0.0) for place, _ in cells], dtype=np.float64),
        )

    def margins(self, matrix: Floats, points: npt.NDArray[np.int64], threads: int) -> Floats:
        """Return log-odds, [n]."""
        del points
        margins, table = np.empty(len(matrix)), self._table
        parts = ranges(len(matrix), min(_PARTS_A_THREAD * threads, 1 + len(matrix) // _LEAST_ROWS))
        share(lambda part: _sum(margins, matrix, table, self.intercept, part[0], part[1]), parts, threads)
        return margins

    def contributions(self, matrix: Floats, points: npt.NDArray[np.int64], threads: int) -> Floats:
        """Return what each column adds, [n, features + points + bias]; a row adds up to its margin."""
        del points, threads
        values = np.zeros((len(matrix), len(self.names) + 2))
        values[:, -1] = self.intercept
        _fill(values, matrix, self._table)
        return values


def _of_codes(parts: tuple[float, ...]) -> Ranges:
    """The steps of codes 0, 1, 2 and so on as ranges around them; beyond the codes lies 0."""
    return Ranges(tuple(code - 0.5 for code in range(len(parts) + 1)), (0.0, *parts, 0.0))


class _Table(NamedTuple):
    """A ridge as the arrays that compiled code adds by. `cells`: columns that add by the range that a value falls into."""

    line_places: Places
    lines: Floats  # [lines, 3]
    cell_places: Places
    bounds: Places  # [cells + 1]: where the parts of each column lie
    borders: Floats  # the upper border of each part, infinity for a column's last
    parts: Floats
    missing: Floats  # [cells]


# Row by row, each in one order: a matrix product's bits would depend on the number of rows.
@compiled
def _sum(margins: Floats, matrix: Floats, table: _Table, intercept: float, first: int, end: int) -> None:
    for row in range(first, end):
        margin = intercept
        for one in range(table.line_places.size):
            margin += _line(table, one, matrix[row, table.line_places[one]])
        for one in range(table.cell_places.size):
            margin += _cell(table, one, matrix[row, table.cell_places[one]])
        margins[row] = margin


@compiled
def _fill(values: Floats, matrix: Floats, table: _Table) -> None:
    for row in range(len(matrix)):
        for one in range(table.line_places.size):
            place = table.line_places[one]
            values[row, place] = _line(table, one, matrix[row, place])
        for one in range(table.cell_places.size):
            place = table.cell_places[one]
            values[row, place] = _cell(table, one, matrix[row, place])


@inlined
def _line(table: _Table, one: int, number: float) -> float:
    if np.isnan(number):
        return 0.0
    straightened = 0.0 if number == 0.0 else math.copysign(math.log1p(abs(number)), number)  # most counts are 0
    distance = (straightened - table.lines[one, CENTRE]) / table.lines[one, SCALE]
    return float(min(max(distance, -LIMIT), LIMIT) * table.lines[one, COEFFICIENT])


@inlined
def _cell(table: _Table, one: int, number: float) -> float:
    if np.isnan(number):
        return float(table.missing[one])
    at, last = table.bounds[one], table.bounds[one + 1] - 1
    while at < last and number >= table.borders[at]:
        at += 1
    return float(table.parts[at])


def straight(numbers: Floats) -> Floats:
    """Return sign(x) * log(1 + |x|); nan stays nan."""
    return np.asarray(np.sign(numbers) * np.log1p(np.abs(numbers)), dtype=np.float64)


def standard(numbers: Floats, centres: Floats | float, scales: Floats | float) -> Floats:
    """Return straightened columns [n, columns] in scales from their centres, cut at LIMIT; 0 where one is missing."""
    distances = np.clip((straight(numbers) - centres) / scales, -LIMIT, LIMIT)
    return np.where(np.isnan(distances), 0.0, distances)
