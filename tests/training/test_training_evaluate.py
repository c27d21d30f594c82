"""Measures: against hand counts, against scikit-learn, and against brute force over the orders of the tied."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from training import bootstrap
from training.bootstrap import cluster_weights, interval, sampled, whole
from training.evaluate import MEASURES, Ranking, figures

# Under other weights than 1 each these go by the curve and the line of all snapshots.
FIRST_ORDER = {"miscalibration", "discrimination", "calibration_slope", "calibration_intercept"}


def of(labels, scores, probabilities=None):
    labels, scores = np.array(labels, np.int8), np.array(scores, float)
    chances = scores if probabilities is None else np.array(probabilities, float)
    return figures(labels, chances, scores, np.arange(len(labels))).measures


labelled = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.9])), min_size=4, max_size=60
).filter(lambda rows: 0 < sum(label for label, _ in rows) < len(rows))


@given(labelled)
@settings(max_examples=100, deadline=None)
def test_measures_equal_scikit_learns(rows):
    labels, scores = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    found = of(labels, scores)
    assert found.auc == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert found.average_precision == pytest.approx(metrics.average_precision_score(labels, scores))
    assert found.log_loss == pytest.approx(metrics.log_loss(labels, scores))
    assert found.brier == pytest.approx(metrics.brier_score_loss(labels, scores))


@given(labelled, st.data())
@settings(max_examples=50, deadline=None)
def test_whole_weights_are_repeated_rows(rows, data):
    """Weight 2 counts as the row written twice, weight 0 as the row left out: what a bootstrap draw is."""
    weights = data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    labels, scores = np.array([r[0] for r in rows], np.int8), np.array([r[1] for r in rows])
    repeated = np.repeat(np.arange(len(rows)), weights)
    if not 0 < labels[repeated].sum() < len(repeated):
        return
    weighted = Ranking(labels, scores, scores).measures(np.array([weights], float))
    again = Ranking(labels[repeated], scores[repeated], scores[repeated]).measures(np.ones((1, len(repeated))))
    for name in set(MEASURES) - FIRST_ORDER:
        assert weighted[name][0] == pytest.approx(again[name][0]), name


@given(labelled, st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_the_brier_score_is_the_sum_of_its_parts_in_every_draw(rows, seed):
    labels, scores = np.array([r[0] for r in rows], np.int8), np.array([r[1] for r in rows])
    weights = np.random.default_rng(seed).integers(0, 3, (20, len(rows))).astype(float)
    weights[0] = 1
    found = Ranking(labels, scores, scores).measures(weights[weights.sum(axis=1) > 0])
    parts = found["miscalibration"] - found["discrimination"] + found["uncertainty"]
    assert parts == pytest.approx(found["brier"])
    assert found["miscalibration"][0] >= -1e-12
    assert found["discrimination"][0] >= -1e-12


@given(labelled)
@settings(max_examples=50, deadline=None)
def test_a_clusters_weight_is_that_of_each_of_its_rows(rows):
    labels, scores = np.array([r[0] for r in rows], np.int8), np.array([r[1] for r in rows])
    cluster = np.arange(len(rows)) // 3
    weights = np.random.default_rng(len(rows)).integers(0, 3, (5, cluster[-1] + 1)).astype(float)
    by_cluster = Ranking(labels, scores, scores, cluster).measures(weights)
    by_row = Ranking(labels, scores, scores).measures(weights[:, cluster])
    for name in MEASURES:
        np.testing.assert_allclose(by_cluster[name], by_row[name], rtol=1e-7, atol=1e-12, err_msg=name)


def test_the_reliability_curve_pools_what_falls():
    """Of four probabilities the middle two convert the wrong way round: the curve takes their mean."""
    found = of([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9])
    squares = np.mean([0.01, 0.36, 0.36, 0.01])
    assert found.brier == pytest.approx(squares)
    assert found.miscalibration == pytest.approx(squares - 0.5 / 4)
    assert found.discrimination == pytest.approx(0.25 - 0.5 / 4)
    assert found.uncertainty == 0.25


def test_the_line_that_puts_probabilities_right_is_found_again():
    """Log-odds twice as far from -1 as they should be: the line has half the slope."""
    random = np.random.default_rng(2)
    truth = random.normal(size=40_000) - 1
    labels = (random.random(len(truth)) < 1 / (1 + np.exp(-truth))).astype(np.int8)
    found = of(labels, 1 / (1 + np.exp(-(2 * truth + 1))))
    assert found.calibration_slope == pytest.approx(0.5, abs=0.02)
    assert found.calibration_intercept == pytest.approx(-0.5, abs=0.04)


def test_one_newton_step_is_close_to_fitting_each_draw_anew():
    random = np.random.default_rng(4)
    margins = random.normal(size=2000) - 1
    chances = 1 / (1 + np.exp(-margins))
    labels = (random.random(2000) < chances).astype(np.int8)
    weights = random.multinomial(2000, np.full(2000, 1 / 2000), size=20).astype(float)
    found = Ranking(labels, chances, chances).measures(weights)
    for draw, times in enumerate(weights.astype(int)):
        rows = np.repeat(np.arange(2000), times)
        again = of(labels[rows], chances[rows])
        assert found["calibration_slope"][draw] == pytest.approx(again.calibration_slope, abs=0.01)
        assert found["calibration_intercept"][draw] == pytest.approx(again.calibration_intercept, abs=0.01)


@pytest.mark.parametrize("scores", [[0.2, 0.2, 0.2, 0.2], [0.1, 0.1, 0.8, 0.8], [0.9, 0.8, 0.2, 0.1]])
def test_without_overlap_there_is_no_line(scores):
    found = of([0, 0, 1, 1], scores)
    assert np.isnan([found.calibration_slope, found.calibration_intercept]).all()


def test_probabilities_turned_around_have_a_slope_below_zero():
    assert of([1, 1, 0, 0, 1, 0], [0.1, 0.2, 0.8, 0.9, 0.6, 0.5]).calibration_slope < 0


def test_the_top_tenth_counts_ties_by_expectation():
    """Of 20 leads 2 are the top tenth: one is clear, the other is any of 4 tied ones, of which 3 convert."""
    scores = [9, 5, 5, 5, 5] + [1] * 15
    labels = [0, 1, 1, 1, 0] + [0] * 15
    found = of(labels, scores, [0.1] * 20)
    over_orders = [sum([0, *[labels[i] for i in order[:1]]]) / 2 for order in itertools.permutations(range(1, 5))]
    assert found.precision_top_tenth == pytest.approx(np.mean(over_orders)) == pytest.approx(0.375)
    assert found.lift_top_tenth == pytest.approx(0.375 / 0.15)


def test_equal_scores_are_chance():
    found = of([1, 0, 0, 0, 1, 0, 0, 0, 0, 0], [3.0] * 10, [0.2] * 10)
    assert (found.auc, found.lift_top_tenth, found.predicted_over_observed) == pytest.approx((0.5, 1, 1))
    assert found.average_precision == pytest.approx(0.2)


def test_what_labels_do_not_define_is_nan():
    found = of([0, 0, 0], [0.1, 0.2, 0.3])
    assert np.isnan([found.auc, found.average_precision, found.lift_top_tenth, found.predicted_over_observed]).all()
    assert found.log_loss > 0


def test_figures_count_leads_and_conversions():
    found = figures(np.array([1, 1, 0, 0], np.int8), np.full(4, 0.5), np.arange(4.0), np.array([7, 7, 8, 9]))
    counted = (found.snapshots, found.leads, found.conversions, found.converted_leads, found.prevalence)
    assert counted == (4, 3, 2, 1, 0.5)


def scored(seed=0, clusters=300, rows=4):
    """Leads with `rows` snapshots each, that share their lead's label and noise."""
    random = np.random.default_rng(seed)
    signal = random.normal(size=clusters)
    labels = (random.random(clusters) < 1 / (1 + np.exp(-signal))).astype(np.int8).repeat(rows)
    cluster = np.arange(clusters).repeat(rows)
    good = 1 / (1 + np.exp(-signal.repeat(rows)))
    poor = 1 / (1 + np.exp(-(0.3 * signal + 0.5 * random.normal(size=clusters)).repeat(rows)))
    return labels, cluster, Scored(labels, good), Scored(labels, poor)


class Scored:
    """A score, to be ranked with any clusters."""

    def __init__(self, labels, scores):
        self.labels, self.scores = labels, scores

    def by(self, clusters):
        return Ranking(self.labels, self.scores, self.scores, clusters)


def paired(first, second, clusters, seed, draws):
    """First minus second in the same draws."""
    both = first, second
    samples = [sampled(one, clusters, seed, draws) for one in both]
    return bootstrap.differences(tuple(whole(one, clusters) for one in both), tuple(samples))


def differences(first, second, clusters, seed, draws):
    numbers = bootstrap.numbered(clusters)
    return paired(first.by(numbers), second.by(numbers), int(numbers.max()) + 1, seed, draws)


def test_the_draws_are_of_whole_clusters_and_as_many_as_there_are():
    clusters = np.array([5, 5, 9, 2, 9, 9])
    for weights in cluster_weights(clusters, seed=3, draws=50):
        assert (weights[:, 0] == weights[:, 1]).all()
        assert (weights[:, 2] == weights[:, 4]).all()
        assert (weights[:, 0] + weights[:, 2] + weights[:, 3] == 3).all()


def test_a_score_does_not_differ_from_itself():
    _, cluster, good, _ = scored()
    for one in differences(good, good, cluster, seed=1, draws=50).values():
        assert (one.value, one.low, one.high) == (0, 0, 0)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    _, cluster, good, poor = scored()
    first, again = (differences(good, poor, cluster, seed=1, draws=100) for _ in range(2))
    assert first == again
    assert differences(good, poor, cluster, seed=2, draws=100) != first


def test_drawing_rows_would_understate_the_error_of_repeated_leads():
    """Four equal snapshots of a lead are one piece of evidence: by rows the interval is about half as wide."""
    _, cluster, good, poor = scored()
    by_lead = differences(good, poor, cluster, seed=1, draws=400)["auc"]
    by_row = differences(good, poor, np.arange(len(cluster)), seed=1, draws=400)["auc"]
    assert 1.6 < (by_lead.high - by_lead.low) / (by_row.high - by_row.low) < 2.4


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Brier against the constant 0.5 of coin flips is 0.25 for certain; of p = 0.8 flips the mean is known."""
    random = np.random.default_rng(5)
    held = 0
    for _ in range(100):
        labels = (random.random(200) < 0.8).astype(np.int8)
        ranking = Ranking(labels, np.full(200, 0.6), np.full(200, 0.6))
        one = interval(ranking.measures(np.ones((1, 200)))["brier"][0], sampled(ranking, 200, 1, 200)["brier"])
        held += one.low <= 0.8 * 0.16 + 0.2 * 0.36 <= one.high
    assert 88 <= held <= 100


def test_a_measure_without_conversions_has_no_interval():
    ranking = Ranking(np.zeros(5, np.int8), np.full(5, 0.1), np.arange(5.0))
    assert np.isnan(paired(ranking, ranking, 5, seed=1, draws=20)["auc"].low)
