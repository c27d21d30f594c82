"""Members are averaged in logit space, and contributions add up to what they explain."""

from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pytest
import small_bundle

from histories.contract import Target
from scoring.bundle import Bundle
from scoring.calibration import IDENTITY, Calibrator, sigmoid
from scoring.model import BoosterMember, Model, PointsMember


@pytest.fixture(scope="module")
def matrix(bundle: Bundle) -> np.ndarray:
    rng = np.random.default_rng(3)
    matrix = rng.integers(0, 9, (200, len(bundle.catalogue.names))).astype(float)
    matrix[rng.random(matrix.shape) < 0.3] = np.nan
    return matrix


@pytest.fixture(scope="module")
def hundredths() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 12_000, 200)


def test_the_margin_is_the_mean_of_the_members_with_their_offsets(bundle: Bundle, matrix, hundredths):
    model = bundle.models[Target.CUSTOMER]
    texts = [member.text for member in model.members if isinstance(member, BoosterMember)]
    points = model.members[2]
    assert isinstance(points, PointsMember)
    raw = [lgb.Booster(model_str=text).predict(matrix, raw_score=True) for text in texts]
    expected = (raw[0] + (raw[1] + 0.25) + (points.slope * hundredths / 100 + points.intercept - 0.125)) / 3
    np.testing.assert_allclose(model.margins(matrix, hundredths), expected, rtol=1e-12)
    calibrated = sigmoid(model.calibrator.slope * expected + model.calibrator.intercept)
    np.testing.assert_allclose(model.probabilities(matrix, hundredths), calibrated, rtol=1e-12)


@pytest.mark.parametrize("target", Target)
def test_contributions_add_up_to_the_calibrated_log_odds(bundle: Bundle, matrix, hundredths, target: Target):
    model = bundle.models[target]
    values = model.contributions(matrix, hundredths)
    assert values.shape == (200, len(bundle.catalogue.names) + 2)
    log_odds = model.calibrator.log_odds(model.margins(matrix, hundredths))
    np.testing.assert_allclose(values.sum(axis=1), log_odds, rtol=0, atol=1e-9)


def test_one_row_alone_has_the_same_bits_as_among_others_on_any_number_of_threads(bundle, matrix, hundredths):
    model = bundle.models[Target.CUSTOMER]
    together, why = model.probabilities(matrix, hundredths, 2), model.contributions(matrix, hundredths, 2)
    for row in range(0, 200, 7):
        one = slice(row, row + 1)
        assert model.probabilities(matrix[one], hundredths[one]).tolist() == together[one].tolist()
        assert model.contributions(matrix[one], hundredths[one]).tolist() == why[one].tolist()


def test_points_alone_are_a_model():
    model = Model(Target.SQL, 30, (PointsMember(0.05, -3.0),), IDENTITY)
    matrix, hundredths = np.zeros((2, 4)), np.array([0, 6000])
    np.testing.assert_allclose(model.probabilities(matrix, hundredths), sigmoid(np.array([-3.0, 0.0])))
    assert model.contributions(matrix, hundredths).tolist() == [[0, 0, 0, 0, 0, -3.0], [0, 0, 0, 0, 3.0, -3.0]]
    assert model.uses_points


def test_the_slope_scales_contributions_and_the_intercept_is_bias(matrix, hundredths):
    member = BoosterMember(small_bundle.model(Target.SQL, 30).members[0].text)
    plain = Model(Target.SQL, 30, (member,), IDENTITY)
    scaled = replace(plain, calibrator=Calibrator(2.0, 0.5))
    difference = scaled.contributions(matrix, hundredths) - 2 * plain.contributions(matrix, hundredths)
    assert np.unique(difference[:, :-1]).tolist() == [0.0]
    np.testing.assert_allclose(difference[:, -1], 0.5)
    assert not plain.uses_points


def test_what_does_not_fit_is_refused(matrix, hundredths):
    model = small_bundle.model(Target.SQL, 30)
    with pytest.raises(ValueError, match=r"^points are int64 hundredths, one a row; got float64 \(200,\)$"):
        model.margins(matrix, hundredths / 100)
    with pytest.raises(ValueError, match=r"^the matrix of features is float64 in C order$"):
        model.margins(matrix.astype(np.float32), hundredths)
    with pytest.raises(ValueError, match=r"^the sql model has no members; it needs at least one$"):
        replace(model, members=())
    with pytest.raises(ValueError, match=r"^not a LightGBM model: "):
        _ = BoosterMember("tree").booster
