"""Which half-life each rule's points should have, by what was best out of time inside training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scoring import firings
from scoring.firings import Firings
from scoring.rules import HUNDREDTHS, EngagementRule
from training.nonnegative import Belief, fit

FloatArray = NDArray[np.float64]
HALF_LIVES = (7.0, 14.0, 30.0, 60.0, 90.0, 180.0, None)
WEIGHTS = (3.0, 30.0, 300.0)

Window = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Problem:
    """What rules give at training snapshots, and what came of them.

    `columns` [snapshots, rules] in points; `labels` and `groups` (account, or lead) [snapshots]; `free` [rules]: whose
    slope the data may move; `slope`: that of the points as they are, which all have before the data speak.
    """

    columns: FloatArray
    labels: NDArray[np.int8]
    groups: NDArray[np.int64]
    free: NDArray[np.bool_]
    slope: float

    def slopes(self, rows: NDArray[np.int64] | slice, weight: float) -> tuple[float, FloatArray]:
        """Fit some rows; return the intercept and a slope for each rule.

        `weight`: the information that the slopes of before are worth; a snapshot with probability p brings p (1 - p),
        where it is rare hardly less than a conversion a unit.
        """
        moved, fixed = self.columns[rows][:, self.free], self.columns[rows][:, ~self.free]
        count = moved.shape[1]
        belief = Belief(np.full(count, self.slope), weight * self.columns[:, self.free].var(axis=0))
        found = fit(moved, self.slope * fixed.sum(axis=1), self.labels[rows], belief)
        slopes = np.full(len(self.free), self.slope)
        slopes[self.free] = found.slopes
        return found.intercept, slopes

    def losses(self, windows: Sequence[Window], weight: float) -> FloatArray:
        """Log loss of each validation snapshot, fitted on what came before its window; windows one after another."""
        found = []
        for train, validation in windows:
            intercept, slopes = self.slopes(train, weight)
            log_odds = intercept + self.columns[validation] @ slopes
            found.append(np.logaddexp(0.0, np.where(self.labels[validation] == 1, -log_odds, log_odds)))
        return np.concatenate(found)

    def with_column(self, place: int, column: FloatArray) -> "Problem":
        """Return the same with another column for one rule."""
        columns = self.columns.copy()
        columns[:, place] = column
        return replace(self, columns=columns)


def belief_weight(problem: Problem, windows: Sequence[Window]) -> float:
    """Return how much the points as they are should count against the data: what is best out of time."""
    return min(WEIGHTS, key=lambda weight: float(problem.losses(windows, weight).sum()))


def choose(
    problem: Problem, windows: Sequence[Window], weight: float, found: Firings, rules: Sequence[EngagementRule]
) -> tuple[tuple[EngagementRule, ...], Problem]:
    """Return the rules with the half-lives that predict best out of time, one rule after another, and the new columns.

    A rule keeps its own unless another is better by more than the standard error of the difference over accounts:
    half-lives that are no worse than luck allows are not worth an edit.
    """
    kept = list(rules)
    groups = problem.groups[np.concatenate([validation for _, validation in windows])]
    now = problem.losses(windows, weight)
    for place, rule in enumerate(rules):
        if not problem.free[place]:
            continue
        best = 0.0
        start, before = problem, now
        for days in HALF_LIVES:
            other = replace(rule, half_life_days=days, expires_days=None)
            if other == rule:
                continue
            tried = start.with_column(place, firings.engagement(found, place, other) / HUNDREDTHS)
            losses = tried.losses(windows, weight)
            gain, error = _gain(before - losses, groups)
            if gain > max(best, error):
                best, kept[place], problem, now = gain, other, tried, losses
    return tuple(kept), problem


def _gain(differences: FloatArray, groups: NDArray[np.int64]) -> tuple[float, float]:
    """Sum of what is gained, and its standard error over accounts."""
    _, cluster = np.unique(groups, return_inverse=True)
    by_group = np.bincount(cluster, weights=differences)
    return float(differences.sum()), float(np.sqrt((by_group**2).sum()))
