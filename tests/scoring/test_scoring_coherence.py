"""P(customer) <= P(sql), wherever the horizons say so and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest
import small_bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from features.one import Rows
from histories import funnel
from histories.clock import DAY
from histories.contract import LeadHistory, Outcome, Stage, Target
from scoring import coherence
from scoring.bundle import Bundle
from scoring.calibration import IDENTITY, Calibrator
from scoring.chain import Chain, sql_column
from scoring.coherence import Models
from scoring.model import Model, PointsMember
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer

CATALOGUE = small_bundle.catalogue()
COLUMN = sql_column(CATALOGUE)
ROWS = Rows(CATALOGUE)
lines = st.tuples(st.floats(-0.2, 0.2), st.floats(-6, 6), st.floats(0.2, 3), st.floats(-3, 3))
leads = st.lists(st.tuples(st.booleans(), st.integers(-5000, 9000)), min_size=1, max_size=20)


def of_line(target: Target, days: int, line: tuple[float, float, float, float]) -> Model:
    slope, intercept, *calibrated = line
    return Model(target, days, (PointsMember(slope, intercept),), Calibrator(*calibrated))


@st.composite
def bundles_models(draw: st.DrawFn) -> Models:
    """Models of both targets that go by points alone, with horizons in any order; customer may be a chain."""
    days, customer_days = draw(st.tuples(st.sampled_from([30, 60]), st.sampled_from([30, 60, 90])))
    customer: Model | Chain = of_line(Target.CUSTOMER, customer_days, draw(lines))
    if isinstance(customer, Model) and draw(st.booleans()):
        customer = Chain(of_line(Target.SQL, customer_days, draw(lines)), customer, COLUMN)
    return {Target.SQL: of_line(Target.SQL, days, draw(lines)), Target.CUSTOMER: customer}


def rows(drawn: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    matrix = np.zeros((len(drawn), len(CATALOGUE.names)))
    matrix[:, COLUMN] = [sql for sql, _ in drawn]
    return matrix, np.array([points for _, points in drawn], dtype=np.int64)


@given(bundles_models(), leads)
def test_no_customer_is_likelier_than_an_sql_within_as_many_days(models: Models, drawn):
    matrix, points = rows(drawn)
    found = coherence.probabilities(models, CATALOGUE, matrix, points)
    sql, customer = found[Target.SQL], found[Target.CUSTOMER]
    is_sql = matrix[:, COLUMN] == 1
    alone = models[Target.CUSTOMER].probabilities(matrix, points)
    assert np.isnan(sql).tolist() == is_sql.tolist()
    assert customer[is_sql].tolist() == alone[is_sql].tolist()
    if models[Target.CUSTOMER].horizon_days <= models[Target.SQL].horizon_days:
        assert (customer[~is_sql] <= sql[~is_sql]).all()
        assert customer[~is_sql].tolist() == np.minimum(alone, sql)[~is_sql].tolist()
    else:
        assert customer.tolist() == alone.tolist()


@given(bundles_models(), leads)
def test_one_target_alone_has_the_same_probabilities(models: Models, drawn):
    matrix, points = rows(drawn)
    both = coherence.probabilities(models, CATALOGUE, matrix, points)
    for target in Target:
        found = coherence.of_target(models, target, CATALOGUE, matrix, points)
        np.testing.assert_array_equal(found, both[target])


def test_within_more_days_a_customer_may_be_likelier_than_an_sql():
    models = {
        Target.SQL: of_line(Target.SQL, 30, (0.0, -2.0, 1.0, 0.0)),
        Target.CUSTOMER: of_line(Target.CUSTOMER, 90, (0.0, -1.0, 1.0, 0.0)),
    }
    found = coherence.probabilities(models, CATALOGUE, *rows([(False, 0)]))
    assert found[Target.CUSTOMER][0] > found[Target.SQL][0]
    assert not coherence.is_bounded(models)


def test_a_target_without_a_model_bounds_nothing_and_has_no_probability():
    models = {Target.CUSTOMER: of_line(Target.CUSTOMER, 30, (0.0, 5.0, 1.0, 0.0))}
    found = coherence.probabilities(models, CATALOGUE, *rows([(False, 0), (True, 0)]))
    assert list(found) == [Target.CUSTOMER]
    assert (found[Target.CUSTOMER] > 0.99).all()


outcomes = st.lists(
    st.builds(Outcome, st.sampled_from(Stage), st.integers(0, 6).map(lambda day: day * DAY)), max_size=5
).map(tuple)


@settings(deadline=None)  # the first row waits for the kernel to be compiled
@given(outcomes, st.integers(1, 13).map(lambda half: half * DAY // 2))
def test_the_column_says_who_is_sql_as_the_funnel_does(reached: tuple[Outcome, ...], cutoff: int):
    standing = funnel.standing(funnel.chronological(reached), cutoff)
    row = ROWS.row(LeadHistory("L", 0, outcomes=reached), cutoff)
    if standing.at_risk(Target.CUSTOMER):
        assert (row[COLUMN] == 0) == standing.at_risk(Target.SQL)


@pytest.mark.parametrize("chained", [False, True])
def test_the_answers_of_a_board_never_contradict_each_other(rulebook: Rulebook, chained: bool):
    """Models of trees, each learnt by itself; the sql model is pushed down until the bound is felt."""
    bundle = small_bundle.bundle(90, 90)
    sql = replace(bundle.models[Target.SQL], calibrator=Calibrator(0.5, -2.0))
    customer = bundle.models[Target.CUSTOMER]
    assert isinstance(customer, Model)
    kept = Chain(replace(sql, calibrator=IDENTITY), customer, COLUMN) if chained else customer
    bounded: Bundle = replace(bundle, models={Target.SQL: sql, Target.CUSTOMER: kept})
    answers = Scorer(bounded, rulebook).score(small_bundle.leads(), small_bundle.AS_OF, 0)
    pairs = [
        (row.probability_customer, row.probability_sql)
        for row in answers
        if row.probability_sql is not None and row.probability_customer is not None
    ]
    assert all(first <= second for first, second in pairs)
    assert sum(first == second for first, second in pairs) >= 10
    assert len(pairs) > 150
