"""The pictures: what they are drawn from can be counted by hand, and every contender can be drawn."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import figures, summary_figures
from training.bootstrap import Difference
from training.figures import Scored
from training.summary_figures import Curve

NOTHING = Difference(float("nan"), float("nan"), float("nan"))


def test_gains_of_four_snapshots_counted_by_hand() -> None:
    """Scores 9, 5, 5, 1; the first and one of the tied convert: the tie is one straight step."""
    taken, found = figures.gains(np.array([1.0, 1.0, 0.0, 0.0]), np.array([9.0, 5.0, 5.0, 1.0]))
    assert taken.tolist() == [0, 0.25, 0.75, 1]
    assert found.tolist() == [0, 0.5, 1, 1]


def test_equal_scores_gain_nothing() -> None:
    taken, found = figures.gains(np.array([1.0, 0.0, 0.0]), np.zeros(3))
    assert taken.tolist() == found.tolist() == [0, 1]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=1, max_size=30))
def test_gains_rise_from_nothing_to_everything(rows: list[tuple[int, int]]) -> None:
    labels, score = (np.array(one, dtype=float) for one in zip(*rows, strict=True))
    taken, found = figures.gains(labels, score)
    assert (np.diff(taken) > 0).all()
    assert (np.diff(found) >= 0).all()
    assert taken[-1] == 1
    assert found[-1] == (1 if labels.any() else 0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=60))
def test_tenths_hold_every_snapshot_once_and_intervals_hold_what_was_observed(rows: list[tuple[int, float]]) -> None:
    labels, probability = (np.array(one, dtype=float) for one in zip(*rows, strict=True))
    predicted, observed, low, high = figures.tenths(labels, probability)
    assert 1 <= len(predicted) <= 10
    assert (np.diff(predicted) >= -1e-12).all()
    assert ((low <= observed + 1e-12) & (observed <= high + 1e-12)).all()


def test_the_top_tenth_of_twenty_is_two() -> None:
    assert figures.top_tenth_cut(np.arange(20.0)) == 18


@pytest.mark.parametrize("conversions", [0, 1, 40])
def test_every_picture_can_be_drawn_however_few_converted(tmp_path: Path, conversions: int) -> None:
    draw = np.random.default_rng(0)
    labels = np.zeros(200)
    labels[:conversions] = 1
    points = draw.integers(0, 5, 200).astype(float) * 10
    scored = {
        "model": Scored(draw.random(200), draw.random(200)),
        "rules": Scored(points, points / 1000),
        "champion": Scored(np.full(200, 0.1), np.full(200, 0.1)),
    }
    drawn = [
        figures.reliability("title", labels, scored),
        figures.gains_and_lift("title", labels, scored),
        figures.distributions("title", labels, scored),
        figures.quadrants("title", labels, points, scored["model"].probability),
    ]
    for number, figure in enumerate(drawn):
        figure.savefig(tmp_path / f"{number}.png", dpi=40)
        assert (tmp_path / f"{number}.png").stat().st_size > 1000


def test_what_was_measured_can_be_drawn_where_some_of_it_is_not_defined(tmp_path: Path) -> None:
    calls = np.array([10, 20, 40])
    curves = {
        "model": Curve(calls, np.array([0.3, 0.2, 0.1]), Difference(0.2, 0.1, 0.3)),
        "rules": Curve(calls, np.array([0.2, 0.1, 0.1]), NOTHING),
    }
    aucs = {"model": [Difference(0.8, 0.7, 0.9), NOTHING], "rules": [Difference(0.6, 0.5, 0.7), NOTHING]}
    drawn = [
        summary_figures.precision_at_capacity("title", 20, curves),
        summary_figures.auc_by_age("title", ["1d", "7d"], aucs),
        summary_figures.importance("title", {f"family {number}": 1 / 20 for number in range(20)}),
    ]
    for number, figure in enumerate(drawn):
        figure.savefig(tmp_path / f"{number}.png", dpi=40)
        assert (tmp_path / f"{number}.png").stat().st_size > 1000
    assert drawn[2].axes[0].get_yticklabels()[-1].get_text() == "6 others"


def test_quadrants_say_how_many_converted_in_each() -> None:
    """Ten snapshots: the one with most points and the highest probability converted, nobody else."""
    labels = np.r_[np.zeros(9), 1.0]
    figure = figures.quadrants("title", labels, np.arange(10.0), np.linspace(0.1, 0.9, 10))
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert "both high\n1 of 1\n100.0% converted" in texts
    assert "both low\n0 of 9\n0.0% converted" in texts
    assert "model only\n0 of 0\nnone" in texts


def test_a_family_with_dollar_signs_is_no_formula() -> None:
    drawn = summary_figures.importance("title", {"ARR in $^ or $_ (attribute)": 0.6, "visits": 0.4})
    drawn.canvas.draw()
    assert next(one.get_text() for one in drawn.axes[0].get_yticklabels()) == "ARR in $^ or $_ (attribute)"
