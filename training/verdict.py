"""Model against points on the same test snapshots, and which of the two goes into the bundle."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.contract import Histories, Target
from scoring.model import Model
from training.bootstrap import Difference, numbered, paired
from training.evaluate import Figures, Ranking, figures
from training.fitted import Learning, Score, Segment, SplitCounts, TargetResult
from training.points_model import whole_points
from training.recipe import Recipe
from training.segments import parts, values
from training.settings import THREADS
from training.snapshots import Snapshots, subset
from training.split import LEAST_TRAINING_CONVERSIONS, LEAST_VALIDATION_CONVERSIONS, Split

FloatArray = NDArray[np.float64]
ENOUGH_TEST_CONVERSIONS = 50


@dataclass(frozen=True, eq=False)
class Both:
    """Both scores of the test snapshots [n], in their order. `model`: probabilities, None where nothing was learnt."""

    labels: NDArray[np.int8]
    leads: NDArray[np.int64]
    groups: NDArray[np.int64]
    model: FloatArray | None
    points: FloatArray
    points_probabilities: FloatArray

    def rows(self, rows: NDArray[np.int64]) -> "Both":
        """Return some of the snapshots."""
        return Both(
            self.labels[rows],
            self.leads[rows],
            self.groups[rows],
            None if self.model is None else self.model[rows],
            self.points[rows],
            self.points_probabilities[rows],
        )

    def model_figures(self) -> Figures | None:
        """Measure the model; None where there is none."""
        return None if self.model is None else figures(self.labels, self.model, self.model, self.leads)

    def points_figures(self) -> Figures:
        """Measure the points: ranked as they are, judged as probabilities once calibrated."""
        return figures(self.labels, self.points_probabilities, self.points, self.leads)

    def differences(self, seed: int) -> Mapping[str, Difference]:
        """Return model minus points by measure, with intervals over accounts; empty where there is no model."""
        if self.model is None:
            return {}
        clusters = numbered(self.groups)
        first = Ranking(self.labels, self.model, self.model, clusters)
        second = Ranking(self.labels, self.points_probabilities, self.points, clusters)
        return paired(first, second, int(clusters.max()) + 1, seed)


def measure(
    histories: Histories,
    recipe: Recipe,
    snapshots: Snapshots,
    split: Split,
    learnt: tuple[Model, Learning] | None,
    points_model: Model,
    matrix: FloatArray,
    hundredths: NDArray[np.int64],
) -> TargetResult:
    """Measure model and points on the test. `matrix` and `hundredths` have a row for each test snapshot."""
    points = whole_points(hundredths)
    model, learning = learnt or (None, None)
    both = Both(
        labels=snapshots.label[split.test],
        leads=snapshots.lead[split.test],
        groups=snapshots.group[split.test],
        model=None if model is None else model.probabilities(matrix, hundredths, THREADS),
        points=points,
        points_probabilities=points_model.probabilities(matrix, hundredths, THREADS),
    )
    model_figures, points_figures = both.model_figures(), both.points_figures()
    apart = both.differences(recipe.seed)
    champion, reason = judge(counted(snapshots, split), model_figures, points_figures, apart)
    return TargetResult(
        target=snapshots.target,
        horizon_days=snapshots.horizon_days,
        counts=counted(snapshots, split),
        test=_table(snapshots, split, both),
        model=model,
        points=points_model,
        learning=learning,
        model_figures=model_figures,
        points_figures=points_figures,
        differences=apart,
        segments=_segments(histories, recipe, snapshots, split, both),
        value_per_call=_value_per_call(recipe, snapshots.target, model_figures, points_figures),
        champion=champion,
        reason=reason,
    )


def judge(
    counts: SplitCounts, model: Figures | None, points: Figures, apart: Mapping[str, Difference]
) -> tuple[Score, str]:
    """Say which score goes into the bundle and why: the model where its log loss on the test is the lower."""
    if model is None:
        return Score.POINTS, (
            f"no model could be checked inside training: a window there needs {LEAST_TRAINING_CONVERSIONS} converted "
            f"leads known before it and {LEAST_VALIDATION_CONVERSIONS} in it, and training has "
            f"{counts.train_conversions} in all, too few or too late; the points, brought to probabilities, stand in"
        )
    if counts.test_conversions == 0:
        return Score.POINTS, "the test holds no conversion, so that the model cannot show that it beats the points"
    loss = apart["log_loss"]
    measured = (
        f"log loss {model.measures.log_loss:.4f} of the model, {points.measures.log_loss:.4f} of the points "
        f"(difference {loss.value:+.4f}, 95% interval {loss.low:+.4f} to {loss.high:+.4f})"
    )
    if counts.test_conversions < ENOUGH_TEST_CONVERSIONS:
        measured += f"; {counts.test_conversions} converted leads in the test are too few to be sure"
    if loss.value < 0:
        return Score.MODEL, f"the model beats the points: {measured}"
    return Score.POINTS, f"the model does not beat the points: {measured}"


def counted(snapshots: Snapshots, split: Split) -> SplitCounts:
    """Count what the split came to."""
    return SplitCounts(
        train_snapshots=len(split.train),
        train_leads=len(np.unique(snapshots.lead[split.train])),
        train_conversions=snapshots.converted_leads(split.train),
        test_snapshots=len(split.test),
        test_leads=len(np.unique(snapshots.lead[split.test])),
        test_conversions=snapshots.converted_leads(split.test),
        purged=split.purged,
        straddling=split.straddling,
        immature=split.immature,
        folds=len(split.folds),
    )


def _table(snapshots: Snapshots, split: Split, both: Both) -> pa.Table:
    taken = subset(snapshots.table, split.test)
    ages = [snapshots.ages[age].text for age in snapshots.age[split.test].tolist()]
    model = pa.nulls(len(ages), pa.float64()) if both.model is None else pa.array(both.model, pa.float64())
    return pa.table(
        {
            "lead_id": taken["lead_id"],
            "group": pa.array(both.groups, pa.int64()),
            "cutoff": taken["cutoff"],
            "age": pa.array(ages, pa.string()),
            "label": pa.array(both.labels, pa.int8()),
            "model_probability": model,
            "points": pa.array(both.points, pa.float64()),
            "points_probability": pa.array(both.points_probabilities, pa.float64()),
        }
    )


def _segments(
    histories: Histories, recipe: Recipe, snapshots: Snapshots, split: Split, both: Both
) -> tuple[Segment, ...]:
    found = []
    for age, one in enumerate(snapshots.ages):
        rows = np.flatnonzero(snapshots.age[split.test] == age)
        if len(rows):
            found.append(_segment("age", one.text, both.rows(rows)))
    lead_ids = subset(snapshots.table, split.test)["lead_id"].to_pylist()
    for name in recipe.segments:
        named = values(histories, name, lead_ids, snapshots.cutoff[split.test])
        found += [_segment(name, value, both.rows(rows)) for value, rows in parts(named)]
    return tuple(found)


def _segment(name: str, value: str | None, both: Both) -> Segment:
    return Segment(name, value, both.model_figures(), both.points_figures())


def _value_per_call(recipe: Recipe, target: Target, model: Figures | None, points: Figures) -> Mapping[Score, float]:
    """Return what a call to the top tenth is worth: precision there times a deal's value, less a call's cost."""
    business = recipe.business
    if business.deal_value is None or target is not Target.CUSTOMER:
        return {}
    measured = {Score.MODEL: model, Score.POINTS: points}
    return {
        score: one.measures.precision_top_tenth * business.deal_value - business.call_cost
        for score, one in measured.items()
        if one is not None
    }
