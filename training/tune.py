"""Looks for better settings than the defaults: Optuna's TPE over the windows inside training.

TPE (Bergstra and others, "Algorithms for Hyper-Parameter Optimization", 2011) draws settings where the better ones of
the trials so far were dense. Each draw has a seed of its own and sees nothing but the trials before it: a search can be
broken off after any trial and taken up again, and comes to the same.
"""

import hashlib
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import lightgbm
import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from histories.contract import Target
from training.booster import Rows, Window
from training.fitted import Progress
from training.recipe import Search
from training.settings import MOST_ROUNDS, PATIENCE, Settings, threads
from training.trials import Journal, Trial
from training.windows import Windows, common_rounds, tried, try_settings

# TabArena's space for LightGBM (its published search space), narrowed to what small data bear.
SPACE: dict[str, BaseDistribution] = {
    "learning_rate": FloatDistribution(0.01, 0.1, log=True),
    "num_leaves": IntDistribution(3, 63, log=True),
    "min_data_in_leaf": IntDistribution(10, 200, log=True),
    "lambda_l2": FloatDistribution(0.1, 50, log=True),
    "feature_fraction": FloatDistribution(0.1, 0.9),
    "bagging_fraction": FloatDistribution(0.5, 1.0),
    "cat_smooth": FloatDistribution(1, 100, log=True),
}
LEAST_BEFORE_PRUNING = 5


def key(rows: Rows, windows: Sequence[Window], default: Settings, seed: int) -> str:
    """Return a name for everything that a trial's outcome depends on: equal names, equal trials."""
    digest = hashlib.sha256()
    arrays: list[NDArray[Any]] = [rows.matrix, rows.labels]
    for one in windows:
        arrays += [one.train, one.weights, one.validation, np.empty(0) if one.start is None else one.start]
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).data)
    about = [
        default.parameters(seed, threads(rows.matrix.size), rows.columns.directions),
        [rows.columns.names, rows.columns.categorical],
        {name: repr(one) for name, one in SPACE.items()},
        [MOST_ROUNDS, PATIENCE, LEAST_BEFORE_PRUNING, lightgbm.__version__, optuna.__version__],
    ]
    digest.update(json.dumps(about).encode())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to search: a number of trials, or seconds that trials may take together. One of them is set."""

    trials: int | None
    seconds: float | None

    @staticmethod
    def of(search: Search, target: Target) -> "Budget":
        """Return what a recipe allows for one target."""
        seconds = None if search.minutes is None else 60 * search.minutes
        return Budget(None if search.trials is None else search.trials[target], seconds)

    def spent(self, trials: Sequence[Trial]) -> bool:
        """Tell whether these trials are enough. The last one may take a search beyond its seconds."""
        if self.seconds is None:
            return len(trials) == self.trials
        return sum(one.seconds for one in trials) >= self.seconds

    def tell(self, name: str, progress: Progress, trials: Sequence[Trial]) -> None:
        """Report how far these trials are."""
        if self.seconds is None:
            progress(f"settings for {name}, trials", len(trials), self.trials or 0)
        else:
            done = int(sum(one.seconds for one in trials))
            progress(f"settings for {name}, seconds", done, round(self.seconds))


def repeating(search: Search | None, target: Target, trials: int) -> Search | None:
    """Return the search of a target that comes to so many trials, whatever the clock says."""
    return None if search is None else replace(search, trials={target: trials}, minutes=None)


def tune(
    rows: Rows,
    windows: Sequence[Window],
    default: Windows,
    seed: int,
    budget: Budget,
    journal: Journal,
    told: Callable[[Sequence[Trial]], None],
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Trial, ...]:
    """Return the trials that the budget allows, those of the journal first; `told` hears of them before each.

    `default`: what the default settings did. `clock` (seconds) is asked at the beginning and the end of a trial.
    """
    trials: tuple[Trial, ...] = ()
    while not budget.spent(trials):
        told(trials)
        if len(trials) == len(journal.trials):
            begun, settings = clock(), suggest(default, trials, seed)
            rivals = [default.losses, *(one.losses for one in trials if not one.pruned)]
            losses, pruned = _try(rows, windows, settings, seed, rivals)
            journal.add(Trial(settings, losses, pruned, clock() - begun))
        trials = journal.trials[: len(trials) + 1]
    return trials


def suggest(default: Windows, trials: Sequence[Trial], seed: int) -> Settings:
    """Return the settings to try after these trials: equal trials and seed, equal settings."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it would announce each study
    number = np.random.SeedSequence([seed, len(trials)]).generate_state(1)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=int(number[0])))
    study.add_trials([_known(default.settings, default.losses, pruned=False)])
    study.add_trials([_known(one.settings, one.losses, one.pruned) for one in trials])
    return Settings(**study.ask(SPACE).params)


def _known(settings: Settings, losses: Sequence[float], pruned: bool) -> FrozenTrial:
    given = asdict(settings)
    return create_trial(
        state=TrialState.PRUNED if pruned else TrialState.COMPLETE,
        value=losses[-1],
        params={name: given[name] for name in SPACE},
        distributions=SPACE,
        intermediate_values=dict(enumerate(losses)),
    )


def _try(
    rows: Rows, windows: Sequence[Window], settings: Settings, seed: int, rivals: Sequence[Sequence[float]]
) -> tuple[tuple[float, ...], bool]:
    """Return the losses after each window, and whether the trial was given up before the newest.

    It is once it is worse than half of its `rivals` (losses of trials that saw all windows) were after as many.
    """
    losses: list[float] = []
    for watched in tried(rows, windows, settings, seed):
        losses.append(common_rounds(watched, [len(one.validation) for one in windows[: len(watched)]])[1])
        if len(losses) < len(windows) and _hopeless(losses, rivals):
            return tuple(losses), True
    return tuple(losses), False


def _hopeless(losses: Sequence[float], rivals: Sequence[Sequence[float]]) -> bool:
    if len(rivals) < LEAST_BEFORE_PRUNING:
        return False
    return losses[-1] > statistics.median(one[len(losses) - 1] for one in rivals)


def best_of(rows: Rows, windows: Sequence[Window], default: Windows, trials: Sequence[Trial], seed: int) -> Windows:
    """Return what the best settings did: those of the default or a trial, with monotone directions where they are free.

    Directions are kept where the log loss on the windows is not worse for them.
    """
    finished = [(default.log_loss, default.settings)] + [
        (one.losses[-1], one.settings) for one in trials if not one.pruned
    ]
    loss, settings = min(finished, key=lambda one: one[0])
    if any(rows.columns.directions):
        bound = try_settings(rows, windows, replace(settings, monotone=True), seed)
        if bound.log_loss <= loss:
            return bound
    return default if settings == default.settings else try_settings(rows, windows, settings, seed)
