"""The chain: a customer model that asks first for sql, and then for the customer among those that become sql."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from features.catalogue import Catalogue
from histories.contract import Stage, Target
from scoring.calibration import Floats, sigmoid
from scoring.model import Model, Points

_FLAT = 1e-6  # log-odds between which a chord is taken for the tangent: its error is below the sum's rounding


@lru_cache(maxsize=8)
def sql_column(catalogue: Catalogue) -> int:
    """Return the column that says 1 where the lead had reached sql (or a later stage) before the cutoff, else 0."""
    places = [
        place
        for place, feature in enumerate(catalogue.features)
        if feature.signal == f"stage:{Stage.SQL}" and feature.unit == "flag"
    ]
    (column,) = places
    return column


def joint_log_odds(first: Floats, second: Floats) -> Floats:
    """Return the log-odds of the product of two probabilities, given by their log-odds a and b.

    -log(exp(-a) + exp(-b) + exp(-a-b)): no probability is made on the way, so that none is rounded to 1.
    """
    return -np.logaddexp(np.logaddexp(-first, -second), -first - second)


@dataclass(frozen=True, eq=False)
class Chain:
    """P(customer) = P(sql) * P(customer | sql), all within `horizon_days`; P(sql) is 1 for leads that are sql.

    `sql`: for leads that are not; `given_sql`: P(customer) of leads that are sql or become it within the horizon,
    asked at any time before. `column`: that of `sql_column`. Raises ValueError where the parts do not fit together.
    """

    sql: Model
    given_sql: Model
    column: int

    def __post_init__(self) -> None:
        """Refuse parts of other targets or of two horizons."""
        if self.sql.target is not Target.SQL or self.given_sql.target is not Target.CUSTOMER:
            raise ValueError(
                f"a chain leads from sql to customer; its parts predict {self.sql.target} and {self.given_sql.target}"
            )
        if self.sql.horizon_days != self.given_sql.horizon_days:
            raise ValueError(
                f"a chain's parts speak of the same days; they have {self.sql.horizon_days} (sql) and "
                f"{self.given_sql.horizon_days} (customer)"
            )

    @property
    def target(self) -> Target:
        """What is predicted: customer."""
        return Target.CUSTOMER

    @property
    def horizon_days(self) -> int:
        """The days within which the lead becomes a customer, and sql on the way."""
        return self.given_sql.horizon_days

    @property
    def uses_points(self) -> bool:
        """Whether a part asks for the rulebook's points."""
        return self.sql.uses_points or self.given_sql.uses_points

    def log_odds(self, matrix: Floats, points: Points, threads: int = 1) -> Floats:
        """Return calibrated log-odds, [n]. `matrix`: [n, features]; `points`: [n], int64 hundredths."""
        found = self.given_sql.log_odds(matrix, points, threads)
        rows = self._not_yet_sql(matrix)
        if len(rows):
            before = self.sql.log_odds(matrix[rows], points[rows], threads)
            found[rows] = joint_log_odds(before, found[rows])
        return found

    def probabilities(self, matrix: Floats, points: Points, threads: int = 1) -> Floats:
        """Return calibrated probabilities, [n]."""
        return sigmoid(self.log_odds(matrix, points, threads))

    def contributions(self, matrix: Floats, points: Points, threads: int = 1) -> Floats:
        """Return [n, features + 2]: each feature's part of the log-odds, then the points', then the bias.

        A row adds up to its log-odds. Of a lead that is sql already they are those of `given_sql`. Of any other, let
        the parts' contributions go from the biases (a0, b0) to the log-odds (a, b), and L be `joint_log_odds`. The
        Shapley value of sql among the two parts is its mean effect in both orders,
        (L(a, b0) - L(a0, b0) + L(a, b) - L(a0, b)) / 2, and is shared among the features as a - a0 is; the other
        part's likewise; the bias is L(a0, b0). That is a positive weight, at most 1, for each part, so that what
        raises either raises the whole. (Chen, Lundberg and Lee, "Explaining a series of models by propagating
        Shapley values", 2022.)
        """
        values = self.given_sql.contributions(matrix, points, threads)
        rows = self._not_yet_sql(matrix)
        if len(rows):
            before = self.sql.contributions(matrix[rows], points[rows], threads)
            values[rows] = _joined(before, values[rows])
        return values

    def _not_yet_sql(self, matrix: Floats) -> npt.NDArray[np.intp]:
        return np.flatnonzero(matrix[:, self.column] == 0)


def _joined(first: Floats, second: Floats) -> Floats:
    """The parts' contributions, each weighed by how much of its way to its log-odds the whole goes along."""
    a0, b0 = first[:, -1], second[:, -1]
    a, b = first.sum(axis=1), second.sum(axis=1)
    values = _weight(a0, a, b0, b)[:, None] * first + _weight(b0, b, a0, a)[:, None] * second
    values[:, -1] = joint_log_odds(a0, b0)
    return values


def _weight(start: Floats, end: Floats, other_start: Floats, other_end: Floats) -> Floats:
    """The mean slope of the joint log-odds from `start` to `end`, with the other part at its start and at its end."""
    way = end - start
    flat = np.abs(way) < _FLAT
    slopes = []
    for other in (other_start, other_end):
        chord = joint_log_odds(end, other) - joint_log_odds(start, other)
        # The slope at a point is (1 - P(this part)) / (1 - P(joint)).
        tangent = sigmoid(-start) / sigmoid(-joint_log_odds(start, other))
        slopes.append(np.where(flat, tangent, chord / np.where(flat, 1.0, way)))
    return (slopes[0] + slopes[1]) / 2
