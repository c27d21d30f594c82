"""How the answers that count have held up, for one target: model and rules on the same answers, by cohort and segment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories import clock
from histories.contract import Histories, Target
from training import lineup as lineups
from training.evaluate import figures
from training.lineup import MODEL, RULES, Lineup
from training.monitor.cohorts import Period, periods
from training.monitor.counted import Counted
from training.monitor.ratio import Ratio, design_effect, ratio
from training.monitor.spans import age_groups
from training.monitor.worth import Worth
from training.scores import Scores
from training.segment_scores import by_segment
from training.snapshots import groups

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
LEVEL = 0.99  # of the intervals that a person is called by; a cohort's is raised to what so many of them ask for
SHOWN_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Cohort:
    """The answers given in a week or month.

    `counted` of them are mature, and `converted` of these reached the target; `waiting` are not mature. `ratios` by score,
    with intervals at 95%; `sure`: the model's at the level that a person is called by, over all cohorts together; None
    where nothing is mature. Log losses by score, in nats an answer.
    """

    period: Period
    counted: int
    waiting: int
    converted: int
    ratios: Mapping[str, Ratio]
    sure: Ratio | None
    log_loss: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class OfBundle:
    """What became of one bundle's answers: the first that counts (UTC microseconds), how many do, and converted.

    `ratio`: predicted over observed, with the interval at 95%.
    """

    version: str
    since: int
    counted: int
    converted: int
    ratio: Ratio


@dataclass(frozen=True, eq=False)
class Performance:
    """What became of the answers to one question.

    `lineup`: model and rules side by side with their segments; None where no answer counts. `ratios` by score at 95%,
    `sure`: the model's at 99%. `design`: by how much accounts make conversions come in clusters. `worth`: from what the
    points' probabilities were learnt. `bundles`: those that gave the answers, in the order in which they did.
    """

    counted: Counted
    lineup: Lineup | None
    ratios: Mapping[str, Ratio]
    sure: Ratio | None
    cohorts: tuple[Cohort, ...]
    design: float
    worth: str
    bundles: tuple[OfBundle, ...]

    @property
    def title(self) -> str:
        """`customer within 90 days`."""
        return f"{self.counted.target.value} within {self.counted.horizon_days} days"

    @property
    def heading(self) -> str:
        """`Customer within 90 days`, `SQL within 30 days`."""
        name = "SQL" if self.counted.target is Target.SQL else self.counted.target.value.capitalize()
        return f"{name} within {self.counted.horizon_days} days"


@dataclass(frozen=True, eq=False)
class Given:
    """What was given in the answers that count: the model's `probability` and the rules' whole `points`, [answers].

    `bundle`: the version of the bundle that gave each.
    """

    probability: FloatArray
    points: FloatArray
    bundle: NDArray[np.str_]

    def of(self, wanted: NDArray[np.bool_]) -> "Given":
        """Return some of them, `wanted` [answers]."""
        return Given(self.probability[wanted], self.points[wanted], self.bundle[wanted])


def measure(
    histories: Histories, counted: Counted, given: Given, worth: Worth, segments: Sequence[str], seed: int
) -> Performance:
    """Measure the answers that count, at least one of them, overall, by cohort, by segment and by the lead's age."""
    group = groups(histories)[counted.lead]
    scores = {
        MODEL: Scores(given.probability, given.probability),
        RULES: Scores(worth.probability, given.points),
    }
    rows = _rows(histories, counted, group)
    lineup = lineups.of_scores(counted.target, counted.horizon_days, rows, scores, seed)
    lineup = replace(lineup, segments=by_segment(histories, segments, lineup, seed))
    design = design_effect(given.probability, counted.label, group)
    return Performance(
        counted=counted,
        lineup=lineup,
        ratios={name: ratio(one.probability, counted.label, design, SHOWN_LEVEL) for name, one in scores.items()},
        sure=ratio(given.probability, counted.label, design, LEVEL),
        cohorts=tuple(_cohorts(counted, scores, design)),
        design=design,
        worth=worth.learnt_from,
        bundles=tuple(_of_bundles(counted, given, design)),
    )


def nothing(counted: Counted) -> Performance:
    """Return what can be said where no answer counts yet."""
    return Performance(counted, None, {}, None, tuple(_cohorts(counted, {}, 1.0)), 1.0, "", ())


def _of_bundles(counted: Counted, given: Given, design: float) -> Iterator[OfBundle]:
    first = {version: int(counted.as_of[given.bundle == version].min()) for version in set(given.bundle.tolist())}
    for version in sorted(first, key=lambda one: (first[one], one)):
        mine = given.bundle == version
        label = counted.label[mine]
        found = ratio(given.probability[mine], label, design, SHOWN_LEVEL)
        yield OfBundle(version, first[version], len(label), int((label == 1).sum()), found)


def _rows(histories: Histories, counted: Counted, group: IntArray) -> pa.Table:
    lead = pa.array(counted.lead)
    created = np.asarray(histories.leads["created_at"].take(lead).to_numpy(), dtype=np.int64)
    return pa.table(
        {
            "lead_id": histories.leads["lead_id"].take(lead),
            "group": pa.array(group, pa.int64()),
            "cutoff": pa.array(counted.as_of, pa.int64()),
            "age": pa.array(age_groups((counted.as_of - created).tolist()), pa.string()),
            "label": pa.array(counted.label, pa.int8()),
        }
    )


def _cohorts(counted: Counted, scores: Mapping[str, Scores], design: float) -> Iterator[Cohort]:
    found = periods(np.concatenate([counted.as_of, counted.waiting]))
    sure = 1 - (1 - LEVEL) / max(1, len(found))
    for period in found:
        rows = np.flatnonzero(period.holds(counted.as_of))
        label = counted.label[rows]
        there = scores if len(rows) else {}
        yield Cohort(
            period=period,
            counted=len(rows),
            waiting=int(period.holds(counted.waiting).sum()),
            converted=int((label == 1).sum()),
            ratios={name: ratio(one.probability[rows], label, design, SHOWN_LEVEL) for name, one in there.items()},
            sure=ratio(there[MODEL].probability[rows], label, design, sure) if there else None,
            log_loss={
                name: figures(label, one.probability[rows], one.score[rows], counted.lead[rows]).measures.log_loss
                for name, one in there.items()
            },
        )


def known_from(one: Performance) -> str | None:
    """Return the day on which the next answer's horizon ends; None where none is waiting."""
    moment = one.counted.known_from
    return None if moment is None else clock.date(moment)
