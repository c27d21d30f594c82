"""How good a score is: one function for the model, the points and every bootstrap draw.

All figures come from weighted counts at the distinct values of the ranking, so that ties are counted by expectation
(the mean over all orders of the tied) and a bootstrap draw is but another row of weights.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
TOP_SHARE = 0.1
_LEAST = 1e-15


@dataclass(frozen=True, slots=True)
class Measures:
    """What is measured of a score on labelled snapshots; nan where the labels do not define it.

    `auc` (0.5: chance), `average_precision` (prevalence: chance), `log_loss` (nats a snapshot), `brier`,
    `precision_top_tenth` (share of conversions in the top tenth), `lift_top_tenth` (that over prevalence),
    `predicted_over_observed` (sum of probabilities over conversions).
    """

    auc: float
    average_precision: float
    log_loss: float
    brier: float
    precision_top_tenth: float
    lift_top_tenth: float
    predicted_over_observed: float


MEASURES = tuple(field.name for field in fields(Measures))
LOWER_IS_BETTER = frozenset({"log_loss", "brier"})


@dataclass(frozen=True, slots=True)
class Figures:
    """A score's measures, and what they were measured on. `prevalence`: conversions over snapshots."""

    snapshots: int
    leads: int
    conversions: int
    converted_leads: int
    prevalence: float
    measures: Measures


class Ranking:
    """A score's snapshots sorted from the highest down, ready to be counted under many weights.

    `labels` 0 or 1, `probabilities`, `scores` (what ranks: any scale), all [n].
    """

    def __init__(self, labels: NDArray[np.int8], probabilities: FloatArray, scores: FloatArray) -> None:
        self._order = np.argsort(-scores, kind="stable")
        self._labels = labels[self._order].astype(np.float64)
        falling = scores[self._order]
        self._starts = np.flatnonzero(np.r_[True, falling[1:] != falling[:-1]]) if len(scores) else np.zeros(0, int)
        clipped = np.clip(probabilities[self._order], _LEAST, 1 - _LEAST)
        self._probabilities = probabilities[self._order]
        self._log_losses = -np.where(self._labels == 1, np.log(clipped), np.log1p(-clipped))
        self._squares = (self._probabilities - self._labels) ** 2

    def measures(self, weights: FloatArray) -> dict[str, FloatArray]:
        """Measure under each row of `weights` [draws, n], in the order of the labels given: name -> [draws]."""
        weights = weights[:, self._order]
        total, positives = weights.sum(axis=1), weights @ self._labels
        positives = np.where(positives > 0, positives, np.nan)
        by_value = np.add.reduceat(weights, self._starts, axis=1)
        hits = np.add.reduceat(weights * self._labels, self._starts, axis=1)
        cumulated, found = np.cumsum(by_value, axis=1), np.cumsum(hits, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = _top(cumulated, found, TOP_SHARE * total) / (TOP_SHARE * total)
            return {
                "auc": _auc(by_value, hits, found, positives, total),
                "average_precision": _average_precision(cumulated, found, hits, positives),
                "log_loss": weights @ self._log_losses / total,
                "brier": weights @ self._squares / total,
                "precision_top_tenth": precision,
                "lift_top_tenth": precision / (positives / total),
                "predicted_over_observed": weights @ self._probabilities / positives,
            }


def _auc(
    by_value: FloatArray, hits: FloatArray, found: FloatArray, positives: FloatArray, total: FloatArray
) -> FloatArray:
    """Chance that a conversion ranks above a non-conversion; a tie counts a half (Hanley & McNeil 1982)."""
    above = found - hits / 2
    area = ((by_value - hits) * above).sum(axis=1)
    return np.asarray(area / (positives * (total - positives)))


def _average_precision(cumulated: FloatArray, found: FloatArray, hits: FloatArray, positives: FloatArray) -> FloatArray:
    """Sum over distinct values of the precision there, weighted by the recall that it adds."""
    precision = np.divide(found, cumulated, out=np.zeros_like(found), where=cumulated > 0)
    return np.asarray((precision * hits).sum(axis=1) / positives)


def _top(cumulated: FloatArray, found: FloatArray, wanted: FloatArray) -> FloatArray:
    """Expected conversions among the first `wanted` snapshots; the tied at the border are taken pro rata."""
    rows = np.arange(len(wanted))
    at = (cumulated < wanted[:, None]).sum(axis=1).clip(max=cumulated.shape[1] - 1)
    before = np.where(at > 0, cumulated[rows, at - 1], 0.0)
    found_before = np.where(at > 0, found[rows, at - 1], 0.0)
    width = cumulated[rows, at] - before
    share = np.divide(wanted - before, width, out=np.zeros_like(before), where=width > 0)
    return np.asarray(found_before + np.minimum(share, 1.0) * (found[rows, at] - found_before))


def figures(
    labels: NDArray[np.int8], probabilities: FloatArray, scores: FloatArray, leads: NDArray[np.int64]
) -> Figures:
    """Measure a score: `probabilities` for log loss, Brier and predicted over observed, `scores` for ranking.

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
