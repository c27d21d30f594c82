"""Who is trained on and who is tested on: by time, with a purge, and with no lead or account on both sides.

A snapshot trains for a border only if its answer was known when the border came; answers that came before the end of
their horizon are weighted (`censoring`). Which side a lead or account stands on is a matter of `sides`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from histories import clock
from histories.errors import DataError
from training import censoring
from training.recipe import Recipe
from training.sides import redrawn, trains
from training.snapshots import Snapshots

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
MOST_FOLDS = 3
FOLD_SHARE = 0.2
LEAST_TRAINING_CONVERSIONS = 20
LEAST_VALIDATION_CONVERSIONS = 10
ENOUGH_VALIDATION_CONVERSIONS = 400


@dataclass(frozen=True, eq=False)
class Fold:
    """Rows to train and to validate on within the training part; validation has cutoffs in [start, end).

    `train` and its `weights` (mean 1) are of the export as it stood at `start` (UTC microseconds), and `mature` are
    those of `train` whose horizon had ended by then; `validation` holds mature snapshots alone.
    """

    train: IntArray
    weights: FloatArray
    mature: IntArray
    validation: IntArray
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers into the snapshots. `folds`: oldest first, none where there are too few conversions.

    `train`: ascending, with `weights` (mean 1); their answers were known at `test_start` (UTC microseconds).
    `mature`: those of them whose horizon had ended by then. `test`: mature snapshots. Of the others, `purged` were
    taken before the test, but not known when it began; `straddling` would train or be tested on if their lead or
    account were not on the other side; `immature` were taken later, and their horizon ends after the export. `kept`:
    the share of leads and accounts on both sides that train; `cut_off`: the share of the training weight that the
    weights' cap takes away.
    """

    train: IntArray
    weights: FloatArray
    mature: IntArray
    test: IntArray
    folds: tuple[Fold, ...]
    test_start: int
    purged: int
    straddling: int
    immature: int
    kept: float
    cut_off: float


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


def split(snapshots: Snapshots, border: int, kept: float) -> Split:
    """Split snapshots at `border` (UTC microseconds), and the older side into folds.

    `kept`: the share of the leads and accounts on both sides of the border that train. Raises DataError where there is
    nothing to train or to test on.
    """
    whole = split_at(snapshots, border, kept, ())
    _require(snapshots, border, whole.mature, whole.test)
    return replace(whole, folds=_folds(snapshots, _eligible(snapshots, border, kept), border, kept))


def split_at(snapshots: Snapshots, border: int, kept: float, windows: Sequence[tuple[int, int]]) -> Split:
    """Split snapshots as `split` does, with folds that validate on given windows [start, end), oldest first.

    Nothing is required of any part: each may be empty.
    """
    older, known = snapshots.cutoff < border, snapshots.known_at <= border
    older_side = trains(snapshots.lives, border, kept)[snapshots.group]
    eligible, mature = np.flatnonzero(older & older_side), snapshots.mature
    train = eligible[known[eligible]]
    settled = train[snapshots.known_from[train] <= border]
    return Split(
        train=train,
        weights=censoring.weights(snapshots, train, eligible, border),
        mature=settled,
        test=np.flatnonzero(mature & ~older & ~older_side),
        folds=tuple(_fold(snapshots, eligible, settled, start, end, kept) for start, end in windows),
        test_start=border,
        purged=int((older & ~known).sum()),
        straddling=int((older & known & ~older_side).sum() + (mature & ~older & older_side).sum()),
        immature=int((~older & ~mature).sum()),
        kept=kept,
        cut_off=censoring.cut_off(snapshots, train, eligible, border),
    )


def everything(snapshots: Snapshots) -> Split:
    """Train on all that the export knows, and test on nothing: for a bundle whose settings were tested before."""
    eligible = np.arange(len(snapshots.answer))
    train = np.flatnonzero(snapshots.answer >= 0)
    return Split(
        train=train,
        weights=censoring.weights(snapshots, train, eligible, snapshots.exported_at),
        mature=np.flatnonzero(snapshots.mature),
        test=eligible[:0],
        folds=(),
        test_start=snapshots.exported_at,
        purged=0,
        straddling=0,
        immature=len(eligible) - len(train),
        kept=1.0,
        cut_off=censoring.cut_off(snapshots, train, eligible, snapshots.exported_at),
    )


def _eligible(snapshots: Snapshots, border: int, kept: float) -> IntArray:
    """Rows that would train if their answers were known: older, and of leads and accounts on the older side."""
    return np.flatnonzero((snapshots.cutoff < border) & trains(snapshots.lives, border, kept)[snapshots.group])


def _require(snapshots: Snapshots, border: int, train: IntArray, test: IntArray) -> None:
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
    if snapshots.answer[train].all():
        raise DataError(
            f"{counted}; every one of them converts, so that there is nothing to tell apart: export the leads "
            "that did not convert too"
        )


def _folds(snapshots: Snapshots, eligible: IntArray, border: int, kept: float) -> tuple[Fold, ...]:
    """Windows of the newest fifth each, going back until they hold enough conversions to choose by."""
    mature = eligible[snapshots.known_from[eligible] <= border]
    folds: list[Fold] = []
    end, conversions = border, 0
    for number in range(1, MOST_FOLDS + 1 if len(mature) else 1):
        start = int(np.quantile(snapshots.cutoff[mature], 1 - FOLD_SHARE * number, method="lower"))
        fold = _fold(snapshots, eligible, mature, start, end, kept)
        if not _usable(snapshots, fold):
            break
        folds.append(fold)
        conversions += snapshots.converted_leads(fold.validation)
        if conversions >= ENOUGH_VALIDATION_CONVERSIONS:
            break
        end = start
    return tuple(reversed(folds))


def _fold(snapshots: Snapshots, eligible: IntArray, mature: IntArray, start: int, end: int, kept: float) -> Fold:
    cutoff = snapshots.cutoff
    older_side = trains(snapshots.lives, start, kept, redrawn(snapshots.lives.draw, start))[snapshots.group]
    validation = mature[(cutoff[mature] >= start) & (cutoff[mature] < end) & ~older_side[mature]]
    older = eligible[(cutoff[eligible] < start) & older_side[eligible]]
    train = older[snapshots.known_at[older] <= start]
    return Fold(
        train=train,
        weights=censoring.weights(snapshots, train, older, start),
        mature=train[snapshots.known_from[train] <= start],
        validation=validation,
        start=start,
        end=end,
    )


def _usable(snapshots: Snapshots, fold: Fold) -> bool:
    """Tell whether a window can be chosen by: enough convert, and some horizons had ended, with either answer.

    Before the first has ended, what is known of those that stay open is nothing, and no weight makes up for that.
    """
    settled = snapshots.answer[fold.mature]
    return (
        0 < settled.sum() < len(settled)
        and snapshots.converted_leads(fold.train) >= LEAST_TRAINING_CONVERSIONS
        and snapshots.converted_leads(fold.validation) >= LEAST_VALIDATION_CONVERSIONS
    )
