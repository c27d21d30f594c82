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
class Start:
    """Margins from which trees start, in place of the rate (LightGBM's init_score), [training rows] each.

    `whole` for the refit; in `folds`, one for each fold of the split, oldest first, which know nothing from after the
    fold's start: they serve its training and its validation rows. A booster's raw score leaves them out: whoever
    predicts adds them.
    """

    whole: FloatArray
    folds: tuple[FloatArray, ...]


@dataclass(frozen=True, eq=False)
class Window:
    """One fold, in rows of the training part (ascending).

    `weights` are those of its `train`, as it stood then; `start` [training rows]: margins to start from, None: the rate.
    """

    train: IntArray
    weights: FloatArray
    validation: IntArray
    start: FloatArray | None


@dataclass(frozen=True, eq=False)
class Rows:
    """A training part, binned once: what LightGBM sees of it, and the raw rows to predict from.

    `matrix` [n, features], nan is missing; `labels` [n], 0 or 1. Bins are cut on the whole training part: they know its
    features, never its labels, and nothing of the test. `binned` has the weights and starting margins of the refit,
    and holds no copy of the matrix.
    """

    matrix: FloatArray
    labels: NDArray[np.int8]
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
    """Bin a training part for LightGBM. `weights` [n]; `start` [n]: the margins from which trees start, None: the rate."""
    binned = lightgbm.Dataset(
        matrix,
        label=labels.astype(np.float32),
        weight=weights,
        init_score=start,
        feature_name=list(columns.names),
        categorical_feature=list(columns.categorical),
        params=_parameters(settings, seed, matrix, columns),
    )
    return Rows(matrix, labels, columns, binned.construct())


def _parameters(settings: Settings, seed: int, matrix: FloatArray, columns: Columns) -> dict[str, object]:
    return settings.parameters(seed, threads(matrix.size), columns.directions)


def grow(rows: Rows, settings: Settings, seed: int, rounds: int) -> lightgbm.Booster:
    """Grow that many trees on all rows, by their weights."""
    parameters = _parameters(settings, seed, rows.matrix, rows.columns)
    return lightgbm.train(parameters, rows.binned, num_boost_round=rounds)


@dataclass(frozen=True, eq=False)
class Watched:
    """A booster of all the rounds that were grown, and its log loss on the window after each of them, [rounds].

    Each row of the window counts once.
    """

    booster: lightgbm.Booster
    losses: FloatArray


def watch(rows: Rows, window: Window, settings: Settings, seed: int) -> Watched:
    """Grow on the window's `train`, by its weights, until the loss on its `validation` has not improved for PATIENCE rounds."""
    parameters = _parameters(settings, seed, rows.matrix, rows.columns)
    recorded: dict[str, dict[str, list[float]]] = {}
    booster = lightgbm.train(
        parameters,
        _part(rows, window.train, window.weights, window.start, parameters),
        num_boost_round=MOST_ROUNDS,
        valid_sets=[_part(rows, window.validation, None, window.start, parameters)],
        valid_names=["window"],
        callbacks=[
            lightgbm.early_stopping(PATIENCE, verbose=False),
            lightgbm.record_evaluation(recorded),
        ],
        keep_training_booster=True,  # otherwise the trees after its own best round are gone, and other windows may need them
    )
    # A booster of its own lets go of the data.
    whole = lightgbm.Booster(model_str=booster.model_to_string(num_iteration=-1))
    return Watched(whole, np.array(recorded["window"]["binary_logloss"]))


def _part(
    rows: Rows,
    part: IntArray,
    weights: FloatArray | None,
    start: FloatArray | None,
    parameters: dict[str, object],
) -> lightgbm.Dataset:
    """Some of the rows with weights and a start of their own. Labels come along from the whole."""
    taken = rows.binned.subset(part.tolist(), params=parameters).construct()
    # Not set_weight: it keeps the weights of the whole where those given are none, or all 1.
    taken.set_field("weight", None if weights is None else weights.astype(np.float32))
    return taken.set_field("init_score", None if start is None else start[part])


def margins(rows: Rows, booster: lightgbm.Booster, window: Window, rounds: int) -> FloatArray:
    """Return the margins of a window's validation rows after so many rounds, with those that trees started from.

    Rows are taken a block at a time: taken at once, they would be a copy of so much of the matrix.
    """
    part, count = window.validation, threads(rows.matrix.size)
    raw = [
        booster.predict(
            rows.matrix[part[begin : begin + _BLOCK]], raw_score=True, num_iteration=rounds, num_threads=count
        )
        for begin in range(0, len(part), _BLOCK)
    ]
    found = np.concatenate(raw).astype(np.float64)
    return found if window.start is None else found + window.start[part]
