"""LightGBM as it is told to learn: weights, starting margins, directions, and rounds that a window chooses."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from numpy.testing import assert_allclose

from scoring.calibration import sigmoid
from training.booster import Columns, Window, bin_rows, grow, margins, watch
from training.settings import Settings, by_size, threads
from training.windows import common_rounds, try_settings

COLUMNS = Columns(("a", "b", "c"), (), (1, 0, -1))
SETTINGS = Settings(0.1, 4, 20, 1.0, 1.0, 1.0, 20.0)


def noise(rows=400, seed=0):
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(rows, 3))
    return matrix, (random.random(rows) < sigmoid(matrix[:, 0])).astype(np.int8)


def binned(matrix, labels, weights=None, start=None, settings=SETTINGS):
    return bin_rows(matrix, labels, np.ones(len(labels)) if weights is None else weights, start, COLUMNS, settings, 3)


def window(train, validation, weights=None, start=None):
    return Window(train, np.ones(len(train)) if weights is None else weights, validation, start)


def loss(margins, labels):
    return np.logaddexp(0, np.where(labels == 1, -margins, margins)).mean()


def test_a_window_stops_growth_and_growing_again_gives_the_same_trees():
    matrix, labels = noise()
    rows = binned(matrix, labels, settings=by_size(100))
    watched = watch(rows, window(np.arange(300), np.arange(300, 400)), by_size(100), seed=3)
    rounds, least = common_rounds([watched], [100])
    assert watched.losses[rounds - 1] == least == watched.losses.min()
    assert len(watched.losses) < 1000
    grown = [grow(rows, by_size(100), 3, rounds).model_to_string() for _ in range(2)]
    assert grown[0] == grown[1]
    assert grow(rows, by_size(100), 4, rounds).model_to_string() != grown[0]


def test_binning_and_growing_are_those_of_lightgbm_itself():
    matrix, labels = noise()
    weights = np.random.default_rng(1).uniform(0.5, 3, size=400)
    parameters = SETTINGS.parameters(5, threads(matrix.size), COLUMNS.directions)
    plain = lightgbm.train(
        parameters, lightgbm.Dataset(matrix, labels, weight=weights, feature_name=list(COLUMNS.names)), 20
    )
    assert grow(binned(matrix, labels, weights), SETTINGS, 5, 20).model_to_string() == plain.model_to_string()


def test_a_row_that_weighs_three_counts_as_three_rows_in_training():
    matrix, labels = noise()
    matrix, times = np.round(matrix), np.where(np.arange(400) % 2, 3, 1)
    settings = replace(SETTINGS, min_data_in_leaf=1)
    once = binned(matrix, labels, times.astype(float))
    copied = binned(np.repeat(matrix, times, axis=0), np.repeat(labels, times))
    found = [grow(rows, settings, 3, 10).predict(matrix, raw_score=True) for rows in (once, copied)]
    assert_allclose(found[0], found[1], atol=1e-6)


@pytest.mark.parametrize("start", [None, np.linspace(-2, 1, 400)])
def test_the_loss_watched_is_that_of_the_window_unweighted_with_the_margins_that_trees_started_from(start):
    matrix, labels = noise()
    random = np.random.default_rng(2)
    whole, of_fold = random.uniform(0.1, 9, size=400), random.uniform(0.5, 2, size=250)
    other = None if start is None else start[::-1].copy()
    rows = binned(matrix, labels, whole, other)
    one = window(np.arange(250), np.arange(300, 400), of_fold, start)
    watched = watch(rows, one, SETTINGS, seed=3)
    for rounds in (1, 5, len(watched.losses)):
        found = margins(rows, watched.booster, one, rounds)
        assert watched.losses[rounds - 1] == pytest.approx(loss(found, labels[300:]), abs=1e-9)


def test_a_window_trains_on_its_own_rows_weights_and_margins_and_on_nothing_else():
    """The same booster comes of a data set that holds the window's rows alone, in the bins of the whole."""
    matrix, labels = noise()
    random = np.random.default_rng(2)
    weights, start = random.uniform(0.5, 2, size=250), random.normal(size=400)
    rows = binned(matrix, labels, random.uniform(1, 9, size=400), random.normal(size=400))
    watched = watch(rows, window(np.arange(250), np.arange(300, 400), weights, start), SETTINGS, seed=3)
    alone = lightgbm.Dataset(matrix[:250], labels[:250], reference=rows.binned, weight=weights, init_score=start[:250])
    parameters = SETTINGS.parameters(3, 1, COLUMNS.directions)
    rounds = watched.booster.current_iteration()
    plain = lightgbm.train(parameters, alone, num_boost_round=rounds)
    assert_allclose(
        watched.booster.predict(matrix, raw_score=True, num_iteration=rounds), plain.predict(matrix, raw_score=True)
    )


def test_trees_that_start_from_the_truth_have_little_to_add():
    matrix, labels = noise(2000)
    rows = binned(matrix, labels)
    parts = np.arange(1500), np.arange(1500, 2000)
    truth = 1.0 * matrix[:, 0]
    plain, begun = (try_settings(rows, [window(*parts, start=start)], SETTINGS, 3) for start in (None, truth))
    assert begun.rounds < plain.rounds / 2
    assert begun.log_loss < plain.log_loss
    assert np.corrcoef(begun.margins[0], truth[1500:])[0, 1] > 0.98


def test_monotone_trees_never_fall_where_the_catalogue_says_rise():
    matrix, labels = noise(1000)
    rows = binned(matrix, (labels | (matrix[:, 2] > 1)).astype(np.int8))
    steps = np.zeros((50, 3))
    rising = {}
    for column in (0, 2):
        along = steps.copy()
        along[:, column] = np.linspace(-3, 3, 50)
        rising[column] = [
            np.diff(grow(rows, replace(SETTINGS, monotone=bound), 3, 40).predict(along, raw_score=True))
            for bound in (False, True)
        ]
    assert (rising[0][1] >= 0).all()
    assert rising[2][0].max() > 0 >= rising[2][1].max()
