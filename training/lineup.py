"""Scores side by side on the same snapshots: what runs log, the gate judges and the report prints."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.contract import Target
from training import bootstrap, capacity, evaluate
from training.boards import Boards
from training.bootstrap import Difference
from training.capacity import AtCapacity
from training.evaluate import Figures, FloatArray, Ranking
from training.recipe import Business
from training.scores import Scores
from training.segments import Segment

MODEL = "model"
RULES = "rules"
CHAMPION = "champion"
_TITLES = {Target.SQL: "SQL", Target.CUSTOMER: "Customer"}
ROWS = ("lead_id", "group", "cutoff", "age", "label")


@dataclass(frozen=True, eq=False)
class Contender:
    """One score of every snapshot: `score` ranks (points, say), `probability` is the same calibrated; both [n].

    `samples`: its measures in each draw of accounts, the same draws for every contender of a lineup.
    """

    probability: FloatArray
    score: FloatArray
    figures: Figures
    samples: Mapping[str, FloatArray]

    @property
    def intervals(self) -> Mapping[str, Difference]:
        """Each measure with its 95% interval from a bootstrap over accounts."""
        return bootstrap.intervals(asdict(self.figures.measures), self.samples)


@dataclass(frozen=True, eq=False)
class Lineup:
    """One target's contenders on the same mature snapshots.

    `rows`: one row a snapshot: lead_id, group (what the bootstrap draws), cutoff (UTC microseconds), age, label
    (0 or 1). `contenders`: by name, `model` (absent where there were too few conversions to learn from) before
    `rules`, then the `champion` where it takes part. `chosen`: which of them the bundle at hand answers with.
    `differences`: for `rules`, model minus rules; for `champion`, chosen minus champion; by measure.

    `boards`: the weeks from the first snapshot's border on that the export has seen the end of. `capacity` by
    contender, and `capacity_differences` as `differences`; both empty where there is no board. `segments`: the
    contenders by age and by the recipe's attributes. `left_out`: snapshots of the test that are not among `rows`, because
    the champion's training knew their lead or account.
    """

    target: Target
    horizon_days: int
    rows: pa.Table
    contenders: Mapping[str, Contender]
    chosen: str
    differences: Mapping[str, Mapping[str, Difference]]
    boards: Boards | None = None
    capacity: Mapping[str, AtCapacity] = field(default_factory=dict)
    capacity_differences: Mapping[str, Mapping[str, Difference]] = field(default_factory=dict)
    segments: tuple[Segment, ...] = ()
    left_out: int = 0

    @property
    def labels(self) -> NDArray[np.int8]:
        """Labels of the snapshots, 0 or 1."""
        return _labels(self.rows)

    @property
    def clusters(self) -> NDArray[np.int64]:
        """What the bootstrap draws, numbered from 0: each snapshot's account, or lead."""
        return _clusters(self.rows)

    @property
    def points(self) -> FloatArray:
        """The rules' whole points at each snapshot."""
        return self.contenders[RULES].score

    @property
    def title(self) -> str:
        """`Customer within 90 days`."""
        return f"{_TITLES[self.target]} within {self.horizon_days} days"

    @property
    def same(self) -> bool:
        """Tell whether the model says what the rules say: that is how a bundle answers whose champion is the points."""
        model, rules = self.contenders.get(MODEL), self.contenders.get(RULES)
        return model is not None and rules is not None and np.array_equal(model.probability, rules.probability)


def of_scores(target: Target, horizon_days: int, rows: pa.Table, scores: Mapping[str, Scores], seed: int) -> Lineup:
    """Measure model and rules, or the rules alone, on snapshots (rows as in Lineup). Chosen is the model where there is one."""
    contenders = {name: contender(rows, one, seed) for name, one in scores.items()}
    chosen = MODEL if MODEL in contenders else RULES
    alone = Lineup(target, horizon_days, rows, contenders, chosen, {})
    if chosen == RULES or alone.same:
        return alone
    return replace(alone, differences={RULES: difference(contenders[MODEL], contenders[RULES])})


def contender(rows: pa.Table, scores: Scores, seed: int) -> Contender:
    """Measure a score on snapshots (rows as in Lineup), with the draws of `seed`."""
    leads = np.unique(np.asarray(rows["lead_id"].to_pylist(), dtype=object), return_inverse=True)[1]
    labels, clusters = _labels(rows), _clusters(rows)
    return Contender(
        probability=scores.probability,
        score=scores.score,
        figures=evaluate.figures(labels, scores.probability, scores.score, leads),
        samples=bootstrap.sampled(
            Ranking(labels, scores.probability, scores.score, clusters), int(clusters.max()) + 1, seed
        ),
    )


def difference(first: Contender, second: Contender) -> Mapping[str, Difference]:
    """Return first minus second by measure, with 95% intervals from the draws that both were measured in."""
    values = asdict(first.figures.measures), asdict(second.figures.measures)
    return bootstrap.differences(values, (first.samples, second.samples))


def on_boards(lineup: Lineup, boards: Boards, scores: Mapping[str, Scores], business: Business, seed: int) -> Lineup:
    """Return the lineup with what each of its contenders comes to at the team's capacity, from its scores of the boards."""
    if not boards.days:
        return lineup
    calls = capacity.calls_of(boards, business)
    measured = {name: capacity.at_capacity(boards, one, calls, business, seed) for name, one in scores.items()}
    found = dict(lineup.capacity) | measured
    apart = {
        other: capacity.difference(found[first], found[other])
        for first, other in ((MODEL, RULES), (lineup.chosen, CHAMPION))
        if other in lineup.differences and first in found and other in found
    }
    return replace(lineup, boards=boards, capacity=found, capacity_differences=apart)


def among(lineup: Lineup, rows: NDArray[np.int64], seed: int) -> Lineup:
    """Return the lineup measured on some of its rows (by number, at least one); its segments are left as they were."""
    scores = {name: Scores(one.probability[rows], one.score[rows]) for name, one in lineup.contenders.items()}
    measured = of_scores(lineup.target, lineup.horizon_days, lineup.rows.take(pa.array(rows)), scores, seed)
    left_out = lineup.rows.num_rows - len(rows)
    return replace(
        lineup,
        rows=measured.rows,
        contenders=measured.contenders,
        differences=measured.differences,
        left_out=lineup.left_out + left_out,
    )


def with_champion(lineup: Lineup, champion: Contender) -> Lineup:
    """Return the lineup with the champion beside the others, measured on the same snapshots with the same draws."""
    against = difference(lineup.contenders[lineup.chosen], champion)
    return replace(
        lineup,
        contenders={**lineup.contenders, CHAMPION: champion},
        differences={**lineup.differences, CHAMPION: against},
    )


def in_order(lineups: Iterable[Lineup]) -> tuple[Lineup, ...]:
    """Return the lineups with customer first: score and grade are made from it."""
    return tuple(sorted(lineups, key=lambda one: one.target is not Target.CUSTOMER))


def _labels(rows: pa.Table) -> NDArray[np.int8]:
    return np.asarray(rows["label"].to_numpy(), dtype=np.int8)


def _clusters(rows: pa.Table) -> NDArray[np.int64]:
    return bootstrap.numbered(np.asarray(rows["group"].to_numpy(), dtype=np.int64))
