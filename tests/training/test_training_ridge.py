"""The ridge beside the trees: what it finds, how much it is held back, and that serving counts as training did."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.calibration import IDENTITY, sigmoid
from training import ridge
from training.booster import Window
from training.calibrators import log_loss
from training.number_ranges import borders as borders_between
from training.ridge_columns import RidgeColumns

COLUMNS = RidgeColumns(("visits", "age", "noise", "still", "industry"), (0, 1, 2, 3), (4,), ())


def company(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds go by the logarithm of visits, by the industry, and by nothing else; ages and industries may be missing."""
    random = np.random.default_rng(seed)
    visits, industry = random.geometric(0.1, rows) - 1.0, random.integers(0, 3, rows).astype(float)
    matrix = np.column_stack([visits, random.exponential(30, rows), random.normal(size=rows), np.ones(rows), industry])
    log_odds = np.log1p(visits) - 3 + np.array([1.0, 0.0, -1.0])[industry.astype(int)]
    matrix[random.random(rows) < 0.2, 1] = np.nan
    return matrix, (random.random(rows) < sigmoid(log_odds)).astype(np.int8)


def windows(rows: int) -> list[Window]:
    """Train on the older half, judge on the newer."""
    half = rows // 2
    return [Window(np.arange(half), np.ones(half), np.arange(half, rows), None)]


def test_it_finds_the_lines_and_the_steps_that_made_the_answers():
    matrix, labels = company(20_000, 1)
    found = ridge.fit(matrix, labels, np.ones(20_000), windows(20_000), COLUMNS)
    member = found.member
    assert set(member.lines) == {"visits", "age", "noise"}
    line = member.lines["visits"]
    assert line.coefficient / line.scale == pytest.approx(1.0, abs=0.1)
    assert abs(member.lines["noise"].coefficient) < 0.1
    steps = member.steps["industry"]
    assert (steps[0] - steps[1], steps[1] - steps[2]) == (pytest.approx(1.0, abs=0.2), pytest.approx(1.0, abs=0.2))
    chances = sigmoid(member.margins(matrix, np.zeros(20_000, np.int64), 1))
    assert chances.mean() == pytest.approx(labels.mean(), rel=1e-3)


def test_windows_are_predicted_as_serving_would_predict_them():
    matrix, labels = company(3000, 2)
    (window,) = windows(3000)
    found = ridge.fit(matrix, labels, np.ones(3000), [window], COLUMNS)
    older = ridge.grow(matrix[:1500], labels[:1500], np.ones(1500), COLUMNS, found.strength)
    served = older.margins(matrix[1500:], np.zeros(1500, np.int64), 1)
    np.testing.assert_allclose(found.margins[0], served, atol=0.01)  # one fit starts where another ended


def test_columns_that_tell_nothing_are_held_back_and_one_that_tells_much_is_not():
    random = np.random.default_rng(7)
    matrix = random.normal(size=(2000, 51))
    columns = RidgeColumns(tuple(f"column_{one}" for one in range(51)), tuple(range(51)), (), ())

    def strength(slope: float) -> float:
        labels = (random.random(2000) < sigmoid(slope * matrix[:, 0] - 2)).astype(np.int8)
        return ridge.fit(matrix, labels, np.ones(2000), windows(2000), columns).strength

    assert strength(0.0) == min(ridge.STRENGTHS)
    assert strength(3.0) >= 0.01


def test_the_strength_is_the_one_that_serves_the_windows_best():
    matrix, labels = company(800, 4)
    (window,) = windows(800)
    found = ridge.fit(matrix, labels, np.ones(800), [window], COLUMNS)
    losses = {
        strength: log_loss(
            IDENTITY,
            ridge.grow(matrix[:400], labels[:400], np.ones(400), COLUMNS, strength).margins(
                matrix[400:], np.zeros(400, np.int64), 1
            ),
            labels[400:],
        )
        for strength in ridge.STRENGTHS
    }
    assert losses[found.strength] <= min(losses.values()) + 1e-4


def test_a_weight_of_two_is_the_row_twice():
    matrix, labels = company(600, 5)
    weights = np.where(np.arange(600) % 3 == 0, 2.0, 1.0)
    twice = np.repeat(np.arange(600), weights.astype(int))
    weighted = ridge.grow(matrix, labels, weights, COLUMNS, 0.01).margins(matrix, np.zeros(600, np.int64), 1)
    repeated = ridge.grow(matrix[twice], labels[twice], np.ones(len(twice)), COLUMNS, 0.01)
    # Centres and scales are those of the rows, whatever they weigh: the two differ by a hair.
    np.testing.assert_allclose(weighted, repeated.margins(matrix, np.zeros(600, np.int64), 1), atol=0.05)


def test_what_was_never_seen_adds_nothing_and_equal_data_give_equal_ridges():
    matrix, labels = company(500, 6)
    matrix[:, 1] = np.nan
    first, again = (ridge.grow(matrix, labels, np.ones(500), COLUMNS, 0.01) for _ in range(2))
    assert first == again
    assert "age" not in first.lines
    unseen = matrix[:1].copy()
    unseen[0, 4] = 7.0
    assert first.contributions(unseen, np.zeros(1, np.int64), 1)[0, 4] == 0.0


def test_a_headcount_need_not_go_along_a_line_and_what_is_missing_has_a_part_of_its_own():
    """Firms in the middle buy, small and large ones do not, and those that do not say how large they are never do."""
    random = np.random.default_rng(8)
    headcount = np.exp(random.uniform(0, 10, 20_000))
    log_odds = np.where((headcount > 50) & (headcount < 2000), 0.0, -2.0)
    hidden = random.random(20_000) < 0.2
    log_odds[hidden] = -4.0
    labels = (random.random(20_000) < sigmoid(log_odds)).astype(np.int8)
    matrix = np.where(hidden, np.nan, headcount)[:, None]
    columns = RidgeColumns(("headcount",), (), (), (0,))
    member = ridge.grow(matrix, labels, np.ones(20_000), columns, 0.1)
    assert member.lines == {}
    ranges = member.ranges["headcount"]
    assert len(ranges.parts) == ridge.RANGES
    known = np.sort(headcount[~hidden])
    assert np.searchsorted(known, ranges.borders) / len(known) == pytest.approx([0.2, 0.4, 0.6, 0.8], abs=0.001)
    small, *_, large = ranges.parts
    assert ranges.parts[2] - small == pytest.approx(2.0, abs=0.3)
    assert ranges.parts[2] - large == pytest.approx(2.0, abs=0.3)
    assert member.missing["headcount"] == min(*ranges.parts, member.missing["headcount"])
    parts = member.contributions(matrix, np.zeros(20_000, np.int64), 1)[:, 0]
    assert parts.mean() == pytest.approx(0.0, abs=1e-6)
    assert set(np.round(parts, 9)) == set(np.round([*ranges.parts, member.missing["headcount"]], 9))


def test_what_training_never_saw_adds_nothing_whatever_it_is():
    """A field that everybody filled in and a request leaves out, a code between two that were seen."""
    random = np.random.default_rng(9)
    codes = np.where(random.random(20_000) < 0.05, 2.0, 0.0)
    labels = (random.random(20_000) < np.where(codes == 2, 0.3, 0.02)).astype(np.int8)
    matrix = np.column_stack([codes, random.exponential(5, 20_000)])
    member = ridge.grow(matrix, labels, np.ones(20_000), RidgeColumns(("a", "b"), (), (0,), (1,)), 0.1)
    assert member.steps["a"][1] == 0.0
    assert member.steps["a"][2] > 2
    assert member.missing == {"a": 0.0, "b": 0.0}
    window = Window(np.arange(10_000), np.ones(10_000), np.arange(10_000, 20_000), None)
    asked = matrix.copy()
    asked[10_000:, 0], asked[10_000:, 1] = 1.0, np.nan
    (found, *_), margins = zip(
        *ridge._path(asked, labels, window, RidgeColumns(("a", "b"), (), (0,), (1,))), strict=True
    )
    np.testing.assert_allclose(margins[0], found.intercept, atol=1e-5)


def test_what_one_lead_says_is_held_back():
    """Ten snapshots of one lead that converted, in a category of its own, among 20,000 of which a twentieth convert."""
    random = np.random.default_rng(10)
    codes = np.where(np.arange(20_000) < 10, 1.0, 0.0)
    labels = (random.random(20_000) < np.where(codes == 1, 1.0, 0.05)).astype(np.int8)
    columns = RidgeColumns(("a",), (), (0,), ())
    steps = [ridge.grow(codes[:, None], labels, np.ones(20_000), columns, one).steps["a"][1] for one in (1e-3, 1e-2)]
    assert 0 < steps[0] < 0.5
    assert steps[0] < steps[1] < 3  # their own log-odds are without end


def test_where_all_convert_a_ridge_says_so_and_falls_over_nothing():
    matrix = np.random.default_rng(11).normal(size=(50, 1))
    member = ridge.grow(matrix, np.ones(50, np.int8), np.ones(50), RidgeColumns(("a",), (0,), (), ()), 0.1)
    assert (sigmoid(member.margins(matrix, np.zeros(50, np.int64), 1)) > 0.999).all()


@pytest.mark.parametrize(
    ("known", "borders"),
    [
        ([0.0] * 9 + [1.0], [1.0]),
        ([1.0, 2.0, 3.0, 3.0, 7.0], [2.0, 3.0, 7.0]),
        ([0.0] * 92 + [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [1.0, 3.0, 5.0, 7.0]),
        ([0.0] * 199 + [1.0], []),  # too few for a range
        ([0.0] * 100 + [1.0] * 99 + [2.0], [1.0]),
        (list(range(10)), [2.0, 4.0, 6.0, 8.0]),
        ([4.0] * 3, []),
    ],
)
def test_ranges_hold_as_many_each_and_few_values_one_each(known: list[float], borders: list[float]):
    assert borders_between(np.array(known), ridge.RANGES).tolist() == borders


def test_where_no_column_tells_two_rows_apart_everybody_has_the_rate():
    labels = np.tile(np.array([0, 0, 0, 1], dtype=np.int8), 25)
    columns = RidgeColumns(("still",), (0,), (), ())
    half = np.arange(50)
    found = ridge.fit(np.ones((100, 1)), labels, np.ones(100), [Window(half, np.ones(50), half + 50, None)], columns)
    assert sigmoid(found.member.margins(np.ones((2, 1)), np.zeros(2, np.int64), 1)).tolist() == pytest.approx(
        [0.25] * 2
    )
    assert sigmoid(found.margins[0]).tolist() == pytest.approx([0.24] * 50)


@given(
    st.lists(st.sampled_from([math.nan, -3.0, 0.0, 1.0, 2.0, 7.0]), min_size=8, max_size=60),
    st.lists(st.sampled_from([math.nan, 0.0, 1.0, 2.0]), min_size=60, max_size=60),
    st.integers(0, 2**20),
)
def test_a_member_says_what_the_design_says(numbers: list[float], codes: list[float], seed: int):
    """Whatever repeats or is missing: what was fitted and what is served are the same sum."""
    count = len(numbers)
    matrix = np.column_stack([numbers, numbers, codes[:count]])
    encoded = ridge._encoded(matrix, np.arange(count), RidgeColumns(("a", "b", "c"), (0,), (2,), (1,)))
    design = encoded.design(matrix, np.arange(count)).astype(np.float64)
    weights = np.random.default_rng(seed).normal(size=design.shape[1])
    member = encoded.member(weights, 0.5)
    served = member.margins(matrix, np.zeros(count, np.int64), 1)
    np.testing.assert_allclose(served, design @ weights + 0.5, atol=1e-4)
    np.testing.assert_allclose(design.mean(axis=0)[len(encoded.numbers) :], 0.0, atol=1e-5)


def test_a_column_whose_numbers_differ_by_rounding_alone_is_left_out():
    matrix, labels = company(400, 3)
    matrix[:, 3] = np.where(np.arange(400) % 2, 1e15, 1e15 + 0.125)
    member = ridge.grow(matrix, labels, np.ones(400), COLUMNS, 0.01)
    assert set(member.lines) == {"visits", "age", "noise"}
