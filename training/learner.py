"""Learns one target's boosters: rounds, settings and calibrator chosen on windows inside training, then one refit.

Each window is newer than what it was predicted from, and shares no lead or account with it. The refit learns from the
whole training part with the rounds of the windows, once for each of a few seeds. The calibrator is fitted on the
windows' out-of-sample predictions, and kept only where it would have helped on newer ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from features.catalogue import Catalogue
from histories.contract import Target
from scoring.model import BoosterMember, Model, RidgeMember
from training.booster import FloatArray, Rows, Start, Window, bin_rows, columns_of, grow
from training.calibrators import choose_calibrator, log_loss, name_of
from training.fitted import Learning, Progress
from training.recipe import Search
from training.settings import BAG, Settings, by_size
from training.snapshots import Snapshots
from training.split import Split
from training.trials import Journal, Trial
from training.tune import Budget, best_of, key, tune
from training.windows import Windows, try_settings, windows_of


@dataclass(frozen=True, eq=False)
class Learnt:
    """A model of boosters, how it was learnt, and what its settings did on the windows.

    Where trees started from margins, the model's members leave those out, and the margins of `windows` hold them.
    `lines`: where a ridge is averaged with the trees, that of each window; the margins of `windows` are then the mean's.
    """

    model: Model
    learning: Learning
    windows: Windows
    lines: tuple[RidgeMember, ...] = ()


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
    best, trials = _tuned(rows, windows, default, seed, search, snapshots.target, progress)
    calibrator = choose_calibrator(best.margins, best.labels)
    model = Model(snapshots.target, snapshots.horizon_days, bag(rows, best.settings, best.rounds, seed), calibrator)
    calibrated = log_loss(calibrator, np.concatenate(best.margins), np.concatenate(best.labels))
    return Learnt(
        model, Learning(best.settings, best.rounds, name_of(calibrator), best.log_loss, calibrated, trials), best
    )


def bag(rows: Rows, settings: Settings, rounds: int, seed: int) -> tuple[BoosterMember, ...]:
    """Grow the members of a model on all rows: boosters that differ in their seeds alone."""
    return tuple(
        BoosterMember(grow(rows, settings, one, rounds).model_to_string(importance_type="gain"), 0.0)
        for one in range(seed, seed + BAG)
    )


def _tuned(
    rows: Rows,
    windows: Sequence[Window],
    default: Settings,
    seed: int,
    search: Search | None,
    target: Target,
    progress: Progress,
) -> tuple[Windows, tuple[Trial, ...]]:
    """Return what the best settings did on the windows, and what was tried beside the defaults."""
    first = try_settings(rows, windows, default, seed)
    if search is None:
        return first, ()
    kept_in = search.kept_in
    journal = Journal(None if kept_in is None else kept_in / f"{key(rows, windows, default, seed)}.jsonl")
    budget = Budget.of(search, target)
    trials = tune(rows, windows, first, seed, budget, journal, partial(budget.tell, target.value, progress))
    return best_of(rows, windows, first, trials, seed), trials
