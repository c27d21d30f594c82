"""Scores side by side on the same snapshots: what runs log, the gate judges and the report prints."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features import table as features
from histories.contract import Histories, Target
from scoring import points
from scoring.bundle import Bundle
from training import bootstrap, evaluate
from training.bootstrap import Difference
from training.evaluate import Figures, FloatArray, Ranking
from training.fitted import Score, TargetResult

MODEL = "model"
RULES = "rules"
CHAMPION = "champion"
_TITLES = {Target.SQL: "SQL", Target.CUSTOMER: "Customer"}
ROWS = ("lead_id", "group", "cutoff", "age", "label")


@dataclass(frozen=True, eq=False)
class Contender:
    """One score of every snapshot: `score` ranks (points, say), `probability` is the same calibrated; both [n]."""

    probability: FloatArray
    score: FloatArray
    figures: Figures


@dataclass(frozen=True, eq=False)
class Lineup:
    """One target's contenders on the same mature snapshots.

    `rows`: one row a snapshot: lead_id, group (what the bootstrap draws), cutoff (UTC microseconds), age, label
    (0 or 1). `points` [n]: the rules' whole points. `contenders`: by name, `model` (absent where there were too few
    conversions to learn from) before `rules`, then the `champion` where it takes part. `chosen`: which of them the
    bundle at hand answers with. `differences`: for `rules`, model minus rules; for `champion`, chosen minus
    champion; by measure.
    """

    target: Target
    horizon_days: int
    rows: pa.Table
    points: FloatArray
    contenders: Mapping[str, Contender]
    chosen: str
    differences: Mapping[str, Mapping[str, Difference]]

    @property
    def labels(self) -> NDArray[np.int8]:
        """Labels of the snapshots, 0 or 1."""
        return _labels(self.rows)

    @property
    def title(self) -> str:
        """`Customer within 90 days`."""
        return f"{_TITLES[self.target]} within {self.horizon_days} days"

    @property
    def same(self) -> bool:
        """Tell whether the model says what the rules say: that is how a bundle answers whose champion is the points."""
        model, rules = self.contenders.get(MODEL), self.contenders.get(RULES)
        return model is not None and rules is not None and np.array_equal(model.probability, rules.probability)


def of_result(result: TargetResult) -> Lineup:
    """Return model beside rules as a training run measured them on its test snapshots."""
    whole_points = _column(result.test, "points")
    contenders = {}
    if result.model_figures is not None:
        probability = _column(result.test, "model_probability")
        contenders[MODEL] = Contender(probability, probability, result.model_figures)
    contenders[RULES] = Contender(_column(result.test, "points_probability"), whole_points, result.points_figures)
    return Lineup(
        target=result.target,
        horizon_days=result.horizon_days,
        rows=result.test.select(ROWS),
        points=whole_points,
        contenders=contenders,
        chosen=MODEL if result.champion is Score.MODEL else RULES,
        differences={RULES: result.differences} if result.differences else {},
    )


def with_champion(lineup: Lineup, probability: FloatArray, seed: int) -> Lineup:
    """Return the lineup with the champion's probabilities of the same snapshots beside the others'."""
    theirs = contender(lineup.rows, probability, probability)
    against = difference(lineup.rows, lineup.contenders[lineup.chosen], theirs, seed)
    return replace(
        lineup,
        contenders={**lineup.contenders, CHAMPION: theirs},
        differences={**lineup.differences, CHAMPION: against},
    )


def contender(rows: pa.Table, probability: FloatArray, score: FloatArray) -> Contender:
    """Measure a score on snapshots (rows as in Lineup)."""
    leads = np.unique(np.asarray(rows["lead_id"].to_pylist(), dtype=object), return_inverse=True)[1]
    return Contender(probability, score, evaluate.figures(_labels(rows), probability, score, leads))


def difference(rows: pa.Table, first: Contender, second: Contender, seed: int) -> Mapping[str, Difference]:
    """Return first minus second by measure, with 95% intervals from a bootstrap over accounts (rows as in Lineup)."""
    clusters = bootstrap.numbered(np.asarray(rows["group"].to_numpy(), dtype=np.int64))
    one, other = (Ranking(_labels(rows), who.probability, who.score, clusters) for who in (first, second))
    return bootstrap.paired(one, other, int(clusters.max()) + 1, seed)


def answer(bundle: Bundle, target: Target, histories: Histories, rows: pa.Table) -> FloatArray:
    """Return a bundle's probabilities for snapshots (lead_id, cutoff), in their order."""
    model = bundle.models[target]
    wanted = rows.select(["lead_id", "cutoff"])
    table = features.compute(histories, wanted, bundle.catalogue)
    hundredths = np.zeros(rows.num_rows, dtype=np.int64)
    if model.uses_points and bundle.rulebook is not None:
        hundredths = points.table(bundle.rulebook, histories, wanted)
    return np.asarray(model.probabilities(table.matrix, hundredths), dtype=np.float64)


def _labels(rows: pa.Table) -> NDArray[np.int8]:
    return np.asarray(rows["label"].to_numpy(), dtype=np.int8)


def _column(table: pa.Table, name: str) -> FloatArray:
    return np.asarray(table[name].to_numpy(), dtype=np.float64)


def in_order(lineups: Iterable[Lineup]) -> tuple[Lineup, ...]:
    """Return the lineups with customer first: score and grade are made from it."""
    return tuple(sorted(lineups, key=lambda one: one.target is not Target.CUSTOMER))
