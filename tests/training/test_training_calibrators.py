"""Which calibrator a model gets: what helps on newer windows, nothing that only fits the old ones."""

import numpy as np
import pytest

from scoring.calibration import IDENTITY, Beta, Calibrator, sigmoid
from training.calibrators import beta, choose_calibrator, log_loss, name_of, platt


def test_calibration_is_kept_only_where_it_helps_later_on():
    """Margins twice too wide are halved; where the newest window says the opposite, nothing is changed."""
    random = np.random.default_rng(0)
    margins = random.normal(size=4000)
    wide = (random.random(4000) < sigmoid(0.5 * margins)).astype(np.int8)
    narrow = (random.random(4000) < sigmoid(2 * margins)).astype(np.int8)
    halves = (margins[:2000], margins[2000:])
    found = choose_calibrator(halves, (wide[:2000], wide[2000:]))
    assert found.slope == pytest.approx(0.5, abs=0.1)
    assert choose_calibrator((margins,), (wide,)) == found
    assert choose_calibrator(halves, (wide[:2000], narrow[2000:])) == IDENTITY
    assert choose_calibrator(halves, (wide[:2000], np.zeros(2000, np.int8))) == IDENTITY


def test_drift_between_windows_is_not_corrected_twice():
    """The newer window converts far more often: the slope stays, and the mean probability is the booster's."""
    random = np.random.default_rng(1)
    margins = random.normal(size=6000) - 2
    drifted = [
        (random.random(3000) < sigmoid(0.5 * part + by)).astype(np.int8)
        for part, by in ((margins[:3000], 0), (margins[3000:], 1.5))
    ]
    found = platt((margins[:3000], margins[3000:]), tuple(drifted))
    assert found.slope == pytest.approx(0.5, abs=0.1)
    assert found.apply(margins).mean() == pytest.approx(sigmoid(margins).mean(), abs=1e-9)


def bent(rows: int, windows: int, truth: Beta | Calibrator, seed: int) -> tuple[tuple, tuple]:
    """Windows of margins whose labels come by the log-odds that `truth` makes of them."""
    random = np.random.default_rng(seed)
    margins = np.split(random.normal(-1.5, 1.5, rows), windows)
    return tuple(margins), tuple((random.random(len(one)) < truth.apply(one)).astype(np.int8) for one in margins)


def test_from_five_thousand_rows_on_a_bend_is_found_and_below_it_is_not_tried():
    truth = Beta(0.4, 2.5, -1.507)  # of the same mean probability as the margins
    found = choose_calibrator(*bent(30_000, 3, truth, 1))
    assert isinstance(found, Beta)
    assert (found.a, found.b) == (pytest.approx(0.4, abs=0.1), pytest.approx(2.5, abs=0.4))
    assert isinstance(choose_calibrator(*bent(4_998, 3, truth, 1)), Calibrator)


def test_a_straight_line_needs_no_bend_and_right_margins_need_nothing():
    margins, labels = bent(30_000, 3, Calibrator(0.5, 0.0), 2)
    line, curve = platt(margins, labels), beta(margins, labels)
    assert (curve.a, curve.b) == (pytest.approx(line.slope, abs=0.1), pytest.approx(line.slope, abs=0.3))
    assert log_loss(line, margins[0], labels[0]) == pytest.approx(log_loss(curve, margins[0], labels[0]), abs=1e-4)
    kept = [choose_calibrator(*bent(900, 3, IDENTITY, seed)) for seed in range(20)]
    assert sum(one == IDENTITY for one in kept) >= 12


def test_every_newer_window_counts_in_the_choice():
    """The newest window alone would have margins halved; the one before it is far larger and would not."""
    random = np.random.default_rng(3)
    parts = [random.normal(-1, 1.5, count) for count in (4000, 4000, 200)]
    slopes = (0.5, 1.0, 0.5)
    labels = [
        (random.random(len(part)) < sigmoid(slope * part)).astype(np.int8)
        for part, slope in zip(parts, slopes, strict=True)
    ]
    assert choose_calibrator(parts, labels) == IDENTITY
    assert choose_calibrator([parts[0], parts[2]], [labels[0], labels[2]]) != IDENTITY


def test_a_beta_keeps_the_mean_and_never_turns_the_order_around():
    margins, labels = bent(6000, 2, Beta(0.4, 2.5, 1.0), 4)
    turned = tuple(1 - one for one in labels)
    for truth in (labels, turned):
        found = beta(margins, truth)
        together = np.sort(np.concatenate(margins))
        assert found.apply(together).mean() == pytest.approx(sigmoid(together).mean(), abs=1e-9)
        assert (np.diff(found.log_odds(together)) >= 0).all()


def test_a_bend_that_would_turn_one_end_around_is_flat_there():
    """Chances that fall where margins are low: the low end's slope is 0, and the other is fitted without it."""
    random = np.random.default_rng(5)
    margins = random.normal(0, 2, 20_000)
    labels = (random.random(20_000) < sigmoid(np.abs(margins) - 2)).astype(np.int8)
    found = beta((margins[:10_000], margins[10_000:]), (labels[:10_000], labels[10_000:]))
    assert found.a == 0.0
    assert found.b > 0.05


def test_calibrators_have_the_names_that_runs_record():
    assert [name_of(one) for one in (IDENTITY, Calibrator(0.5, 0.0), Beta(1.0, 1.0, 0.0))] == [
        "none",
        "logit Platt",
        "beta",
    ]
