"""Who is trained on and who is tested on: by time, with a purge, and with no lead or account on both sides.

A snapshot trains for a border only if its label was known when the border came (cutoff + horizon <= border,
whatever happened in it). A lead or account that could have a snapshot on the newer side belongs to that side,
so that the test is the board as sales had it; its older snapshots are left out of training. "Could have" goes by
creation and ages alone: going by the snapshots that exist would keep fast converters in training and drop
those that stayed open.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histories import clock
from histories.errors import DataError
from training.recipe import Recipe
from training.snapshots import Snapshots

MOST_FOLDS = 3
FOLD_SHARE = 0.2
LEAST_TRAINING_CONVERSIONS = 20
LEAST_VALIDATION_CONVERSIONS = 10
ENOUGH_VALIDATION_CONVERSIONS = 400
_END = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, eq=False)
class Fold:
    """Rows to train and to validate on within the training part; validation has cutoffs in [start, end)."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers into the snapshots. `folds`: oldest first, none where there are too few conversions.

    `test_start`: UTC microseconds; no training label needed anything after it. Of the mature snapshots,
    `purged` were taken before the test but known only after it began, and `straddling` would have trained if their lead
    or account were not on the test's side. `immature`: labels that the export does not know.
    """

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    folds: tuple[Fold, ...]
    test_start: int
    purged: int
    straddling: int
    immature: int


def border_of(recipe: Recipe, drawn: Sequence[Snapshots]) -> int:
    """Return the one border of all targets, UTC microseconds.

    The recipe's `test_from`, or the earliest border for which each target's test holds the newest `test_share`
    of its mature snapshots. Raises DataError where a target has no mature snapshot.
    """
    for snapshots in drawn:
        if not snapshots.mature.any():
            raise DataError(
                f"target {snapshots.target.value}: none of {len(snapshots.label)} snapshots is mature: none has its "
                f"{snapshots.horizon_days} days behind it on {clock.date(snapshots.exported_at)}, when the export was "
                "taken; shorten horizon_days in the recipe, or export a longer time"
            )
    if recipe.test_from is not None:
        return recipe.test_from
    share = recipe.test_share or 0.0
    return min(int(np.quantile(snapshots.cutoff[snapshots.mature], 1 - share, method="lower")) for snapshots in drawn)


def split(snapshots: Snapshots, border: int) -> Split:
    """Split mature snapshots at `border` (UTC microseconds), and the older side into folds.

    Raises DataError where there is nothing to train or to test on.
    """
    mature, older = snapshots.mature, snapshots.cutoff < border
    known = mature & older & (snapshots.known_from <= border)
    straddles = np.isin(snapshots.group, _groups_in(snapshots, border, _END))
    train = np.flatnonzero(known & ~straddles)
    test = np.flatnonzero(mature & ~older)
    _require(snapshots, border, train, test)
    return Split(
        train=train,
        test=test,
        folds=_folds(snapshots, train, border),
        test_start=border,
        purged=int((mature & older & ~known).sum()),
        straddling=int((known & straddles).sum()),
        immature=int((~mature).sum()),
    )


def _groups_in(snapshots: Snapshots, start: int, end: int) -> NDArray[np.int64]:
    """Groups with a lead that could have a snapshot in [start, end), whatever became of it."""
    within = (snapshots.lead_until >= start) & (snapshots.lead_from < end)
    return np.unique(snapshots.lead_group[within & (snapshots.lead_from <= snapshots.exported_at)])


def _require(snapshots: Snapshots, border: int, train: NDArray[np.int64], test: NDArray[np.int64]) -> None:
    counted = (
        f"target {snapshots.target.value}, horizon {snapshots.horizon_days} days, test from {clock.date(border)}: "
        f"{len(train)} snapshots to train on with {snapshots.converted_leads(train)} converted leads, "
        f"{len(test)} mature snapshots to test on"
    )
    if not len(test):
        raise DataError(f"{counted}; move test_from back or raise test_share in the recipe's [split]")
    if not len(train):
        raise DataError(
            f"{counted}; a training label must be known when the test begins: "
            "move test_from forward, shorten horizon_days, or export a longer time"
        )
    if not snapshots.converted_leads(train):
        raise DataError(
            f"{counted}; nothing can be learnt without a conversion: check [[outcomes]] in crm.toml, "
            "lengthen horizon_days, or move test_from forward"
        )
    if snapshots.label[train].all():
        raise DataError(
            f"{counted}; every one of them converts, so that there is nothing to tell apart: export the leads "
            "that did not convert too"
        )


def _folds(snapshots: Snapshots, train: NDArray[np.int64], border: int) -> tuple[Fold, ...]:
    """Windows of the newest fifth each, going back until they hold enough conversions to choose by."""
    cutoffs = snapshots.cutoff[train]
    folds: list[Fold] = []
    end, conversions = border, 0
    for number in range(1, MOST_FOLDS + 1):
        start = int(np.quantile(cutoffs, 1 - FOLD_SHARE * number, method="lower"))
        fold = _fold(snapshots, train, start, end)
        if not _usable(snapshots, fold):
            break
        folds.append(fold)
        conversions += snapshots.converted_leads(fold.validation)
        if conversions >= ENOUGH_VALIDATION_CONVERSIONS:
            break
        end = start
    return tuple(reversed(folds))


def _fold(snapshots: Snapshots, rows: NDArray[np.int64], start: int, end: int) -> Fold:
    validation = rows[(snapshots.cutoff[rows] >= start) & (snapshots.cutoff[rows] < end)]
    known = rows[snapshots.known_from[rows] <= start]
    newer = np.union1d(_groups_in(snapshots, start, end), snapshots.group[validation])
    return Fold(known[~np.isin(snapshots.group[known], newer)], validation, start, end)


def _usable(snapshots: Snapshots, fold: Fold) -> bool:
    return (
        snapshots.converted_leads(fold.train) >= LEAST_TRAINING_CONVERSIONS
        and snapshots.converted_leads(fold.validation) >= LEAST_VALIDATION_CONVERSIONS
    )
