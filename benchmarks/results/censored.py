"""Part three: what to do with snapshots whose horizon still runs, when half of them are such.

Three ways to learn from the same export, with the same trees, settings and rounds: the answers that are known, weighted
(as training does); the snapshots alone whose horizon has ended; all of them, those without an answer taken for a no.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.results import expected
from benchmarks.results.exports import Export, sampled
from benchmarks.results.known_truth import truths
from features import catalogue as catalogues
from features import table as feature_table
from histories.contract import Target
from scoring.calibration import IDENTITY
from scoring.model import Model
from training import censoring
from training.booster import bin_rows, columns_of
from training.learner import bag
from training.settings import by_size
from training.snapshots import Snapshots, draw, subset

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
WEIGHTED, MATURE, OPEN_IS_NO = "weighted", "mature", "open is no"
ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Way:
    """Snapshots to learn from (row numbers), what each is taken to answer, and what it weighs (mean 1)."""

    rows: IntArray
    labels: NDArray[np.int8]
    weights: FloatArray


@dataclass(frozen=True, slots=True)
class Reached:
    """What one way came to: snapshots and converted leads to learn from; figures that the truth expects."""

    snapshots: int
    converted_leads: int
    log_loss: float
    auc: float
    predicted_over_true: float


@dataclass(frozen=True, slots=True)
class ThreeWays:
    """`eligible` snapshots before the border, `immature` of them; `rows` of later leads' snapshots were asked about."""

    leads: int
    seed: int
    eligible: int
    immature: int
    rows: int
    draws: int
    log_loss_truth: float
    auc_truth: float
    ways: Mapping[str, Reached]

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "ThreeWays":
        """Make it again from its JSON."""
        return cls(**(dict(told) | {"ways": {name: Reached(**one) for name, one in told["ways"].items()}}))


def half_immature(snapshots: Snapshots, border: int) -> IntArray:
    """Return the newest snapshots before the border, half of them with a horizon that ends after it."""
    older = np.flatnonzero(snapshots.cutoff < border)
    runs = snapshots.known_from[older] > border
    ended = older[~runs]
    return np.concatenate([ended[max(0, len(ended) - int(runs.sum())) :], older[runs]])


def three_ways(snapshots: Snapshots, eligible: IntArray, border: int) -> dict[str, Way]:
    """Return what each way learns from, of what was known at the border (UTC microseconds)."""
    known = snapshots.known_at[eligible] <= border
    answered, mature = eligible[known], eligible[snapshots.known_from[eligible] <= border]
    yes = (snapshots.answer[eligible] == 1) & known
    return {
        WEIGHTED: Way(answered, snapshots.answer[answered], censoring.weights(snapshots, answered, eligible, border)),
        MATURE: Way(mature, snapshots.answer[mature], np.ones(len(mature))),
        OPEN_IS_NO: Way(eligible, yes.astype(np.int8), np.ones(len(eligible))),
    }


def later_leads(snapshots: Snapshots, border: int) -> IntArray:
    """Return the mature snapshots from the border on of accounts that nobody knew before it."""
    known = np.unique(snapshots.lives.group[snapshots.lives.first < border])
    return np.flatnonzero(snapshots.mature & (snapshots.cutoff >= border) & ~np.isin(snapshots.group, known))


def half_way(snapshots: Snapshots) -> int:
    """Return the border: the middle between the first snapshot and the export, UTC microseconds."""
    return int((snapshots.cutoff.min() + snapshots.exported_at) // 2)


def censored(leads: int, seed: int, rows: int, draws: int) -> ThreeWays:
    """Learn in the three ways from a sample of recorded hazards alone, and ask about at most `rows` later snapshots."""
    export, parameters = sampled(leads, seed, recorded_only=True)
    snapshots = draw(export.histories, Target.CUSTOMER, export.recipe.horizons[Target.CUSTOMER], export.recipe.ages)
    border = half_way(snapshots)
    eligible, later = half_immature(snapshots, border), later_leads(snapshots, border)
    table = subset(snapshots.table, later)
    chosen, true, error = truths(parameters, table, snapshots.horizon_days, rows, draws)
    ways = three_ways(snapshots, eligible, border)
    told = _learnt(export, snapshots, eligible, ways, border, subset(table, chosen))
    return ThreeWays(
        leads=leads,
        seed=seed,
        eligible=len(eligible),
        immature=int((snapshots.known_from[eligible] > border).sum()),
        rows=len(chosen),
        draws=draws,
        log_loss_truth=expected.least_log_loss(true, error),
        auc_truth=expected.auc(true, true),
        ways={name: _reached(snapshots, ways[name], true, one) for name, one in told.items()},
    )


def _learnt(
    export: Export, snapshots: Snapshots, eligible: IntArray, ways: Mapping[str, Way], border: int, asked: pa.Table
) -> dict[str, FloatArray]:
    """Return each way's probabilities of the rows `asked`. The settings go by the mature snapshots, for all three."""
    histories, seed = export.histories, export.recipe.seed
    ids = histories.leads["lead_id"].take(pa.array(np.unique(snapshots.lead[eligible]))).to_pylist()
    catalogue = catalogues.build(histories, ids, until=border, own=())
    matrix = feature_table.compute(histories, subset(snapshots.table, eligible), catalogue).matrix
    test = feature_table.compute(histories, asked, catalogue).matrix
    settings = by_size(snapshots.converted_leads(ways[MATURE].rows))
    found = {}
    for name, way in ways.items():
        part = matrix[np.searchsorted(eligible, way.rows)]
        rows = bin_rows(part, way.labels, way.weights, None, columns_of(catalogue), settings, seed)
        model = Model(snapshots.target, snapshots.horizon_days, bag(rows, settings, ROUNDS, seed), IDENTITY)
        found[name] = model.probabilities(test, np.zeros(len(test), dtype=np.int64))
    return found


def _reached(snapshots: Snapshots, way: Way, true: FloatArray, told: FloatArray) -> Reached:
    return Reached(
        snapshots=len(way.rows),
        converted_leads=len(np.unique(snapshots.lead[way.rows][way.labels == 1])),
        log_loss=expected.log_loss(true, told),
        auc=expected.auc(true, told),
        predicted_over_true=float(told.sum() / true.sum()),
    )
