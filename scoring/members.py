"""What a model is made of: boosted trees, which may start from the points, a ridge, and the points themselves.

Each member gives a margin (log-odds) for a lead and, as contributions, what its margin is made of. `weight` is its
part in the mean over a model's members.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from scoring.calibration import Floats
from scoring.raw_scores import RawScores
from scoring.ridge import RidgeMember
from scoring.rules import HUNDREDTHS
from scoring.trees import tree
from scoring.trees.shap import TreeShap
from scoring.trees.tables import Weighed
from scoring.trees.tree import Tree

Points = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BoosterMember:
    """A LightGBM booster as its text, saved at its best iteration; margin = raw + offset + points_slope * whole points.

    `points_slope` is above 0 where its trees were grown from margins that the points gave: LightGBM leaves such a start
    (`init_score`) out of its predictions and of its TreeSHAP values, so that it is added here. `points_centre`: a
    usual lead's whole points; as a reason, points speak for a lead with more of them and against one with fewer.
    """

    text: str
    offset: float = 0.0
    points_slope: float = 0.0
    points_centre: float = 0.0
    weight: float = 1.0

    @cached_property
    def booster(self) -> lgb.Booster:
        """The booster. Raises ValueError where the text is not LightGBM's."""
        try:
            return lgb.Booster(model_str=self.text)
        except lgb.basic.LightGBMError as error:
            raise ValueError(f"not a LightGBM model: {error}") from None

    @cached_property
    def _raw_scores(self) -> RawScores:
        return RawScores(self.booster)

    @property
    def names(self) -> tuple[str, ...]:
        """The features that it was trained on, in order."""
        return tuple(self.booster.feature_name())

    @property
    def uses_points(self) -> bool:
        """Whether its trees were grown from the points."""
        return self.points_slope != 0.0

    def margins(self, matrix: Floats, points: Points, threads: int) -> Floats:
        """Return raw score + offset + the points' part, [n]."""
        margins = self._raw_scores.of(matrix, threads) + self.offset
        return margins + self.points_slope * (points / HUNDREDTHS) if self.uses_points else margins

    @cached_property
    def trees(self) -> tuple[Tree, ...]:
        """Its trees. Raises ValueError where they are of a sort whose TreeSHAP values are not known here."""
        return tree.read(self.text)

    def contributions(self, matrix: Floats, points: Points, threads: int) -> Floats:
        """Return TreeSHAP values, [n, features + points + bias]; a row adds up to its margin."""
        return contributions((self,), tables((self,)), matrix, points, threads)


@dataclass(frozen=True, slots=True)
class PointsMember:
    """The rulebook's points; its margin is slope * whole points + intercept + offset.

    `centre`: a usual lead's whole points, from which contributions count.
    """

    slope: float
    intercept: float
    offset: float = 0.0
    centre: float = 0.0
    weight: float = 1.0

    @property
    def uses_points(self) -> bool:
        """It goes by nothing else."""
        return True

    def margins(self, matrix: Floats, points: Points, threads: int) -> Floats:
        """Return slope * whole points + intercept + offset, [n]."""
        del matrix, threads
        return self.slope * (points / HUNDREDTHS) + self.intercept + self.offset

    def contributions(self, matrix: Floats, points: Points, threads: int) -> Floats:
        """Return [n, features + points + bias]: what the points add to a usual lead's."""
        del threads
        values = np.zeros((len(matrix), matrix.shape[1] + 2))
        values[:, -2] = _part(self.slope, self.centre, points)
        values[:, -1] = self.intercept + self.offset + self.slope * self.centre
        return values


Member = BoosterMember | RidgeMember | PointsMember


def shares(members: Sequence[Member]) -> tuple[float, ...]:
    """Return each member's part in the mean."""
    whole = sum(member.weight for member in members)
    return tuple(member.weight / whole for member in members)


def tables(members: Sequence[Member]) -> TreeShap:
    """Return what all boosters' TreeSHAP values are read from together, each by its part in the mean."""
    weighed = zip(members, shares(members), strict=True)
    return TreeShap(
        Weighed(one, share) for member, share in weighed if isinstance(member, BoosterMember) for one in member.trees
    )


def contributions(members: Sequence[Member], trees: TreeShap, matrix: Floats, points: Points, threads: int) -> Floats:
    """Return the mean of the members' contributions, [n, features + points + bias]. `trees`: their `tables`.

    What is added up for a row is added in the same order for any other: its bits are the same alone and among others.
    """
    values = np.zeros((len(matrix), matrix.shape[1] + 2))
    trees.add(values, matrix, threads)
    values[:, -1] = trees.expected
    for member, share in zip(members, shares(members), strict=True):
        if isinstance(member, BoosterMember):
            values[:, -2] += share * _part(member.points_slope, member.points_centre, points)
            values[:, -1] += share * (member.offset + member.points_slope * member.points_centre)
        else:
            values += share * member.contributions(matrix, points, threads)
    return values


def _part(slope: float, centre: float, points: Points) -> Floats:
    return np.asarray(slope * (points / HUNDREDTHS - centre), dtype=np.float64)
