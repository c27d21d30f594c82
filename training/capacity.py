"""What a sales team would have had from a score, which can call so many leads a week and no more."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from histories.contract import Target
from training import bootstrap
from training.board import DEFAULT_SHARE
from training.boards import Boards, Calling
from training.bootstrap import Difference
from training.recipe import Business
from training.scores import Scores

FloatArray = NDArray[np.float64]
# Capacities that the curve of precision shows, as multiples of the team's own.
MULTIPLES = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0)


@dataclass(frozen=True, slots=True)
class CapacityMeasures:
    """What is measured of the calls that a score makes on the boards; nan where it is not defined.

    `calls`, `conversions` among the called (expected numbers, where ties leave it to chance), `precision` (the one over
    the other), `lift` (precision over the share of the boards' rows that reached the target). With a deal's value V and
    a call's cost c, for the target customer: `expected_value`, the sum over the called of p * V - c, p being the
    score's own probability; `realised_value`, conversions * V - calls * c; `net_benefit`, conversions / n -
    (calls - conversions) / n * t / (1 - t) with t = c / V and n the leads on the boards (Vickers & Elkin 2006), which
    is the realised value for each lead, in units of V - c.
    """

    calls: float
    conversions: float
    precision: float
    lift: float
    expected_value: float
    realised_value: float
    net_benefit: float


CAPACITY_MEASURES = tuple(field.name for field in fields(CapacityMeasures))


@dataclass(frozen=True, eq=False)
class AtCapacity:
    """A score at the team's capacity on weekly boards.

    `boards`: how many weeks; `calls_per_week`; `scores` and `selected` (how much of each is called, 0 to 1) have the
    boards' rows; `samples`: the measures in each draw of accounts, the same draws for every score of these boards.
    """

    boards: int
    calls_per_week: int
    measures: CapacityMeasures
    samples: Mapping[str, FloatArray]
    scores: Scores
    selected: FloatArray

    @property
    def intervals(self) -> Mapping[str, Difference]:
        """Each measure with its 95% interval from a bootstrap over accounts."""
        return bootstrap.intervals(asdict(self.measures), self.samples)


class _Team:
    """A score's calls, ready to be measured under many weights of accounts."""

    def __init__(self, boards: Boards, scores: Scores, calls: int, business: Business) -> None:
        self.calling = Calling(boards, scores.score, calls, scores.probability)
        self._cluster = bootstrap.numbered(boards.group)
        self._seen = np.bincount(boards.lead, minlength=len(boards.group)).astype(np.float64)
        self._reached = np.bincount(boards.lead, boards.label, minlength=len(boards.group))
        self._value = business.deal_value if boards.target is Target.CUSTOMER else None
        self._cost = business.call_cost

    def measures(self, weights: FloatArray) -> Mapping[str, FloatArray]:
        """Measure under each row of `weights` [draws, accounts]: name -> [draws]."""
        of_lead = weights[:, self._cluster]
        calls, conversions, promised = self.calling.called(of_lead).T
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = conversions / calls
            found = {
                "calls": calls,
                "conversions": conversions,
                "precision": precision,
                "lift": precision / ((of_lead @ self._reached) / (of_lead @ self._seen)),
            }
        return {**found, **self._money(calls, conversions, promised, of_lead.sum(axis=1))}

    def _money(
        self, calls: FloatArray, conversions: FloatArray, promised: FloatArray, leads: FloatArray
    ) -> Mapping[str, FloatArray]:
        nothing = np.full(len(calls), np.nan)
        if self._value is None:
            return {"expected_value": nothing, "realised_value": nothing, "net_benefit": nothing}
        costs = calls * self._cost
        realised = conversions * self._value - costs
        margin = self._value - self._cost
        return {
            "expected_value": promised * self._value - costs,
            "realised_value": realised,
            "net_benefit": realised / (leads * margin) if margin > 0 else nothing,
        }


def at_capacity(
    boards: Boards, scores: Scores, calls: int, business: Business, seed: int, draws: int = bootstrap.DRAWS
) -> AtCapacity:
    """Measure a score (rows of `boards`, of which there is at least one) with so many calls a week.

    In a draw of accounts the calls are the same share of each board as in what happened.
    """
    team = _Team(boards, scores, calls, business)
    clusters = len(np.unique(boards.group))
    measured = bootstrap.whole(team, clusters)
    return AtCapacity(
        boards=boards.days,
        calls_per_week=calls,
        measures=CapacityMeasures(**measured),
        samples=bootstrap.sampled(team, clusters, seed, draws),
        scores=scores,
        selected=team.calling.selected(),
    )


def difference(first: AtCapacity, second: AtCapacity) -> Mapping[str, Difference]:
    """Return first minus second by measure, with 95% intervals from the same draws of accounts."""
    values = asdict(first.measures), asdict(second.measures)
    return bootstrap.differences(values, (first.samples, second.samples))


def calls_of(boards: Boards, business: Business) -> int:
    """Return the calls of a week: the recipe's, else a tenth of the mean board; at least 1."""
    tenth = round(DEFAULT_SHARE * len(boards.label) / max(1, boards.days))
    return business.calls_per_week or max(1, tenth)


def precisions(boards: Boards, scores: Scores, calls: int) -> tuple[NDArray[np.int64], FloatArray]:
    """Return capacities around `calls` (rising, calls a week) and the precision at each."""
    largest = int(np.diff(boards.starts).max())
    tried = np.array(sorted({max(1, round(calls * one)) for one in MULTIPLES}), dtype=np.int64)
    tried = tried[(tried <= largest) | (tried == tried[0])]
    once = np.ones((1, len(boards.group)))
    return tried, np.array([Calling(boards, scores.score, int(one)).precision(once)[0] for one in tried])
