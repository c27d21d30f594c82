"""What it means for a lead that a rule gives it points: how often such leads convert, beside the others of their age."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from training.bootstrap import DRAWS, Difference, cluster_weights, interval
from training.snapshots import Snapshots

FloatArray = NDArray[np.float64]
FEWEST_LEADS = 20
FEWEST_CONVERSIONS = 5
_RULE_OF_THREE = 3.0


class Pull(StrEnum):
    """Which way a rule pulls, as far as the deals can tell."""

    AS_MEANT = "as meant"
    WRONG_WAY = "wrong way"
    CANNOT_TELL = "cannot tell"
    TOO_FEW = "too few"
    NEVER = "never fires"
    ALWAYS = "always fires"


@dataclass(frozen=True, slots=True)
class Lift:
    """A rule against one target. `leads` have points by it, `converted` of them reached the target.

    `rate`: the share of the rule's snapshots with the outcome in their horizon; `other_rate`: that of snapshots of
    the same ages without the rule; `lift`: the one over the other with a 95% interval. nan where nothing can be
    compared.
    """

    leads: int
    converted: int
    rate: float
    other_rate: float
    lift: Difference
    pull: Pull


def lifts(
    fired: NDArray[np.bool_],
    points: Sequence[int],
    drawn: Snapshots,
    rows: NDArray[np.int64],
    seed: int,
    draws: int = DRAWS,
) -> tuple[Lift, ...]:
    """Return the lift of each rule. `fired` [rows, rules]: whether it gives or takes anything at mature snapshots `rows`.

    Older leads have done more and convert more seldom, so that rates are compared age by age: the other rate is that
    of the others, weighted by the ages of the rule's own snapshots (indirect standardisation, Breslow & Day 1987).
    Ages at which all or none have the rule are left out. Intervals are of a bootstrap over accounts. Where no lead
    with the rule converted, the bootstrap knows no upper end: it is three over the conversions expected (Hanley &
    Lippman-Hand 1983).
    """
    labels, ages, leads = drawn.label[rows] == 1, drawn.age[rows], drawn.lead[rows]
    counts = _Counts(fired, labels, ages, len(drawn.ages), drawn.group[rows])
    ones = np.ones((1, counts.clusters))
    rate, other = (side[0] for side in counts.rates(ones))
    sampled = [counts.rates(weights) for weights in cluster_weights(np.arange(counts.clusters), seed, draws)]
    with np.errstate(invalid="ignore", divide="ignore"):
        samples = np.concatenate([above / below for above, below in sampled])
        value = rate / other
    per_lead = len(np.unique(leads[labels])) / max(1, int(labels.sum()))
    found = []
    for rule in range(fired.shape[1]):
        has = fired[:, rule]
        expected = float(np.nan_to_num(other[rule] * counts.compared[rule] * per_lead))
        with_rule = len(np.unique(leads[has & labels]))
        span = interval(float(value[rule]), samples[:, rule])
        if span.value == 0 and expected:
            span = Difference(0.0, 0.0, max(span.high, _RULE_OF_THREE / expected))
        without = len(np.unique(leads[~has & labels]))
        enough = (
            len(np.unique(leads[has])) >= FEWEST_LEADS and min(max(expected, with_rule), without) >= FEWEST_CONVERSIONS
        )
        pull = Pull.ALWAYS if has.all() else _pull(points[rule], span, enough) if has.any() else Pull.NEVER
        found.append(Lift(len(np.unique(leads[has])), with_rule, float(rate[rule]), float(other[rule]), span, pull))
    return tuple(found)


def _pull(points: int, lift: Difference, enough: bool) -> Pull:
    if not enough:
        return Pull.TOO_FEW
    if lift.low > 1:
        return Pull.AS_MEANT if points > 0 else Pull.WRONG_WAY
    if lift.high < 1:
        return Pull.AS_MEANT if points < 0 else Pull.WRONG_WAY
    return Pull.CANNOT_TELL


class _Counts:
    """Snapshots and conversions by account, age and rule, so that a draw of accounts is one product of matrices."""

    def __init__(
        self,
        fired: NDArray[np.bool_],
        labels: NDArray[np.bool_],
        ages: NDArray[np.int64],
        age_count: int,
        groups: NDArray[np.int64],
    ) -> None:
        found, cluster = np.unique(groups, return_inverse=True)
        self.clusters, self._rules = len(found), fired.shape[1]
        columns = np.column_stack([np.ones(len(labels)), labels, fired, fired & labels[:, None]])
        self._by_age = []
        for age in range(age_count):
            at = ages == age
            sums = np.zeros((self.clusters, columns.shape[1]))
            np.add.at(sums, cluster[at], columns[at])
            self._by_age.append(sums)
        self.compared = self._sides(np.ones((1, self.clusters)))[2][0]

    def rates(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Rates with and without each rule under each row of `weights` [draws, clusters]: [draws, rules] both."""
        hits, expected, compared = self._sides(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            return hits / compared, expected / compared

    def _sides(self, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Conversions with a rule, those expected by the others' rate at each age, and the snapshots compared."""
        shape = (len(weights), self._rules)
        hits, expected, compared = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for sums in self._by_age:
            drawn = weights @ sums
            everybody, converted = drawn[:, :1], drawn[:, 1:2]
            having, having_converted = drawn[:, 2 : 2 + self._rules], drawn[:, 2 + self._rules :]
            others = everybody - having
            both = (having > 0) & (others > 0)
            share = np.divide(converted - having_converted, others, out=np.zeros(shape), where=both)
            hits += np.where(both, having_converted, 0.0)
            expected += np.where(both, having * share, 0.0)
            compared += np.where(both, having, 0.0)
        return hits, expected, compared
