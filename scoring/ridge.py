"""A logistic regression with small weights, as a member of a model: lines through numbers, steps for categories.

Numbers are straightened to sign(x) * log(1 + |x|) first: counts, ages, sums and headcounts are skewed, and what tells
one visit from two should not tell 101 from 102. Their distance from the centre is cut at LIMIT scales, so that nobody
leaves far what training saw.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from scoring.calibration import Floats

LIMIT = 5.0


@dataclass(frozen=True, slots=True)
class Line:
    """What a number adds: coefficient * (straightened - centre) / scale; 0 where it is missing. `scale` is above 0."""

    centre: float
    scale: float
    coefficient: float


@dataclass(frozen=True)
class RidgeMember:
    """A ridge over the columns `names`; its margin is the intercept and what each column adds.

    `lines`: columns of numbers; `steps`: columns of codes, with what each code adds, in the order of the codes; a
    missing code, or one past them, adds 0. Both count from the training leads' mean. Other columns add nothing.
    """

    names: tuple[str, ...]
    lines: Mapping[str, Line]
    steps: Mapping[str, tuple[float, ...]]
    intercept: float
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what cannot be counted. Raises ValueError."""
        unknown = sorted({*self.lines, *self.steps} - set(self.names))
        if unknown:
            raise ValueError(f"the ridge has no column {unknown[0]!r}")
        numbers = [part for line in self.lines.values() for part in (line.centre, line.scale, line.coefficient)]
        numbers += [part for steps in self.steps.values() for part in steps] + [self.intercept]
        if not np.isfinite(numbers).all() or any(line.scale <= 0 for line in self.lines.values()):
            raise ValueError("the ridge holds a number that is not finite, or a scale that is not above 0")

    @property
    def uses_points(self) -> bool:
        """It goes by features alone."""
        return False

    @cached_property
    def _places(self) -> npt.NDArray[np.int64]:
        places = {name: place for place, name in enumerate(self.names)}
        return np.array([places[name] for name in self.lines], dtype=np.int64)

    @cached_property
    def _columns(self) -> tuple[Floats, Floats, Floats]:
        parts = np.array([(one.centre, one.scale, one.coefficient) for one in self.lines.values()]).reshape(-1, 3)
        return parts[:, 0].copy(), parts[:, 1].copy(), parts[:, 2].copy()

    def margins(self, matrix: Floats, points: npt.NDArray[np.int64], threads: int) -> Floats:
        """Return log-odds, [n]."""
        # Summed row by row over contiguous columns: a matrix product's bits would depend on the number of rows.
        values = self.contributions(matrix, points, threads)
        return np.asarray(values.sum(axis=1), dtype=np.float64)

    def contributions(self, matrix: Floats, points: npt.NDArray[np.int64], threads: int) -> Floats:
        """Return what each column adds, [n, features + points + bias]; a row adds up to its margin."""
        del points, threads
        values = np.zeros((len(matrix), len(self.names) + 2))
        centres, scales, coefficients = self._columns
        values[:, self._places] = standard(matrix[:, self._places], centres, scales) * coefficients
        for name, steps in self.steps.items():
            place = self.names.index(name)
            values[:, place] = taken(matrix[:, place], steps)
        values[:, -1] = self.intercept
        return values


def straight(numbers: Floats) -> Floats:
    """Return sign(x) * log(1 + |x|); nan stays nan."""
    return np.asarray(np.sign(numbers) * np.log1p(np.abs(numbers)), dtype=np.float64)


def standard(numbers: Floats, centres: Floats | float, scales: Floats | float) -> Floats:
    """Return straightened columns [n, columns] in scales from their centres, cut at LIMIT; 0 where one is missing."""
    distances = np.clip((straight(numbers) - centres) / scales, -LIMIT, LIMIT)
    return np.where(np.isnan(distances), 0.0, distances)


def taken(codes: Floats, steps: tuple[float, ...]) -> Floats:
    """Return each code's step, [n]; 0 for a missing code, and for one that has none."""
    table = np.array([*steps, 0.0])
    known = (codes >= 0) & (codes < len(steps))
    return table[np.where(known, codes, len(steps)).astype(np.int64)]
