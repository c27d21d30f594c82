"""How far a distribution has moved, against how far it moves by luck at this sample's size.

The population stability index (PSI) of two samples of the same distribution is no zero: it is about
(1/n + 1/m) times a chi-square variable (Yurdakul & Naranjo, "Statistical properties of the population stability
index", Journal of Risk Model Validation 14, 2020). A fixed threshold of 0.2 is exceeded by luck where samples are small, and never
reached where they are large and something did move. So each PSI is held against its own null distribution: the weighted
sum of chi-square variables that follows from the covariance of the shares, whose clusters are accounts (Rao & Scott,
"The analysis of categorical data from complex sample surveys", JASA 76, 1981), brought to an F distribution by its first
two moments (their second-order correction, with the clusters' degrees of freedom after Thomas & Rao, JASA 82, 1987).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.monitor.distributions import f_above, f_bound

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
MOST_BINS = 10
LEAST_IN_BIN = 10  # accounts, in either sample: below, shares are no normal variables
MATERIAL = 0.1  # what a PSI must exceed luck's share by to matter to anybody, the lesser of the two usual thresholds


@dataclass(frozen=True, slots=True)
class Shift:
    """A PSI and what luck makes of it: `by_luck` on average, at most `bound` but for a `chance` agreed before.

    `p`: how often luck alone comes to this PSI. nan (and p 1) where the samples do not allow to tell.
    """

    psi: float
    by_luck: float
    bound: float
    p: float

    @property
    def told(self) -> bool:
        """Whether the samples allow to tell."""
        return not math.isnan(self.psi)

    @property
    def moved(self) -> bool:
        """Whether it moved: by more than luck does, and by enough to matter."""
        return self.told and self.psi > self.bound and self.psi - self.by_luck >= MATERIAL


UNTOLD = Shift(math.nan, math.nan, math.nan, 1.0)


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample's rows: `bins` number the values from 0, `weight` of each row, `group` its account. All [rows]."""

    bins: IntArray
    weight: FloatArray
    group: IntArray


def shift(reference: Sample, current: Sample, chance: float) -> Shift:
    """Return the PSI between two samples whose bins mean the same. Accounts may be in both.

    The PSI is taken as the sum of (p - q)^2 / ((p + q) / 2), which is the usual one to the second order, and finite
    where a bin is empty. `chance`: how often luck alone may exceed the bound.
    """
    bins = int(max(reference.bins.max(initial=0), current.bins.max(initial=0))) + 1
    groups = np.unique(np.concatenate([reference.group, current.group]), return_inverse=True)[1]
    before = _scores(reference, groups[: len(reference.group)], bins, int(groups.max(initial=-1)) + 1)
    after = _scores(current, groups[len(reference.group) :], bins, int(groups.max(initial=-1)) + 1)
    clusters = min(before.clusters, after.clusters)
    if bins < 2 or clusters < 2 * LEAST_IN_BIN:
        return UNTOLD
    influence = after.influence - before.influence
    return _judged(before.share, after.share, influence.T @ influence, clusters, chance)


def shift_from_fixed(reference: IntArray, current: Sample, chance: float) -> Shift:
    """Return the PSI from a frozen reference of which no accounts are known, only how many rows each bin has [bins].

    Its own luck is taken to be the current sample's, as its rows are of the same sort: larger by the rows' ratio.
    """
    groups = np.unique(current.group, return_inverse=True)[1]
    after = _scores(current, groups, len(reference), int(groups.max(initial=-1)) + 1)
    if len(reference) < 2 or after.clusters < 2 * LEAST_IN_BIN or reference.sum() < 2 * LEAST_IN_BIN:
        return UNTOLD
    covariance = after.influence.T @ after.influence * (1 + len(current.bins) / reference.sum())
    return _judged(reference / reference.sum(), after.share, covariance, after.clusters, chance)


@dataclass(frozen=True, eq=False)
class _Scores:
    """Shares by bin, and what each account moves them by, [accounts, bins]."""

    share: FloatArray
    influence: FloatArray
    clusters: int


def _scores(sample: Sample, group: IntArray, bins: int, groups: int) -> _Scores:
    sums = np.bincount(group * bins + sample.bins, sample.weight, groups * bins).reshape(groups, bins)
    total = sums.sum()
    if total <= 0:
        return _Scores(np.zeros(bins), np.zeros((groups, bins)), 0)
    share = sums.sum(axis=0) / total
    influence = (sums - sums.sum(axis=1, keepdims=True) * share) / total
    clusters = int((sums.sum(axis=1) > 0).sum())
    return _Scores(share, influence * math.sqrt(clusters / max(clusters - 1, 1)), clusters)


def _judged(before: FloatArray, after: FloatArray, covariance: FloatArray, clusters: int, chance: float) -> Shift:
    middle = (before + after) / 2
    there = middle > 0
    scale = 1 / np.sqrt(middle[there])
    psi = float((((after - before)[there] * scale) ** 2).sum())
    whitened = covariance[np.ix_(there, there)] * scale[:, None] * scale
    mean, square = float(np.trace(whitened)), float((whitened**2).sum())
    if mean <= 0:
        return UNTOLD
    freedom = mean * mean / square
    lower = freedom * (clusters - 1)
    return Shift(psi, mean, mean * f_bound(chance, freedom, lower), f_above(psi / mean, freedom, lower))


def edges(reference: FloatArray, most: int) -> FloatArray:
    """Return cuts between values so that each bin has about as many of the reference, `most` bins at the most, [cuts].

    Missing values (nan) are left out; they have a bin of their own. Equal values stay together.
    """
    known = reference[~np.isnan(reference)]
    if not len(known) or most < 2:
        return np.zeros(0)
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, most + 1)[1:-1], method="lower"))
    # A cut at the largest value would part nothing from it; the bin below a cut takes the cut itself.
    return np.asarray(cuts[cuts < known.max()], dtype=np.float64)


def binned(values: FloatArray, cuts: FloatArray) -> IntArray:
    """Number each value's bin: 0 for missing, then from below; a value at a cut is below it."""
    return np.where(np.isnan(values), 0, 1 + np.searchsorted(cuts, values, side="left")).astype(np.int64)


def merged(reference: IntArray, current: IntArray, accounts: tuple[int, int]) -> tuple[IntArray, IntArray]:
    """Join bins that are too small for the smaller sample with their neighbours, and number the rest from 0.

    `accounts` of the reference and of the current sample. Which bins are joined goes by both samples together: going by
    the current one alone would hide where values went.
    """
    bins = int(max(reference.max(initial=0), current.max(initial=0))) + 1
    pooled = np.bincount(reference, minlength=bins) / max(len(reference), 1)
    pooled = (pooled + np.bincount(current, minlength=bins) / max(len(current), 1)) / 2
    least, place, gathered = LEAST_IN_BIN / max(min(accounts), 1), 0, 0.0
    numbers = np.zeros(bins, dtype=np.int64)
    for one in range(bins):
        numbers[one] = place
        gathered += pooled[one]
        if gathered >= least and pooled[one + 1 :].sum() >= least:
            place, gathered = place + 1, 0.0
    return numbers[reference], numbers[current]
