"""Learns one target's booster: rounds, settings and calibrator chosen on windows inside training, then one refit.

Each window is newer than what it was predicted from by at least the horizon, and shares no lead or account with it.
The refit learns from the whole training part with the rounds of the windows, once for each of a few seeds. The
calibrator is fitted on the windows' out-of-sample predictions, and kept only where it would have helped on newer ones.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.catalogue import Catalogue
from scoring.calibration import IDENTITY, Calibrator
from scoring.model import BoosterMember, Model
from training.booster import Rows, Watched, bin_rows, grow, watch
from training.fitted import Learning, Progress
from training.recipe import Search
from training.search import candidates
from training.settings import BAG, Settings, by_size
from training.snapshots import Snapshots
from training.split import Split
from training.spread import choose_calibrator, log_loss

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Windows:
    """What settings did on the windows: out-of-sample margins (raw scores) and labels, oldest window first.

    `log_loss`: nats a snapshot, over all windows.
    """

    settings: Settings
    rounds: int
    log_loss: float
    margins: tuple[FloatArray, ...]
    labels: tuple[NDArray[np.int8], ...]


def learn(
    matrix: FloatArray,
    snapshots: Snapshots,
    split: Split,
    catalogue: Catalogue,
    seed: int,
    search: Search | None,
    progress: Progress,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Model, Learning] | None:
    """Learn from the training part of `split`; None where it has too few conversions for a single window.

    `matrix` is [training snapshots, features], with the rows of `split.train` and the columns of `catalogue`; nan
    is missing. `clock` (seconds) is asked where the search is limited by time.
    """
    if not split.folds:
        return None
    folds = [
        (np.searchsorted(split.train, one.train), np.searchsorted(split.train, one.validation)) for one in split.folds
    ]
    default = by_size(snapshots.converted_leads(split.train))
    categorical = [column for column, feature in enumerate(catalogue.features) if feature.categorical]
    labels = snapshots.label[split.train]
    rows = bin_rows(matrix, labels, catalogue.names, categorical, default, seed)
    best, trials = _search(rows, folds, default, seed, search, snapshots.target.value, progress, clock)
    members = tuple(
        BoosterMember(grow(rows, best.settings, one, best.rounds).model_to_string(importance_type="gain"), 0.0)
        for one in range(seed, seed + BAG)
    )
    calibrator = choose_calibrator(best.margins, best.labels)
    model = Model(snapshots.target, snapshots.horizon_days, members, calibrator)
    calibrated = log_loss(calibrator, np.concatenate(best.margins), np.concatenate(best.labels))
    return model, Learning(best.settings, best.rounds, _name(calibrator), best.log_loss, calibrated, trials)


def _search(
    rows: Rows,
    folds: list[tuple[IntArray, IntArray]],
    default: Settings,
    seed: int,
    search: Search | None,
    name: str,
    progress: Progress,
    clock: Callable[[], float],
) -> tuple[Windows, int]:
    """Return the best of the default settings and the trials by log loss on the windows, and how many trials ran."""
    best = try_settings(rows, folds, default, seed)
    if search is None:
        return best, 0
    began, trials = clock(), 0
    for settings in candidates(seed):
        spent = clock() - began
        if trials == search.trials or (search.minutes is not None and spent >= 60 * search.minutes):
            break
        if search.trials is not None:
            progress(f"settings for {name}, trials", trials, search.trials)
        elif search.minutes is not None:
            progress(f"settings for {name}, seconds", int(spent), round(60 * search.minutes))
        tried = try_settings(rows, folds, settings, seed)
        best = min(best, tried, key=lambda windows: windows.log_loss)
        trials += 1
    return best, trials


def try_settings(rows: Rows, folds: list[tuple[IntArray, IntArray]], settings: Settings, seed: int) -> Windows:
    """Predict each window from what was known before it, with the number of rounds that serves all windows best."""
    watched = [watch(rows, train, validation, settings, seed) for train, validation in folds]
    rounds, loss = common_rounds(watched, [len(validation) for _, validation in folds])
    margins = tuple(
        np.asarray(one.booster.predict(rows.matrix[validation], raw_score=True, num_iteration=rounds))
        for one, (_, validation) in zip(watched, folds, strict=True)
    )
    return Windows(settings, rounds, loss, margins, tuple(rows.labels[validation] for _, validation in folds))


def common_rounds(watched: list[Watched], sizes: list[int]) -> tuple[int, float]:
    """Return the rounds at which the windows' losses, weighted by their snapshots, are least; and that loss."""
    length = min(len(one.losses) for one in watched)
    losses = np.average([one.losses[:length] for one in watched], axis=0, weights=sizes)
    best = int(np.argmin(losses))
    return best + 1, float(losses[best])


def _name(calibrator: Calibrator) -> str:
    return "none" if calibrator == IDENTITY else "logit slope"
