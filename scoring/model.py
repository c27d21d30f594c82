"""The model of one target: members averaged in logit space, and one calibrator."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from histories.contract import Target
from scoring.calibration import Calibrator, Floats
from scoring.rules import HUNDREDTHS

Points = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BoosterMember:
    """A LightGBM booster as its text, saved at its best iteration; its margin is raw score + offset."""

    text: str
    offset: float = 0.0

    @cached_property
    def booster(self) -> lgb.Booster:
        """The booster. Raises ValueError where the text is not LightGBM's."""
        try:
            return lgb.Booster(model_str=self.text)
        except lgb.basic.LightGBMError as error:
            raise ValueError(f"not a LightGBM model: {error}") from None

    @property
    def names(self) -> tuple[str, ...]:
        """The features that it was trained on, in order."""
        return tuple(self.booster.feature_name())

    def margins(self, matrix: Floats, points: Points, threads: int) -> Floats:
        """Return raw score + offset, [n]."""
        del points
        # All threads that share a booster must predict with the same parameters: never pass num_iteration here
        # (LightGBM#6142: others' predictions come out wrong).
        raw = self.booster.predict(matrix, raw_score=True, num_threads=threads)
        return np.asarray(raw, dtype=np.float64) + self.offset

    def contributions(self, matrix: Floats, points: Points, threads: int) -> Floats:
        """Return TreeSHAP values, [n, features + points + bias]; a row adds up to its margin."""
        del points
        values = np.asarray(self.booster.predict(matrix, pred_contrib=True, num_threads=threads), dtype=np.float64)
        bias = values[:, -1:] + self.offset
        return np.hstack([values[:, :-1], np.zeros_like(bias), bias])


@dataclass(frozen=True, slots=True)
class PointsMember:
    """The rulebook's points; its margin is slope * whole points + intercept + offset."""

    slope: float
    intercept: float
    offset: float = 0.0

    def margins(self, matrix: Floats, points: Points, threads: int) -> Floats:
        """Return slope * whole points + intercept + offset, [n]."""
        del matrix, threads
        return self.slope * (points / HUNDREDTHS) + self.intercept + self.offset

    def contributions(self, matrix: Floats, points: Points, threads: int) -> Floats:
        """Return [n, features + points + bias]: what the points add to a lead without any."""
        del threads
        values = np.zeros((len(matrix), matrix.shape[1] + 2))
        values[:, -2] = self.slope * (points / HUNDREDTHS)
        values[:, -1] = self.intercept + self.offset
        return values


Member = BoosterMember | PointsMember


@dataclass(frozen=True, eq=False)
class Model:
    """P(the lead reaches the target's stage within `horizon_days`), for leads that have not reached it."""

    target: Target
    horizon_days: int
    members: tuple[Member, ...]
    calibrator: Calibrator

    def __post_init__(self) -> None:
        """Refuse a model without members."""
        if not self.members:
            raise ValueError(f"the {self.target} model has no members; it needs at least one")

    @property
    def uses_points(self) -> bool:
        """Whether a member asks for the rulebook's points."""
        return any(isinstance(member, PointsMember) for member in self.members)

    def margins(self, matrix: Floats, points: Points, threads: int = 1) -> Floats:
        """Return the mean over members, [n]. `matrix`: [n, features]; `points`: [n], int64 hundredths."""
        _check(matrix, points)
        return _mean(member.margins(matrix, points, threads) for member in self.members)

    def probabilities(self, matrix: Floats, points: Points, threads: int = 1) -> Floats:
        """Return calibrated probabilities, [n]."""
        return self.calibrator.apply(self.margins(matrix, points, threads))

    def contributions(self, matrix: Floats, points: Points, threads: int = 1) -> Floats:
        """Return [n, features + 2]: each feature's part of the calibrated log-odds, then the points', then the bias.

        A row adds up to its calibrated log-odds. Features' parts are the members' TreeSHAP values (Lundberg and
        others, "Consistent individualized feature attribution for tree ensembles", 2018), averaged, times the slope.
        """
        _check(matrix, points)
        values = _mean(member.contributions(matrix, points, threads) for member in self.members)
        values = self.calibrator.slope * values
        values[:, -1] += self.calibrator.intercept
        return values


def _mean(parts: Iterable[Floats]) -> Floats:
    """The mean in the order of the members, one after the other: the same bits for one row as for many."""
    first, *rest = list(parts)
    total = first.copy()
    for part in rest:
        total += part
    return total / (1 + len(rest))


def _check(matrix: Floats, points: Points) -> None:
    if points.dtype != np.int64 or points.shape != (len(matrix),):
        raise ValueError(f"points are int64 hundredths, one a row; got {points.dtype} {points.shape}")
    if matrix.dtype != np.float64 or not matrix.flags.c_contiguous:
        raise ValueError("the matrix of features is float64 in C order")
