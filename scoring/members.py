"""What a model is made of: boosted trees, which may start from the points, a ridge, and the points themselves.

Each member gives a margin (log-odds) for a lead and, as contributions, what its margin is made of. `weight` is its
part in the mean over a model's members.
"""

from dataclasses import dataclass
from functools import cached_property

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from scoring.calibration import Floats
from scoring.ridge import RidgeMember
from scoring.rules import HUNDREDTHS

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
        # All threads that share a booster must predict with the same parameters: never pass num_iteration here
        # (LightGBM#6142: others' predictions come out wrong).
        raw = self.booster.predict(matrix, raw_score=True, num_threads=threads)
        margins = np.asarray(raw, dtype=np.float64) + self.offset
        return margins + self.points_slope * (points / HUNDREDTHS) if self.uses_points else margins

    def contributions(self, matrix: Floats, points: Points, threads: int) -> Floats:
        """Return TreeSHAP values, [n, features + points + bias]; a row adds up to its margin."""
        values = np.asarray(self.booster.predict(matrix, pred_contrib=True, num_threads=threads), dtype=np.float64)
        bias = values[:, -1:] + (self.offset + self.points_slope * self.points_centre)
        return np.hstack([values[:, :-1], _part(self.points_slope, self.points_centre, points)[:, None], bias])


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


def _part(slope: float, centre: float, points: Points) -> Floats:
    return np.asarray(slope * (points / HUNDREDTHS - centre), dtype=np.float64)
