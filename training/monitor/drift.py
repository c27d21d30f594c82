"""Whether leads of the same age, and the open leads' scores, still look as they did when the bundle was trained."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features import snapshots as feature_snapshots
from features import table as features
from features.catalogue import Catalogue
from histories.contract import Histories, Target
from scoring.bundle import Bundle
from training import scores
from training.lineup import MODEL
from training.monitor import psi
from training.monitor.psi import UNTOLD, Sample, Shift
from training.monitor.spans import CURRENT, REFERENCE, ages_of
from training.snapshots import Snapshots, at_risk, draw, groups, subset

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
CHANCE = 0.01  # how often luck alone may call a person, for all features of a run together, and for the scores
_MOST_ROWS = 20_000
GRADES = "ABCD"


@dataclass(frozen=True, eq=False)
class FeatureDrift:
    """Features of leads at the ages that the bundle was trained at: the weeks before now against the quarter before it.

    `reference` and `current`: snapshots of each; `shifts` by feature, in the catalogue's order. The reference's rows
    are weighted so that both have the same ages.
    """

    reference: int
    current: int
    shifts: Mapping[str, Shift]


@dataclass(frozen=True, eq=False)
class ScoreDrift:
    """The customer probabilities of the leads that are open now against the bundle's frozen reference.

    `reference` and `current`: leads of each; `grades`: the share of each that has a grade, by grade, the reference's first.
    """

    reference: int
    current: int
    shift: Shift
    grades: Mapping[str, tuple[float, float]]


def of_features(histories: Histories, bundle: Bundle) -> FeatureDrift:
    """Hold the snapshots of the weeks before `exported_at` against those of the quarter before the training's end."""
    horizon = bundle.models[Target.CUSTOMER].horizon_days
    drawn = draw(histories, Target.CUSTOMER, horizon, ages_of(bundle.card))
    until = bundle.card.trained_until
    before = _some((drawn.cutoff >= until - REFERENCE) & (drawn.cutoff < until))
    after = _some(
        (drawn.cutoff >= max(until, histories.exported_at - CURRENT)) & (drawn.cutoff < histories.exported_at)
    )
    both = np.intersect1d(drawn.age[before], drawn.age[after])
    before, after = (rows[np.isin(drawn.age[rows], both)] for rows in (before, after))
    if not len(before) or not len(after):
        return FeatureDrift(len(before), len(after), {})
    weight = _weights(drawn.age[before], drawn.age[after])
    matrices = [_matrix(histories, drawn, rows, bundle.catalogue) for rows in (before, after)]
    accounts = drawn.group[before], drawn.group[after]
    chance = CHANCE / len(bundle.catalogue.names)
    shifts = {
        name: _shift(matrices[0][:, place], matrices[1][:, place], weight, accounts, chance)
        for place, name in enumerate(bundle.catalogue.names)
    }
    return FeatureDrift(len(before), len(after), shifts)


def _some(wanted: NDArray[np.bool_]) -> IntArray:
    """As many rows as tell enough, evenly over time."""
    rows = np.flatnonzero(wanted)
    if len(rows) <= _MOST_ROWS:
        return rows
    return rows[np.linspace(0, len(rows) - 1, _MOST_ROWS).astype(np.int64)]


def _weights(before: IntArray, after: IntArray) -> FloatArray:
    """Weights under which the reference has the current rows' ages: leads that grow older are no drift."""
    width = int(max(before.max(), after.max())) + 1
    share = np.bincount(after, minlength=width) / len(after)
    return np.asarray((share / np.maximum(np.bincount(before, minlength=width), 1))[before])


def _matrix(histories: Histories, drawn: Snapshots, rows: IntArray, catalogue: Catalogue) -> FloatArray:
    snapshots = feature_snapshots.checked(subset(drawn.table, rows), "snapshots")
    return next(features.computed(histories, snapshots, catalogue, len(rows)))


def _shift(
    before: FloatArray, after: FloatArray, weight: FloatArray, accounts: tuple[IntArray, IntArray], chance: float
) -> Shift:
    cuts = psi.edges(before, psi.MOST_BINS)
    counts = len(np.unique(accounts[0])), len(np.unique(accounts[1]))
    bins = psi.merged(psi.binned(before, cuts), psi.binned(after, cuts), counts)
    reference = Sample(bins[0], weight, accounts[0])
    return psi.shift(reference, Sample(bins[1], np.ones(len(after)), accounts[1]), chance)


def of_scores(histories: Histories, bundle: Bundle) -> ScoreDrift:
    """Score the leads that are open at `exported_at`, and hold them against the reference that grades are read off."""
    open_leads = at_risk(histories, Target.CUSTOMER, histories.exported_at)
    if not open_leads:
        return ScoreDrift(len(bundle.reference), 0, UNTOLD, {})
    cutoffs = pa.array([histories.exported_at] * len(open_leads), pa.int64())
    rows = pa.table({"lead_id": pa.array(open_leads, pa.string()), "cutoff": cutoffs})
    asked = scores.ask(histories, rows, {MODEL: scores.of_bundle(bundle, Target.CUSTOMER)})
    numbers = dict(zip(histories.leads["lead_id"].to_pylist(), groups(histories).tolist(), strict=True))
    account = np.array([numbers[one] for one in open_leads], dtype=np.int64)
    return against_reference(bundle, asked[MODEL].probability, account)


def against_reference(bundle: Bundle, probability: FloatArray, account: IntArray) -> ScoreDrift:
    """Hold customer probabilities [leads] of leads of these accounts [leads] against the bundle's reference."""
    cuts = psi.edges(bundle.reference, psi.MOST_BINS)
    counts = len(bundle.reference), len(np.unique(account))
    before, after = psi.merged(psi.binned(bundle.reference, cuts), psi.binned(probability, cuts), counts)
    bins = int(max(before.max(), after.max())) + 1
    current = Sample(after, np.ones(len(after)), account)
    shift = psi.shift_from_fixed(np.bincount(before, minlength=bins), current, CHANCE)
    shares = _grade_shares(bundle, bundle.reference), _grade_shares(bundle, probability)
    grades = {grade: (shares[0][grade], shares[1][grade]) for grade in GRADES}
    return ScoreDrift(len(bundle.reference), len(probability), shift, grades)


def _grade_shares(bundle: Bundle, probability: FloatArray) -> Mapping[str, float]:
    reference = bundle.reference
    ranks = np.searchsorted(reference, probability, "left") + np.searchsorted(reference, probability, "right")
    score = np.round(50.0 * ranks / len(reference), 1)
    place = sum((score < cut).astype(np.int64) for cut in bundle.policy.grades)
    counted = np.bincount(np.asarray(place, dtype=np.int64), minlength=len(GRADES))
    return {grade: float(counted[number] / len(probability)) for number, grade in enumerate(GRADES)}
