"""How well a single column tells two groups of rows apart, whatever its direction and wherever its gaps stand."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
FOLDS = 5
_EDGES = 16
_SHRINK = 5.0
_ENDS = (-np.inf, np.inf)


def ranked(values: FloatArray, positive: BoolArray) -> float:
    """Return the AUC of an amount, at least 0.5: the best of both directions, with what is missing at either end.

    A tie counts a half; 0.5 where only one of the two groups is there.
    """
    if _alike(positive):
        return 0.5
    lowest = _auc(np.where(np.isnan(values), -np.inf, values), positive)
    gaps = np.isnan(values)
    if not gaps.any():
        return max(lowest, 1 - lowest)
    highest = lowest + _share(gaps, positive) - _share(gaps, ~positive)  # every pair with one gap turns round
    return max(lowest, 1 - lowest, highest, 1 - highest)


def filled(values: FloatArray, positive: BoolArray) -> float:
    """Return the AUC of whether there is a value at all, at least 0.5; 0.5 where only one of the two groups is there."""
    if _alike(positive):
        return 0.5
    gaps = np.isnan(values)
    return 0.5 + abs(_share(gaps, positive) - _share(gaps, ~positive)) / 2


def code_scores(codes: FloatArray, positive: BoolArray, fold: IntArray) -> FloatArray:
    """Score each row by what its category means in the other folds; what is missing is a category of its own.

    So a category that few rows have cannot tell their own answers.
    """
    scores = np.ones(len(codes))
    for one in range(FOLDS):
        inside = fold == one
        scores[inside] = _scores(codes, positive, inside)
    return scores


def bin_scores(values: FloatArray, positive: BoolArray, fold: IntArray) -> FloatArray:
    """Score each row by where its amount lies, as `code_scores`: bins are cut at the other folds' quantiles."""
    scores = np.ones(len(values))
    for one in range(FOLDS):
        inside = fold == one
        bins = np.searchsorted(_edges(values[~inside], positive[~inside]), values, side="right").astype(np.float64)
        scores[inside] = _scores(np.where(np.isnan(values), np.nan, bins), positive, inside)
    return scores


def dealt(group: IntArray) -> IntArray:
    """Deal groups (accounts, or leads) into folds by their numbers; all rows of a group go together."""
    return np.asarray(np.unique(group, return_inverse=True)[1] % FOLDS, dtype=np.int64)


def within(strata: IntArray, values: FloatArray, positive: BoolArray) -> float:
    """Return the AUC of an amount among pairs of the same stratum, at least 0.5; missing values at either end."""
    pairs, areas = [], []
    for one in np.unique(strata):
        rows = strata == one
        count = int(positive[rows].sum())
        pairs.append(count * (int(rows.sum()) - count))
        areas.append([_auc(np.where(np.isnan(values[rows]), end, values[rows]), positive[rows]) for end in _ENDS])
    if not sum(pairs):
        return 0.5
    area = np.average(np.array(areas), axis=0, weights=pairs)
    return float(np.maximum(area, 1 - area).max())


def _scores(codes: FloatArray, positive: BoolArray, inside: BoolArray) -> FloatArray:
    """Shrunk share of positives of each inner row's code among the outer rows, over the share among all of them."""
    distinct, place = np.unique(codes, return_inverse=True)  # nan is one value
    outer = ~inside
    share = positive[outer].mean() if outer.any() else 0.0
    if not share:
        return np.ones(int(inside.sum()))
    rows = np.bincount(place[outer], minlength=len(distinct))
    hits = np.bincount(place[outer], weights=positive[outer], minlength=len(distinct))
    return np.asarray(((hits + _SHRINK * share) / (rows + _SHRINK) / share)[place[inside]])


def _edges(values: FloatArray, positive: BoolArray) -> FloatArray:
    known = ~np.isnan(values)
    parts = [values[known & positive], values[known & ~positive]]
    steps = np.linspace(0, 1, _EDGES)
    cuts = [np.quantile(part, steps, method="lower") for part in parts if len(part)]
    return np.unique(np.concatenate(cuts)) if cuts else np.empty(0)


def _share(rows: BoolArray, among: BoolArray) -> float:
    return float(rows[among].mean())


def _alike(positive: BoolArray) -> bool:
    return bool(positive.all() or not positive.any())


def _auc(values: FloatArray, positive: BoolArray) -> float:
    """Chance that a positive lies above a negative; a tie counts a half. 0.5 where one of the two is missing."""
    order = np.argsort(values, kind="stable")
    rising, hits = values[order], positive[order].astype(np.float64)
    starts = np.flatnonzero(np.r_[True, rising[1:] != rising[:-1]])
    found = np.add.reduceat(hits, starts)
    missed = np.diff(np.r_[starts, len(rising)]) - found
    pairs = found.sum() * missed.sum()
    return float((found * (np.cumsum(missed) - missed / 2)).sum() / pairs) if pairs else 0.5
