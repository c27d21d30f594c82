"""Members are averaged in logit space, and contributions add up to what they explain."""

import math
from dataclasses import replace
from functools import cache

import lightgbm as lgb
import numpy as np
import pytest
import small_bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from histories.contract import Target
from scoring.bundle import Bundle
from scoring.calibration import IDENTITY, Beta, Calibrator, sigmoid
from scoring.model import BoosterMember, Model, PointsMember, RidgeMember
from scoring.ridge import Line, Ranges


@pytest.fixture(scope="module")
def matrix(bundle: Bundle) -> np.ndarray:
    rng = np.random.default_rng(3)
    matrix = rng.integers(0, 9, (200, len(bundle.catalogue.names))).astype(float)
    matrix[rng.random(matrix.shape) < 0.3] = np.nan
    return matrix


@pytest.fixture(scope="module")
def hundredths() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 12_000, 200)


def test_the_margin_is_the_weighted_mean_of_the_members_with_their_offsets_and_their_start(
    bundle: Bundle, matrix, hundredths
):
    """A booster's start is added where it predicts: LightGBM itself leaves it out."""
    model = bundle.models[Target.SQL]
    first, started, points, ridge = model.members
    assert isinstance(first, BoosterMember)
    assert isinstance(started, BoosterMember)
    assert isinstance(points, PointsMember)
    raw = [lgb.Booster(model_str=one.text).predict(matrix, raw_score=True) for one in (first, started)]
    margins = (
        raw[0],
        raw[1] + 0.25 + started.points_slope * hundredths / 100,
        points.slope * hundredths / 100 + points.intercept - 0.125,
        ridge.margins(matrix, hundredths, 1),
    )
    expected = (margins[0] + margins[1] + 0.5 * margins[2] + 2 * margins[3]) / 4.5
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


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_contributions_of_any_mixture_add_up_and_a_row_has_its_own_bits(data: st.DataObject):
    model, matrix, hundredths = data.draw(mixtures()), small_matrix(), np.arange(-200, 9800, 500)
    values = model.contributions(matrix, hundredths)
    log_odds = model.calibrator.log_odds(model.margins(matrix, hundredths))
    np.testing.assert_allclose(values.sum(axis=1), log_odds, rtol=1e-12, atol=1e-9)
    together = model.probabilities(matrix, hundredths)
    for row in range(len(matrix)):
        one = slice(row, row + 1)
        assert model.probabilities(matrix[one].copy(), hundredths[one]).tolist() == together[one].tolist()
        assert model.contributions(matrix[one].copy(), hundredths[one]).tolist() == values[one].tolist()


@cache
def small_matrix() -> np.ndarray:
    """Twenty rows of the bundle's columns, with codes, counts, missing values and what training never saw."""
    random = np.random.default_rng(9)
    matrix = random.lognormal(1, 2, (20, len(small_bundle.catalogue().names))).round()
    matrix[random.random(matrix.shape) < 0.3] = np.nan
    matrix[random.random(matrix.shape) < 0.05] = -1e9
    matrix[0], matrix[1] = np.nan, np.inf
    return matrix


@st.composite
def mixtures(draw: st.DrawFn) -> Model:
    numbers = st.floats(-3, 3)
    boosters = [one for one in small_bundle.model(Target.SQL, 30).members if isinstance(one, BoosterMember)]
    ridge = small_bundle.model(Target.SQL, 30).members[3]
    assert isinstance(ridge, RidgeMember)
    weights = st.floats(0.1, 5)
    member = st.one_of(
        st.builds(BoosterMember, st.sampled_from([one.text for one in boosters]), numbers, numbers, numbers, weights),
        st.builds(PointsMember, numbers, numbers, numbers, numbers, weights),
        st.builds(lambda intercept, weight: replace(ridge, intercept=intercept, weight=weight), numbers, weights),
    )
    bends = st.floats(0, 4)
    calibrator = st.one_of(
        st.builds(Calibrator, st.floats(0.01, 4), numbers),
        st.builds(Beta, bends, bends.map(lambda bend: bend + 0.01), numbers),
    )
    members = draw(st.lists(member, min_size=1, max_size=4))
    return Model(Target.SQL, 30, tuple(members), draw(calibrator))


def test_points_speak_against_a_lead_that_has_fewer_than_usual():
    points = PointsMember(0.05, -3.0, 0.0, 40.0)
    started = BoosterMember(small_bundle.model(Target.SQL, 30).members[0].text, -3.0, 0.05, 40.0)
    matrix, hundredths = np.zeros((2, len(small_bundle.catalogue().names))), np.array([0, 6000])
    for member in (points, started):
        values = Model(Target.SQL, 30, (member,), IDENTITY).contributions(matrix, hundredths)
        assert values[:, -2].tolist() == pytest.approx([-2.0, 1.0])
    assert points.contributions(matrix, hundredths, 1)[:, -1].tolist() == pytest.approx([-1.0, -1.0])


def test_a_ridge_is_lines_through_straightened_numbers_and_steps_for_codes():
    """sign(x) * log(1 + |x|), in scales from the centre, cut at five scales; what is missing or unknown adds nothing."""
    ridge = RidgeMember(
        ("visits", "still", "industry"),
        {"visits": Line(math.log(2), 0.5, 0.25)},
        {"industry": (0.75, -0.5)},
        -2.0,
    )
    rows = [(1, 7, 0), (3, 7, 1), (-1, 7, 2), (math.nan, 7, math.nan), (1e9, 7, -1), (math.inf, 7, 0)]
    assert ridge.contributions(np.array(rows), np.zeros(6, np.int64), 1).tolist() == [
        [0.0, 0.0, 0.75, 0.0, -2.0],
        [pytest.approx(0.25 * (math.log(4) - math.log(2)) / 0.5), 0.0, -0.5, 0.0, -2.0],
        [pytest.approx(0.25 * -2 * math.log(2) / 0.5), 0.0, 0.0, 0.0, -2.0],
        [0.0, 0.0, 0.0, 0.0, -2.0],
        [0.25 * 5, 0.0, 0.0, 0.0, -2.0],
        [0.25 * 5, 0.0, 0.75, 0.0, -2.0],
    ]


def test_a_ridge_tells_ranges_apart_and_gives_what_is_missing_a_part():
    """From a border on the upper range, below it the lower one."""
    ridge = RidgeMember(
        ("headcount", "industry"),
        {},
        {"industry": (0.75, -0.5)},
        0.0,
        ranges={"headcount": Ranges((10.0, 100.0), (-1.0, 0.5, 0.25))},
        missing={"headcount": -0.125, "industry": 0.375},
    )
    rows = [(-5, 0), (9.99, 1), (10, 2), (99, math.nan), (100, 0), (math.inf, 0), (-math.inf, 0), (math.nan, 0)]
    parts = ridge.contributions(np.array(rows), np.zeros(8, np.int64), 1)
    assert parts[:, 0].tolist() == [-1.0, -1.0, 0.5, 0.5, 0.25, 0.25, -1.0, -0.125]
    assert parts[:, 1].tolist() == [0.75, -0.5, 0.0, 0.375, 0.75, 0.75, 0.75, 0.75]
    assert ridge.margins(np.array(rows), np.zeros(8, np.int64), 1).tolist() == parts.sum(axis=1).tolist()


def test_a_ridge_of_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match=r"^the ridge has no column 'visit'$"):
        RidgeMember(("visits",), {"visit": Line(0.0, 1.0, 1.0)}, {}, 0.0)
    for line in (Line(0.0, 0.0, 1.0), Line(math.nan, 1.0, 1.0), Line(0.0, 1.0, math.inf)):
        with pytest.raises(ValueError, match=r"^the ridge holds a number that is not finite, or a scale"):
            RidgeMember(("visits",), {"visits": line}, {}, 0.0)
    for ranges in (Ranges((1.0,), (0.5,)), Ranges((2.0, 1.0), (0.0, 0.0, 0.0)), Ranges((1.0, 1.0), (0.0, 0.0, 0.0))):
        with pytest.raises(
            ValueError, match=r"^the ridge's ranges of 'visits' do not ascend, or are not one more than"
        ):
            RidgeMember(("visits",), {}, {}, 0.0, ranges={"visits": ranges})
    with pytest.raises(ValueError, match=r"^the ridge holds a number that is not finite"):
        RidgeMember(("visits",), {}, {"visits": (0.5,)}, 0.0, missing={"visits": math.nan})
    line = Line(0.0, 1.0, 1.0)
    with pytest.raises(
        ValueError, match=r"^the ridge adds a column twice, or names what a line adds where it is missing$"
    ):
        RidgeMember(("visits",), {"visits": line}, {}, 0.0, ranges={"visits": Ranges((), (0.5,))})
    with pytest.raises(
        ValueError, match=r"^the ridge adds a column twice, or names what a line adds where it is missing$"
    ):
        RidgeMember(("visits",), {"visits": line}, {}, 0.0, missing={"visits": 0.5})


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
    heavy = (PointsMember(0.1, -3.0), PointsMember(0.1, -3.0, weight=0.0))
    with pytest.raises(ValueError, match=r"^the sql model's members weigh 1.0, 0.0; each weight must be above 0$"):
        replace(model, members=heavy)
    with pytest.raises(ValueError, match=r"^not a LightGBM model: "):
        _ = BoosterMember("tree").booster
