"""The model of one target: members averaged in logit space, and one calibrator."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from histories.contract import Target
from scoring import members
from scoring.calibration import Beta, Calibrator, Floats, sigmoid
from scoring.members import BoosterMember, Member, Points, PointsMember
from scoring.ridge import RidgeMember
from scoring.trees.shap import TreeShap

__all__ = ["BoosterMember", "Member", "Model", "Points", "PointsMember", "RidgeMember"]


@dataclass(frozen=True, eq=False)
class Model:
    """P(the lead reaches the target's stage within `horizon_days`), for leads that have not reached it."""

    target: Target
    horizon_days: int
    members: tuple[Member, ...]
    calibrator: Calibrator | Beta

    def __post_init__(self) -> None:
        """Refuse a model without members, or one whose members weigh nothing. Raises ValueError."""
        if not self.members:
            raise ValueError(f"the {self.target} model has no members; it needs at least one")
        if not all(np.isfinite(member.weight) and member.weight > 0 for member in self.members):
            weights = ", ".join(str(member.weight) for member in self.members)
            raise ValueError(f"the {self.target} model's members weigh {weights}; each weight must be above 0")

    @property
    def uses_points(self) -> bool:
        """Whether a member asks for the rulebook's points."""
        return any(member.uses_points for member in self.members)

    def margins(self, matrix: Floats, points: Points, threads: int = 1) -> Floats:
        """Return the weighted mean over members, [n]. `matrix`: [n, features]; `points`: [n], int64 hundredths."""
        _check(matrix, points)
        return self._mean(member.margins(matrix, points, threads) for member in self.members)

    def log_odds(self, matrix: Floats, points: Points, threads: int = 1) -> Floats:
        """Return calibrated log-odds, [n]."""
        return self.calibrator.log_odds(self.margins(matrix, points, threads))

    def probabilities(self, matrix: Floats, points: Points, threads: int = 1) -> Floats:
        """Return calibrated probabilities, [n]."""
        return sigmoid(self.log_odds(matrix, points, threads))

    def contributions(self, matrix: Floats, points: Points, threads: int = 1) -> Floats:
        """Return [n, features + 2]: each feature's part of the calibrated log-odds, then the points', then the bias.

        A row adds up to its calibrated log-odds. Features' parts are the members' (TreeSHAP values of trees: Lundberg
        and others, "Consistent individualized feature attribution for tree ensembles", 2018), averaged, times the
        calibrator's slope between the bias and the lead's margin.
        """
        _check(matrix, points)
        values = members.contributions(self.members, self._tables, matrix, points, threads)
        bias = values[:, -1].copy()
        values[:, :-1] *= self.calibrator.slopes(bias, values.sum(axis=1))[:, None]
        values[:, -1] = self.calibrator.log_odds(bias)
        return values

    @cached_property
    def _tables(self) -> TreeShap:
        return members.tables(self.members)

    def _mean(self, parts: Iterable[Floats]) -> Floats:
        """The mean in the order of the members, one after the other: the same bits for one row as for many."""
        first, *rest = (member.weight * part for member, part in zip(self.members, parts, strict=True))
        total = first
        for part in rest:
            total += part
        return np.asarray(total / sum(member.weight for member in self.members), dtype=np.float64)


def _check(matrix: Floats, points: Points) -> None:
    if points.dtype != np.int64 or points.shape != (len(matrix),):
        raise ValueError(f"points are int64 hundredths, one a row; got {points.dtype} {points.shape}")
    if matrix.dtype != np.float64 or not matrix.flags.c_contiguous:
        raise ValueError("the matrix of features is float64 in C order")
