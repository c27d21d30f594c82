"""How good a score is: one function for the model, the points and every bootstrap draw.

A bootstrap draw is but another row of weights. What depends on the order of the score is counted at its distinct
values, so that ties count by expectation (the mean over all orders of the tied); all else adds up over snapshots.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from training import corp, ranked, recalibration

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
TOP_SHARE = 0.1
_LEAST = 1e-15


@dataclass(frozen=True, slots=True)
class Measures:
    """What is measured of a score on labelled snapshots; nan where the labels do not define it.

    `auc` (0.5: chance), `average_precision` (prevalence: chance), `log_loss` (nats a snapshot), `brier`, which is
    `miscalibration` - `discrimination` + `uncertainty` (CORP), `calibration_slope` and `calibration_intercept` (on
    the log-odds scale), `precision_top_tenth` (share of conversions in the top tenth), `lift_top_tenth` (that over
    prevalence), `predicted_over_observed` (sum of probabilities over conversions).
    """

    auc: float
    average_precision: float
    log_loss: float
    brier: float
    miscalibration: float
    discrimination: float
    uncertainty: float
    calibration_slope: float
    calibration_intercept: float
    precision_top_tenth: float
    lift_top_tenth: float
    predicted_over_observed: float


MEASURES = tuple(field.name for field in fields(Measures))
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "miscalibration"})
# Measures of which neither more nor less is better, but one value.
BEST: Mapping[str, float] = {"calibration_slope": 1.0, "calibration_intercept": 0.0, "predicted_over_observed": 1.0}


@dataclass(frozen=True, slots=True)
class Figures:
    """A score's measures, and what they were measured on. `prevalence`: conversions over snapshots."""

    snapshots: int
    leads: int
    conversions: int
    converted_leads: int
    prevalence: float
    measures: Measures


class Order:
    """The order of a score: snapshots sorted from the highest down, ready to be counted under many weights.

    `labels` 0 or 1, `scores` (what ranks: any scale), `clusters` (numbers from 0: what a weight stands for), all [n].
    `width`: how many clusters there are in all, those without a snapshot here among them.
    """

    def __init__(self, labels: FloatArray, scores: FloatArray, clusters: IntArray, width: int) -> None:
        order = np.argsort(-scores, kind="stable")
        falling = scores[order]
        self._cluster, self._label = clusters[order].astype(np.int64), labels[order]
        self._starts = np.flatnonzero(np.r_[True, falling[1:] != falling[:-1], True]).astype(np.int64)
        self._both = np.stack([np.bincount(clusters, minlength=width), np.bincount(clusters, labels, width)], axis=1)

    def counts(self, weights: FloatArray, total: FloatArray) -> FloatArray:
        """Return `ranked.counts` under each row of `weights` [draws, clusters], whose snapshots weigh `total` [draws]."""
        whole = np.ascontiguousarray(weights), np.ascontiguousarray(total)
        return ranked.counts(whole[0], self._cluster, self._label, self._starts, whole[1], TOP_SHARE)

    def auc(self, weights: FloatArray) -> FloatArray:
        """Return the AUC under each row of `weights` [draws, clusters]; nan where the labels there are all alike."""
        total, positives = (weights @ self._both).T
        pairs = positives * (total - positives)
        return self.counts(weights, total)[:, ranked.AREA] / np.where(pairs > 0, pairs, np.nan)


class Ranking:
    """A score's snapshots ready to be measured under many weights.

    `labels` 0 or 1, `probabilities`, `scores` (what ranks: any scale), all [n]. `clusters` [n] numbers from 0 what a
    weight stands for; None: each snapshot for itself.
    """

    def __init__(
        self,
        labels: NDArray[np.int8],
        probabilities: FloatArray,
        scores: FloatArray,
        clusters: IntArray | None = None,
    ) -> None:
        truth = labels.astype(np.float64)
        clusters = np.arange(len(truth)) if clusters is None else clusters
        self._order = Order(truth, scores, clusters, int(clusters.max()) + 1)
        clipped = np.clip(probabilities, _LEAST, 1 - _LEAST)
        margins = np.log(clipped) - np.log1p(-clipped)
        self._line = recalibration.fit(margins, truth)
        columns = [
            np.ones_like(truth),
            truth,
            -np.where(truth == 1, np.log(clipped), np.log1p(-clipped)),
            (probabilities - truth) ** 2,
            (corp.observed(truth, probabilities) - truth) ** 2,
            probabilities,
        ]
        if self._line is not None:
            columns += list(recalibration.terms(margins, truth, self._line).T)
        self._sums = np.stack([np.bincount(clusters, column) for column in columns], axis=1)

    def measures(self, weights: FloatArray) -> dict[str, FloatArray]:
        """Measure under each row of `weights` [draws, clusters]: name -> [draws].

        Under other weights than 1 each, the CORP parts hold the curve of all snapshots fixed, which is the first-order
        change of a minimum (Danskin 1967): a curve fitted to each draw would fit the snapshots that a draw repeats,
        and call every score worse calibrated than it is. Slope and intercept take one Newton step from the line of
        all snapshots.
        """
        sums = weights @ self._sums
        total, positives, losses, squares, from_curve, promised = sums[:, :6].T
        positives = np.where(positives > 0, positives, np.nan)
        counted = self._order.counts(weights, total)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = sums[:, 1] / total
            uncertainty = share * (1 - share)
            precision = counted[:, ranked.FOUND] / (TOP_SHARE * total)
            slope, intercept = self._slope_and_intercept(sums[:, 6:])
            return {
                "auc": counted[:, ranked.AREA] / (positives * (total - positives)),
                "average_precision": counted[:, ranked.PRECISIONS] / positives,
                "log_loss": losses / total,
                "brier": squares / total,
                "miscalibration": (squares - from_curve) / total,
                "discrimination": uncertainty - from_curve / total,
                "uncertainty": uncertainty,
                "calibration_slope": slope,
                "calibration_intercept": intercept,
                "precision_top_tenth": precision,
                "lift_top_tenth": precision / (positives / total),
                "predicted_over_observed": promised / positives,
            }

    def _slope_and_intercept(self, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        if self._line is None:
            nothing = np.full(len(sums), np.nan)
            return nothing, nothing
        intercept, slope = recalibration.step(sums)
        return self._line.slope + slope, self._line.intercept + intercept


def figures(labels: NDArray[np.int8], probabilities: FloatArray, scores: FloatArray, leads: IntArray) -> Figures:
    """Measure a score: `scores` rank, `probabilities` are what it promises.

    All arrays are [snapshots], at least one; labels are 0 or 1; `leads` numbers each snapshot's lead.
    """
    measured = Ranking(labels, probabilities, scores).measures(np.ones((1, len(labels))))
    conversions = int((labels == 1).sum())
    return Figures(
        snapshots=len(labels),
        leads=len(np.unique(leads)),
        conversions=conversions,
        converted_leads=len(np.unique(leads[labels == 1])),
        prevalence=conversions / len(labels),
        measures=Measures(**{name: _number(measured[name][0]) for name in MEASURES}),
    )


def _number(value: float) -> float:
    return float(value) if np.isfinite(value) else float("nan")
