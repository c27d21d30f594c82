"""LightGBM on plain arrays: grow for a number of rounds, or watch the loss on a window to learn how many."""

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from training.settings import MOST_ROUNDS, PATIENCE, Settings, threads

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rows:
    """A training part, binned once: what LightGBM sees of it, and the raw rows to predict from.

    `matrix` [n, features], nan is missing; `labels` [n], 0 or 1.
    Bins are cut on the whole training part: they know its features, never its labels, and nothing of the test.
    """

    matrix: FloatArray
    labels: NDArray[np.int8]
    binned: lightgbm.Dataset


def bin_rows(
    matrix: FloatArray,
    labels: NDArray[np.int8],
    names: Sequence[str],
    categorical: Sequence[int],
    settings: Settings,
    seed: int,
) -> Rows:
    """Bin a training part for LightGBM. `names` [features]; `categorical` are the columns that hold codes."""
    binned = lightgbm.Dataset(
        matrix,
        label=labels.astype(np.float32),
        feature_name=list(names),
        categorical_feature=list(categorical),
        params=settings.parameters(seed, threads(matrix.size)),
        free_raw_data=False,
    )
    return Rows(matrix, labels, binned.construct())


def grow(rows: Rows, settings: Settings, seed: int, rounds: int) -> lightgbm.Booster:
    """Grow that many trees on all rows."""
    return lightgbm.train(settings.parameters(seed, threads(rows.matrix.size)), rows.binned, num_boost_round=rounds)


@dataclass(frozen=True, eq=False)
class Watched:
    """A booster and its log loss on the window after each round, [rounds]."""

    booster: lightgbm.Booster
    losses: FloatArray


def watch(
    rows: Rows, train: NDArray[np.int64], validation: NDArray[np.int64], settings: Settings, seed: int
) -> Watched:
    """Grow on the rows `train` until the loss on the rows `validation` has not improved for PATIENCE rounds.

    Both are sorted row numbers.
    """
    parameters = settings.parameters(seed, threads(rows.matrix.size))
    recorded: dict[str, dict[str, list[float]]] = {}
    booster = lightgbm.train(
        parameters,
        rows.binned.subset(train.tolist(), params=parameters),
        num_boost_round=MOST_ROUNDS,
        valid_sets=[rows.binned.subset(validation.tolist(), params=parameters)],
        valid_names=["window"],
        callbacks=[
            lightgbm.early_stopping(PATIENCE, verbose=False),
            lightgbm.record_evaluation(recorded),
        ],
    )
    return Watched(booster, np.array(recorded["window"]["binary_logloss"]))
