"""Part one: model, rules and the plain reference on the same test snapshots of an export."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.results import plain
from benchmarks.results.exports import Export
from histories import clock
from histories.contract import Target
from histories.errors import DataError
from training.bootstrap import Difference
from training.evaluate import MEASURES
from training.fit import Prepared, fit_prepared, prepare
from training.fitted import Score, TargetResult
from training.lineup import MODEL, RULES, contender, difference
from training.scores import Scores

PLAIN = "plain"
ALL = "all"
SHOWN = ("auc", "log_loss", "predicted_over_observed")
Span = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """The scores on the snapshots of one age, or of all: each figure as (value, low, high), 95% intervals.

    `figures`: by score, then by measure; `differences`: model minus another score, likewise; empty without a model.
    """

    age: str
    snapshots: int
    converted_leads: int
    figures: Mapping[str, Mapping[str, Span]]
    differences: Mapping[str, Mapping[str, Span]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of one target: `step` of the ladder, who `answers` in the bundle, and the test as lines.

    `refused`: why nothing could be trained; the rest is empty then.
    """

    target: str
    horizon_days: int
    train_snapshots: int
    train_converted: int
    test_from: str
    step: str
    answers: str
    lines: Sequence[Line]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class SideBySide:
    """One export's targets, sql first."""

    export: str
    leads: int
    targets: Sequence[Asked]

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "SideBySide":
        """Make it again from its JSON."""
        targets = [Asked(**(one | {"lines": [Line(**line) for line in one["lines"]]})) for one in told["targets"]]
        return cls(**(dict(told) | {"targets": targets}))


def side_by_side(name: str, export: Export, *, by_age: bool) -> SideBySide:
    """Train as `lead-scoring train` does, and measure. `by_age`: a plain reference and a line for each age as well."""
    leads = export.histories.leads.num_rows
    try:
        prepared = prepare(export.histories, export.recipe)
        now = export.histories.exported_at
        fitted = fit_prepared(export.histories, export.recipe, export.rules, prepared, now=now, source=name)
    except DataError as error:
        horizons = export.recipe.horizons.items()
        return SideBySide(name, leads, [Asked(t.value, days, 0, 0, "", "", "", [], str(error)) for t, days in horizons])
    asked = [
        _asked(export, prepared, target, fitted.results[target], by_age=by_age)
        for target in export.recipe.horizons
        if target in fitted.results
    ]
    return SideBySide(name, leads, asked)


def _asked(export: Export, prepared: Prepared, target: Target, result: TargetResult, *, by_age: bool) -> Asked:
    question, lineup = prepared.questions[target], result.lineup
    snapshots, parts = question.snapshots, question.split
    ages = range(len(snapshots.ages))
    pools = [[one] for one in ages] if by_age else [list(ages)]
    reference = plain.probabilities(export.histories, snapshots, parts.mature, parts.test, pools)
    scores = {name: Scores(one.probability, one.score) for name, one in lineup.contenders.items()}
    scores[PLAIN] = Scores(reference, reference)
    texts = [age.text for age in snapshots.ages] if by_age else []
    return Asked(
        target=target.value,
        horizon_days=result.horizon_days,
        train_snapshots=result.counts.train_snapshots,
        train_converted=result.counts.train_conversions,
        test_from=clock.date(parts.test_start),
        step=result.step.value,
        answers="model" if result.champion is Score.MODEL else "points",
        lines=lines(lineup.rows, scores, texts, export.recipe.seed),
    )


def lines(rows: pa.Table, scores: Mapping[str, Scores], ages: Sequence[str], seed: int) -> list[Line]:
    """Return a line for each age and one for all snapshots; `rows` as in training.lineup.Lineup."""
    of = np.array(rows["age"].to_pylist())
    parts = [(age, of == age) for age in ages] + [(ALL, np.ones(rows.num_rows, dtype=np.bool_))]
    return [_line(age, rows, scores, part, seed) for age, part in parts if part.any()]


def _line(age: str, rows: pa.Table, scores: Mapping[str, Scores], part: NDArray[np.bool_], seed: int) -> Line:
    taken = rows.filter(pa.array(part))
    found = {
        name: contender(taken, Scores(one.probability[part], one.score[part]), seed) for name, one in scores.items()
    }
    others = [name for name in (RULES, PLAIN) if MODEL in found and name in found]
    figures = found[RULES].figures
    return Line(
        age=age,
        snapshots=figures.snapshots,
        converted_leads=figures.converted_leads,
        figures={name: _spans(one.intervals) for name, one in found.items()},
        differences={name: _spans(difference(found[MODEL], found[name])) for name in others},
    )


def _spans(found: Mapping[str, Difference]) -> dict[str, Span]:
    return {name: tuple(asdict(found[name]).values()) for name in MEASURES if name in SHOWN}
