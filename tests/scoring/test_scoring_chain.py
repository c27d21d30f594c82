"""A chain is the product of its parts, and its contributions add up to the product's log-odds."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import small_bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from histories.contract import Target
from histories.errors import DataError
from scoring import bundle as bundles
from scoring.bundle import Bundle
from scoring.calibration import IDENTITY, Calibrator, sigmoid
from scoring.chain import Chain, joint_log_odds, sql_column
from scoring.model import Model, PointsMember

COLUMN = sql_column(small_bundle.catalogue())
log_odds = st.floats(-40, 40)


@pytest.fixture(scope="module")
def chain() -> Chain:
    parts = small_bundle.model(Target.SQL, 90), small_bundle.model(Target.CUSTOMER, 90)
    return Chain(*parts, COLUMN)


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    rng = np.random.default_rng(5)
    matrix = rng.integers(0, 9, (120, len(small_bundle.catalogue().names))).astype(float)
    matrix[rng.random(matrix.shape) < 0.3] = np.nan
    matrix[:, COLUMN] = np.arange(120) % 3 == 0
    return matrix


@pytest.fixture(scope="module")
def hundredths() -> np.ndarray:
    return np.random.default_rng(6).integers(0, 12_000, 120)


def points_chain(sql: tuple[float, float], given_sql: tuple[float, float]) -> Chain:
    """A chain of two models that go by points alone: (slope, intercept)."""
    targets = zip((Target.SQL, Target.CUSTOMER), (sql, given_sql), strict=True)
    return Chain(*(Model(target, 30, (PointsMember(*line),), IDENTITY) for target, line in targets), 0)


def test_two_halves_make_a_quarter():
    assert joint_log_odds(np.zeros(1), np.zeros(1))[0] == pytest.approx(math.log(1 / 3), abs=1e-15)


def test_nothing_overflows_and_a_certain_first_step_leaves_the_second():
    first, second = np.array([-800.0, 800.0, 800.0, -800.0]), np.array([-800.0, -3.0, 800.0, 800.0])
    np.testing.assert_allclose(joint_log_odds(first, second), [-1600, -3, 800 - math.log(2), -800], rtol=1e-12)


@given(log_odds, log_odds)
def test_the_joint_log_odds_are_those_of_the_product(first: float, second: float):
    found = float(sigmoid(joint_log_odds(np.array([first]), np.array([second])))[0])
    assert found == pytest.approx(float(sigmoid(np.array(first)) * sigmoid(np.array(second))), rel=1e-12)
    assert found <= min(sigmoid(np.array(first)), sigmoid(np.array(second))) * (1 + 1e-12)


def test_who_is_not_sql_needs_both_steps_and_who_is_needs_the_second_alone(chain, matrix, hundredths):
    found = chain.probabilities(matrix, hundredths)
    sql, given_sql = (part.probabilities(matrix, hundredths) for part in (chain.sql, chain.given_sql))
    already = matrix[:, COLUMN] == 1
    assert found[already].tolist() == given_sql[already].tolist()
    np.testing.assert_allclose(found[~already], (sql * given_sql)[~already], rtol=1e-12)
    assert already.sum() == 40


def test_contributions_add_up_to_the_log_odds_of_the_product(chain, matrix, hundredths):
    values = chain.contributions(matrix, hundredths)
    assert values.shape == (120, len(small_bundle.catalogue().names) + 2)
    np.testing.assert_allclose(values.sum(axis=1), chain.log_odds(matrix, hundredths), rtol=0, atol=1e-9)
    already = matrix[:, COLUMN] == 1
    np.testing.assert_array_equal(values[already], chain.given_sql.contributions(matrix, hundredths)[already])


def test_the_bias_is_that_of_a_lead_of_which_nothing_speaks(chain, matrix, hundredths):
    biases = [part.contributions(matrix, hundredths)[:, -1] for part in (chain.sql, chain.given_sql)]
    open_rows = matrix[:, COLUMN] == 0
    expected = joint_log_odds(*biases)[open_rows]
    np.testing.assert_allclose(chain.contributions(matrix, hundredths)[open_rows, -1], expected, rtol=1e-12)


def test_each_part_has_one_positive_weight_for_all_features_of_a_lead(chain, matrix, hundredths):
    """So that the order of reasons within a part stays, and what raises both parts raises the whole."""
    rows = np.flatnonzero(matrix[:, COLUMN] == 0)
    values, first, second = (
        one.contributions(matrix, hundredths)[rows, :-1] for one in (chain, chain.sql, chain.given_sql)
    )
    for row in range(len(rows)):
        parts = np.column_stack([first[row], second[row]])
        weights, *_ = np.linalg.lstsq(parts, values[row], rcond=None)
        np.testing.assert_allclose(parts @ weights, values[row], rtol=0, atol=1e-9)
        assert 0 < weights.min() <= weights.max() <= 1


@settings(deadline=None)  # the first example may have to wait for the compiler
@given(st.floats(-5, 5), st.floats(-5, 5), st.integers(0, 2000))
def test_by_hand_with_points_alone(first: float, second: float, hundredths: int):
    """Both parts rise by a tenth a point: all of the way from the biases is the points'."""
    chain = points_chain((0.1, first), (0.1, second))
    points, bare = np.array([hundredths]), np.zeros((1, 1))
    *_, by_points, bias = chain.contributions(bare, points)[0]
    assert bias == pytest.approx(float(joint_log_odds(np.array([first]), np.array([second]))[0]), abs=1e-12)
    assert by_points == pytest.approx(float(chain.log_odds(bare, points)[0]) - bias, abs=1e-9)
    assert by_points >= 0


def test_one_row_alone_has_the_same_bits_as_among_others(chain, matrix, hundredths):
    together, why = chain.probabilities(matrix, hundredths, 2), chain.contributions(matrix, hundredths, 2)
    for row in range(0, 120, 7):
        one = slice(row, row + 1)
        assert chain.probabilities(matrix[one], hundredths[one]).tolist() == together[one].tolist()
        assert chain.contributions(matrix[one], hundredths[one]).tolist() == why[one].tolist()


def test_parts_that_do_not_fit_together_are_refused():
    sql, customer = small_bundle.model(Target.SQL, 90), small_bundle.model(Target.CUSTOMER, 90)
    with pytest.raises(
        ValueError, match=r"^a chain leads from sql to customer; its parts predict customer and customer$"
    ):
        Chain(customer, customer, COLUMN)
    with pytest.raises(
        ValueError, match=r"^a chain's parts speak of the same days; they have 30 \(sql\) and 90 \(customer\)$"
    ):
        Chain(replace(sql, horizon_days=30), customer, COLUMN)


def test_a_bundle_with_a_chain_comes_back_to_the_last_bit(bundle: Bundle, chain, matrix, hundredths, tmp_path):
    chained = replace(bundle, models={**bundle.models, Target.CUSTOMER: chain})
    bundles.write(chained, tmp_path / "b")
    again = bundles.read(tmp_path / "b")
    assert again.version == chained.version != bundle.version
    found = again.models[Target.CUSTOMER]
    assert isinstance(found, Chain)
    assert (found.horizon_days, found.column, found.uses_points) == (90, COLUMN, True)
    for first, second in ((found, chain), (found.sql, chain.sql)):
        np.testing.assert_array_equal(first.probabilities(matrix, hundredths), second.probabilities(matrix, hundredths))
    assert {"customer_sql_0.txt", "customer_given_sql_1.txt"} < set(chained.files)


def test_a_calibrator_of_a_part_counts(chain, matrix, hundredths):
    moved = replace(chain, sql=replace(chain.sql, calibrator=Calibrator(1.0, -30.0)))
    open_rows = matrix[:, COLUMN] == 0
    assert (moved.probabilities(matrix, hundredths)[open_rows] < 1e-6).all()


def test_a_chain_of_another_catalogue_is_refused(bundle: Bundle, chain):
    message = "the customer chain reads who is sql in another column than the catalogue's own"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        replace(bundle, models={Target.CUSTOMER: replace(chain, column=0)})
