"""The ridge beside the trees: what it finds, how much it is held back, and that serving counts as training did."""

import numpy as np
import pytest

from scoring.calibration import IDENTITY, sigmoid
from training import ridge
from training.booster import Columns, Window
from training.calibrators import log_loss

COLUMNS = Columns(("visits", "age", "noise", "still", "industry"), (4,), (0, 0, 0, 0, 0))


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
    columns = Columns(tuple(f"column_{one}" for one in range(51)), (), (0,) * 51)

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


def test_a_column_whose_numbers_differ_by_rounding_alone_is_left_out():
    matrix, labels = company(400, 3)
    matrix[:, 3] = np.where(np.arange(400) % 2, 1e15, 1e15 + 0.125)
    member = ridge.grow(matrix, labels, np.ones(400), COLUMNS, 0.01)
    assert set(member.lines) == {"visits", "age", "noise"}
