"""Learns one target's boosters: rounds, settings and calibrator chosen on windows inside training, then one refit.

Each window is newer than what it was predicted from, and shares no lead or account with it. The refit learns from the
whole training part with the rounds of the windows, once for each of a few seeds. The calibrator is fitted on the
windows' out-of-sample predictions, and kept only where it would have helped on newer ones.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from features.catalogue import Catalogue
from scoring.calibration import IDENTITY, Calibrator
from scoring.model import BoosterMember, Model
from training.booster import FloatArray, Rows, Start, Window, bin_rows, columns_of, grow
from training.fitted import Learning, Progress
from training.recipe import Search
from training.search import candidates
from training.settings import BAG, Settings, by_size
from training.snapshots import Snapshots
from training.split import Split
from training.spread import choose_calibrator, log_loss
from training.windows import Windows, try_settings, windows_of


@dataclass(frozen=True, eq=False)
class Learnt:
    """A model of boosters, how it was learnt, and what its settings did on the windows.

    Where trees started from margins, the model's members leave those out, and the margins of `windows` hold them.
    """

    model: Model
    learning: Learning
    windows: Windows


def learn(
    matrix: FloatArray,
    snapshots: Snapshots,
    split: Split,
    catalogue: Catalogue,
    seed: int,
    search: Search | None,
    progress: Progress,
    start: Start | None = None,
) -> Learnt | None:
    """Learn from the training part of `split`; None where it has too few conversions for a single window.

    `matrix` is [training snapshots, features], with the rows of `split.train` and the columns of `catalogue`; nan
    is missing. `start`: margins from which trees start.
    """
    windows = windows_of(split, start)
    if not windows:
        return None
    default = by_size(snapshots.converted_leads(split.train))
    begun = None if start is None else start.whole
    labels = snapshots.answer[split.train]
    rows = bin_rows(matrix, labels, split.weights, begun, columns_of(catalogue), default, seed)
    best, trials = _search(rows, windows, default, seed, search, snapshots.target.value, progress)
    calibrator = choose_calibrator(best.margins, best.labels)
    model = Model(snapshots.target, snapshots.horizon_days, bag(rows, best.settings, best.rounds, seed), calibrator)
    calibrated = log_loss(calibrator, np.concatenate(best.margins), np.concatenate(best.labels))
    return Learnt(
        model, Learning(best.settings, best.rounds, _name(calibrator), best.log_loss, calibrated, trials), best
    )


def bag(rows: Rows, settings: Settings, rounds: int, seed: int) -> tuple[BoosterMember, ...]:
    """Grow the members of a model on all rows: boosters that differ in their seeds alone."""
    return tuple(
        BoosterMember(grow(rows, settings, one, rounds).model_to_string(importance_type="gain"), 0.0)
        for one in range(seed, seed + BAG)
    )


def _search(
    rows: Rows,
    windows: tuple[Window, ...],
    default: Settings,
    seed: int,
    search: Search | None,
    name: str,
    progress: Progress,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Windows, int]:
    """Return the best of the default settings and the trials by log loss on the windows, and how many trials ran."""
    best = try_settings(rows, windows, default, seed)
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
        one = try_settings(rows, windows, settings, seed)
        best = min(best, one, key=lambda done: done.log_loss)
        trials += 1
    return best, trials


def _name(calibrator: Calibrator) -> str:
    return "none" if calibrator == IDENTITY else "logit slope"
