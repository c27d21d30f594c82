"""The truth: equal to what becomes of the leads, within what chance allows."""

import numpy as np
import pyarrow as pa
import pytest

from histories.clock import DAY
from histories.contract import Outcome, Stage, Target
from histories.errors import CallError, DataError
from histories.funnel import chronological, resolution, standing
from histories.sample import Parameters, truth
from histories.sample import vocabulary as v
from histories.sample.life import simulate

LEADS = 8_000
RECORDED = Parameters(LEADS, 24, 11, recorded_only=True)
HIDDEN = Parameters(LEADS, 24, 11, recorded_only=False)


def pairs(*rows: tuple[str, int, str, int]) -> pa.Table:
    lead_ids, cutoffs, targets, horizons = zip(*rows, strict=True)
    return pa.table({"lead_id": lead_ids, "cutoff": cutoffs, "target": targets, "horizon_days": horizons})


def drawn(parameters: Parameters, target: Target, days: int, count: int) -> pa.Table:
    """Mature snapshots of random leads at random moments of the day."""
    random = np.random.default_rng(3)
    created = parameters.population().created
    rows = random.choice(len(created), count, replace=False)
    cutoffs = (created[rows] * 1_000_000).astype(np.int64) + random.integers(1, 45 * DAY, count)
    mature = cutoffs + days * DAY <= parameters.ended * DAY
    return pairs(
        *[
            (f"C{row + 1:07d}", int(cutoff), target.value, days)
            for row, cutoff in zip(rows[mature], cutoffs[mature], strict=True)
        ]
    )


def outcomes(parameters: Parameters) -> dict[str, list[Outcome]]:
    events = simulate(parameters.population(), parameters.seed, parameters.ended, parameters.hazards)
    found: dict[str, list[Outcome]] = {}
    for row in np.flatnonzero((events.event >= v.MQL) & (events.event <= v.REOPENED)):
        one = Outcome(Stage(v.STAGES[events.event[row]]), int(events.second[row]) * 1_000_000)
        found.setdefault(f"C{events.lead[row] + 1:07d}", []).append(one)
    return {lead: chronological(ones) for lead, ones in found.items()}


@pytest.mark.parametrize("parameters", [RECORDED, HIDDEN], ids=["recorded only", "with intent"])
@pytest.mark.parametrize(("target", "days"), [(Target.SQL, 30), (Target.CUSTOMER, 90)])
def test_the_truth_adds_up_to_what_became_of_the_leads(parameters: Parameters, target: Target, days: int) -> None:
    table = truth(parameters, drawn(parameters, target, days, 2_500), draws=8)
    history = outcomes(parameters)
    expected, variance, observed = 0.0, 0.0, 0
    for lead, cutoff, chance in zip(
        *(table[name].to_pylist() for name in ("lead_id", "cutoff", "probability")), strict=True
    ):
        arrivals = history.get(lead, [])
        assert (chance is not None) == standing(arrivals, cutoff).at_risk(target)
        if chance is not None:
            reached = resolution(arrivals, cutoff, target).reached_at
            expected, variance = expected + chance, variance + chance * (1 - chance)
            observed += reached is not None and reached < cutoff + days * DAY
    assert expected > 8
    # Leads of one account share their luck, so the deviation is somewhat wider than that of independent leads.
    assert abs(observed - expected) < 4 * np.sqrt(variance)


def test_a_longer_horizon_is_never_less_likely() -> None:
    base = drawn(RECORDED, Target.CUSTOMER, 90, 60)
    tables = [
        truth(RECORDED, base.set_column(3, "horizon_days", pa.array([days] * base.num_rows)), draws=200)
        for days in (1, 7, 30, 90, 200)
    ]
    chances, errors = (
        np.array([table[name].to_numpy() for table in tables]) for name in ("probability", "standard_error")
    )
    assert np.isfinite(chances).sum() > 150
    noise = np.hypot(errors[1:], errors[:-1])
    assert not (np.diff(chances, axis=0) < -4 * noise - 1e-12).any()


def test_a_stage_on_the_way_is_not_waited_for() -> None:
    """New leads have three stages before them: counting those who got there would tell next to nothing."""
    table = truth(RECORDED, drawn(RECORDED, Target.CUSTOMER, 90, 200), draws=100)
    chance, error = (table[name].drop_null().to_numpy() for name in ("probability", "standard_error"))
    rare = (chance > 0) & (chance < 0.02)
    assert rare.sum() > 100
    counted = np.sqrt(chance[rare] * (1 - chance[rare]) / 100)
    assert np.median(error[rare] / counted) < 0.25


def test_a_customer_by_way_of_each_stage_is_as_likely_as_counting_says() -> None:
    """Leads that were new: what is drawn for the stages on the way adds up to the leads that went all of it."""
    base = drawn(RECORDED, Target.CUSTOMER, 200, 4_000)
    table, history = truth(RECORDED, base, draws=4), outcomes(RECORDED)
    expected, variance, observed = 0.0, 0.0, 0
    for lead, cutoff, chance in zip(
        *(table[name].to_pylist() for name in ("lead_id", "cutoff", "probability")), strict=True
    ):
        if chance is not None and standing(history.get(lead, []), cutoff).at_risk(Target.SQL):
            reached = resolution(history.get(lead, []), cutoff, Target.CUSTOMER).reached_at
            expected, variance = expected + chance, variance + chance * (1 - chance)
            observed += reached is not None and reached < cutoff + 200 * DAY
    assert expected > 30
    assert abs(observed - expected) < 4 * np.sqrt(variance)


def test_a_customer_was_sales_qualified_first() -> None:
    base = drawn(RECORDED, Target.SQL, 90, 60)
    sql = truth(RECORDED, base, draws=200)
    customer = truth(RECORDED, base.set_column(2, "target", pa.array(["customer"] * base.num_rows)), draws=200)
    at_risk = sql["probability"].is_valid().to_numpy()
    noise = sum(table["standard_error"].to_numpy()[at_risk] for table in (sql, customer))
    assert at_risk.sum() > 40
    assert (customer["probability"].to_numpy()[at_risk] <= sql["probability"].to_numpy()[at_risk] + 4 * noise).all()


def test_a_row_does_not_depend_on_the_rows_around_it() -> None:
    base = drawn(HIDDEN, Target.SQL, 30, 20)
    whole = truth(HIDDEN, base, draws=10)
    backwards = truth(HIDDEN, base.take(list(range(base.num_rows))[::-1]), draws=10)
    assert whole.to_pylist() == backwards.to_pylist()[::-1]


def test_more_draws_come_closer_and_say_so() -> None:
    base = drawn(RECORDED, Target.SQL, 30, 40)
    few, many = (truth(RECORDED, base, draws=draws) for draws in (50, 1_600))
    small, large = (np.array(table["standard_error"].drop_null().to_pylist()) for table in (many, few))
    assert np.median(small / large) == pytest.approx(1 / np.sqrt(32), rel=0.5)
    difference = np.array(few["probability"].drop_null().to_pylist()) - many["probability"].drop_null().to_numpy()
    assert np.mean(np.abs(difference) < 4 * large) > 0.9


def test_other_columns_of_the_pairs_are_kept() -> None:
    base = drawn(RECORDED, Target.SQL, 30, 3).append_column(
        "note", pa.array(["a", "b", "c"][: drawn(RECORDED, Target.SQL, 30, 3).num_rows])
    )
    assert truth(RECORDED, base, draws=2).column_names == [*base.column_names, "probability", "standard_error"]


def test_a_lead_that_does_not_exist_yet_is_not_at_risk() -> None:
    created = int(RECORDED.population().created[0]) * 1_000_000
    table = truth(
        RECORDED, pairs(("C0000001", created - DAY, "sql", 30), ("C0000001", created + 1, "sql", 30)), draws=2
    )
    assert table["probability"].is_valid().to_pylist() == [False, True]


def test_no_pairs_give_no_rows() -> None:
    empty = drawn(RECORDED, Target.SQL, 30, 3).slice(0, 0)
    assert truth(RECORDED, empty).num_rows == 0


CREATED = int(RECORDED.population().created[0]) * 1_000_000


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("C0009999", CREATED, "sql", 30), "lead 'C0009999' is not in this sample; its leads are C0000001 to C0008000"),
        (("x", CREATED, "sql", 30), "lead 'x' is not in this sample; its leads are C0000001 to C0008000"),
        (
            ("C0000001", CREATED, "custmer", 30),
            "target 'custmer' is not known; allowed are sql, customer; did you mean 'customer'?",
        ),
        (("C0000001", CREATED, "sql", 0), "horizon_days must be at least 1 and at most 3650 in every row"),
        (
            ("C0000001", 1_900_000_000_000_000, "sql", 30),
            "cutoff 1900000000000000 lies after the export, 1767225600000000: nothing is recorded until then",
        ),
    ],
)
def test_pairs_that_cannot_be_answered_are_refused(row: tuple[str, int, str, int], message: str) -> None:
    with pytest.raises(DataError) as caught:
        truth(RECORDED, pairs(row))
    assert str(caught.value) == message


def test_a_missing_or_empty_column_is_named() -> None:
    base = pairs(("C0000001", CREATED, "sql", 30))
    with pytest.raises(DataError, match=r"no column 'target'; they need lead_id, cutoff, target, horizon_days"):
        truth(RECORDED, base.drop_columns(["target"]))
    with pytest.raises(DataError, match=r"column 'cutoff' has empty values; fill them in or leave the rows out"):
        truth(RECORDED, base.set_column(1, "cutoff", pa.array([None], pa.int64())))
    with pytest.raises(DataError, match=r"wrong types: .*; they must be lead_id string, cutoff int64"):
        truth(RECORDED, base.set_column(1, "cutoff", pa.array(["noon"])))


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(CallError, match=r"draws 1 is out of bounds; it must be at least 2 and at most 1000000"):
        truth(RECORDED, pairs(("C0000001", CREATED, "sql", 30)), draws=1)
