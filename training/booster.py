"""LightGBM on plain arrays: grow for a number of rounds, or watch the loss on a window to learn how many."""

from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from features.catalogue import Catalogue
from training.settings import MOST_ROUNDS, PATIENCE, Settings, threads

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Columns:
    """What LightGBM is told of the columns.

    `names`; `categorical`: the numbers of those that hold codes; `directions` for each: 1 where more may only raise
    the score, -1 where it may only lower it, 0 where nobody knows.
    """

    names: tuple[str, ...]
    categorical: tuple[int, ...]
    directions: tuple[int, ...]


def columns_of(catalogue: Catalogue) -> Columns:
    """Return the columns of a catalogue, in its order."""
    features = catalogue.features
    categorical = tuple(column for column, feature in enumerate(features) if feature.categorical)
    return Columns(catalogue.names, categorical, tuple(feature.monotone for feature in features))


@dataclass(frozen=True, eq=False)
class Rows:
    """A training part, binned once: what LightGBM sees of it, and the raw rows to predict from.

    `matrix` [n, features], nan is missing; `labels` [n], 0 or 1; `weights` [n]; `start` [n]: the margins from which
    trees start, None where they start from the rate. A booster's raw score leaves `start` out: whoever predicts adds
    it. Bins are cut on the whole training part: they know its features, never its labels, and nothing of the test.
    `binned` holds no copy of the matrix.
    """

    matrix: FloatArray
    labels: NDArray[np.int8]
    weights: FloatArray
    start: FloatArray | None
    columns: Columns
    binned: lightgbm.Dataset


def bin_rows(
    matrix: FloatArray,
    labels: NDArray[np.int8],
    weights: FloatArray,
    start: FloatArray | None,
    columns: Columns,
    settings: Settings,
    seed: int,
) -> Rows:
    """Bin a training part for LightGBM; the arguments are what `Rows` holds."""
    binned = lightgbm.Dataset(
        matrix,
        label=labels.astype(np.float32),
        weight=weights,
        init_score=start,
        feature_name=list(columns.names),
        categorical_feature=list(columns.categorical),
        params=_parameters(settings, seed, matrix, columns),
    )
    return Rows(matrix, labels, weights, start, columns, binned.construct())


def _parameters(settings: Settings, seed: int, matrix: FloatArray, columns: Columns) -> dict[str, object]:
    return settings.parameters(seed, threads(matrix.size), columns.directions)


def grow(rows: Rows, settings: Settings, seed: int, rounds: int) -> lightgbm.Booster:
    """Grow that many trees on all rows, by their weights."""
    parameters = _parameters(settings, seed, rows.matrix, rows.columns)
    return lightgbm.train(parameters, rows.binned, num_boost_round=rounds)


@dataclass(frozen=True, eq=False)
class Watched:
    """A booster and its log loss on the window after each round, [rounds]; each row of the window counts once."""

    booster: lightgbm.Booster
    losses: FloatArray


def watch(
    rows: Rows, train: IntArray, weights: FloatArray, validation: IntArray, settings: Settings, seed: int
) -> Watched:
    """Grow on the rows `train` until the loss on the rows `validation` has not improved for PATIENCE rounds.

    Both are ascending row numbers; `weights` [len(train)] are the training rows' own here, in place of `rows.weights`.
    """
    parameters = _parameters(settings, seed, rows.matrix, rows.columns)
    recorded: dict[str, dict[str, list[float]]] = {}
    booster = lightgbm.train(
        parameters,
        _part(rows, train, weights, parameters),
        num_boost_round=MOST_ROUNDS,
        valid_sets=[_part(rows, validation, None, parameters)],
        valid_names=["window"],
        callbacks=[
            lightgbm.early_stopping(PATIENCE, verbose=False),
            lightgbm.record_evaluation(recorded),
        ],
    )
    return Watched(booster, np.array(recorded["window"]["binary_logloss"]))


def _part(rows: Rows, part: IntArray, weights: FloatArray | None, parameters: dict[str, object]) -> lightgbm.Dataset:
    """Some of the rows with weights of their own. Labels and starting margins come along from the whole."""
    taken = rows.binned.subset(part.tolist(), params=parameters).construct()
    # Not set_weight: it keeps the weights of the whole where those given are none, or all 1.
    return taken.set_field("weight", None if weights is None else weights.astype(np.float32))


def margins(rows: Rows, booster: lightgbm.Booster, part: IntArray, rounds: int) -> FloatArray:
    """Return the margins of some rows after so many rounds, [len(part)], with the margins that trees started from.

    Rows are taken a block at a time: taken at once, they would be a copy of so much of the matrix.
    """
    raw = [
        np.asarray(
            booster.predict(
                rows.matrix[part[begin : begin + _BLOCK]],
                raw_score=True,
                num_iteration=rounds,
                num_threads=threads(rows.matrix.size),
            ),
            dtype=np.float64,
        )
        for begin in range(0, len(part), _BLOCK)
    ]
    found = np.concatenate(raw) if raw else np.empty(0)
    return found if rows.start is None else found + rows.start[part]
