"""Snapshots: who is at risk, when, and what the label says; counted by hand and held against the funnel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histories.assemble import assemble
from histories.clock import DAY, HOUR
from histories.contract import Interaction, LeadHistory, Outcome, Stage, Target
from histories.funnel_table import NEVER
from training.recipe import Age
from training.snapshots import UNKNOWN, at_risk, draw, groups

AGES = (Age("0h", 0), Age("1d", DAY), Age("7d", 7 * DAY))
EXPORT = 60 * DAY


def lead(lead_id, created=0, outcomes=(), interactions=(), account=None):
    return LeadHistory(
        lead_id,
        created,
        account,
        interactions=tuple(Interaction(f"{lead_id}-{at}", at, "visit") for at in interactions),
        outcomes=tuple(Outcome(stage, at) for stage, at in outcomes),
    )


def drawn(*leads, target=Target.CUSTOMER, horizon=30, ages=AGES):
    snapshots = draw(assemble(leads, exported_at=EXPORT), target, horizon, ages)
    columns = zip(
        snapshots.table["lead_id"].to_pylist(),
        [snapshots.ages[age].text for age in snapshots.age],
        snapshots.cutoff.tolist(),
        snapshots.label.tolist(),
        strict=True,
    )
    return snapshots, {(lead_id, age): (cutoff, label) for lead_id, age, cutoff, label in columns}


def test_a_lead_is_taken_at_each_age_until_it_converts():
    """Won on day 5: at risk at 0h and at one day, no longer at seven."""
    _, rows = drawn(lead("a", outcomes=[(Stage.CUSTOMER, 5 * DAY)]))
    assert rows == {("a", "0h"): (1, 1), ("a", "1d"): (DAY, 1)}


def test_zero_hours_is_the_moment_after_the_first_interaction():
    _, rows = drawn(lead("a", interactions=[3 * HOUR, 9 * HOUR]), lead("b", created=HOUR, interactions=[0]))
    assert rows["a", "0h"][0] == 3 * HOUR + 1
    assert rows["b", "0h"][0] == HOUR + 1


def test_only_what_has_happened_tells_whether_a_lead_has_a_first_interaction():
    """Whoever has done nothing by the export is not taken as new: of new leads, those alone would never convert."""
    acting, silent = lead("a", interactions=[3 * HOUR]), lead("b")
    snapshots, rows = drawn(acting, silent)
    assert set(rows) == {("a", "0h"), ("a", "1d"), ("a", "7d"), ("b", "1d"), ("b", "7d")}
    assert snapshots.lives.first.tolist() == [3 * HOUR + 1, DAY]
    assert snapshots.lives.last.tolist() == [7 * DAY, 7 * DAY]
    assert drawn(acting, silent, ages=AGES[:1])[1].keys() == {("a", "0h")}
    assert drawn(silent)[1]["b", "0h"][0] == 1


@pytest.mark.parametrize(("at", "label"), [(31 * DAY - 1, 1), (31 * DAY, 0)])
def test_the_horizon_ends_one_microsecond_before_its_last_day_is_over(at, label):
    _, rows = drawn(lead("a", outcomes=[(Stage.CUSTOMER, at)]))
    assert rows["a", "1d"] == (DAY, label)


def test_what_the_export_cannot_know_is_unknown_even_where_the_lead_has_converted():
    """Created on day 29: at one day the horizon ends on day 60, with the export; at seven days after it."""
    export = 29 * DAY
    snapshots, rows = drawn(
        lead("won", export, [(Stage.CUSTOMER, export + 10 * DAY)]), lead("open", export), lead("late", EXPORT + 1)
    )
    assert rows["won", "1d"] == (30 * DAY, 1)
    assert rows["open", "1d"] == (30 * DAY, 0)
    assert rows["won", "7d"] == (36 * DAY, UNKNOWN)
    assert rows["open", "7d"] == (36 * DAY, UNKNOWN)
    assert ("late", "0h") not in rows
    assert (snapshots.mature == (snapshots.label != UNKNOWN)).all()


def test_a_loss_answers_no_and_takes_the_lead_off_the_board():
    histories = assemble(
        [lead("a", outcomes=[(Stage.LOST, 3 * DAY)]), lead("b"), lead("c", created=9 * DAY)], exported_at=EXPORT
    )
    assert at_risk(histories, Target.CUSTOMER, 2 * DAY) == ["a", "b"]
    assert at_risk(histories, Target.CUSTOMER, 4 * DAY) == ["b"]
    assert at_risk(histories, Target.CUSTOMER, 9 * DAY) == ["b", "c"]
    _, rows = drawn(lead("a", outcomes=[(Stage.LOST, 3 * DAY), (Stage.CUSTOMER, 20 * DAY)]))
    assert rows == {("a", "0h"): (1, 0), ("a", "1d"): (DAY, 0)}


def known(*leads, **asked):
    """What is known of each snapshot, and from when on."""
    snapshots, rows = drawn(*leads, **asked)
    return dict(zip(rows, zip(snapshots.answer.tolist(), snapshots.known_at.tolist(), strict=True), strict=True))


def test_an_answer_is_known_when_the_lead_converts_or_is_lost_else_when_the_horizon_ends():
    """Horizon 30 days, asked on day 1. A moment is known from the microsecond after it, like all that a cutoff sees."""
    leads = (lead("won", 0, [(Stage.CUSTOMER, 5 * DAY)]), lead("lost", 0, [(Stage.LOST, 3 * DAY)]), lead("open"))
    rows = known(*leads)
    assert rows["won", "1d"] == (1, 5 * DAY + 1)
    assert rows["lost", "1d"] == (0, 3 * DAY + 1)
    assert rows["open", "1d"] == (0, 31 * DAY)
    assert known(lead("late", 0, [(Stage.CUSTOMER, 31 * DAY)]))["late", "1d"] == (0, 31 * DAY)


def test_what_came_before_the_end_of_its_horizon_is_an_answer_but_no_label():
    """Asked on day 50 of 60, for 30 days: two of four are answered, none is mature."""
    leads = (
        lead("won", 49 * DAY, [(Stage.CUSTOMER, 55 * DAY)]),
        lead("lost", 49 * DAY, [(Stage.LOST, 55 * DAY)]),
        lead("open", 49 * DAY),
        lead("as it ends", 49 * DAY, [(Stage.CUSTOMER, EXPORT)]),
    )
    rows = known(*leads)
    assert rows["won", "1d"] == (1, 55 * DAY + 1)
    assert rows["lost", "1d"] == (0, 55 * DAY + 1)
    assert rows["open", "1d"] == rows["as it ends", "1d"] == (UNKNOWN, NEVER)
    snapshots, _ = drawn(*leads)
    assert set(snapshots.label.tolist()) == {UNKNOWN}


def test_a_reopened_lead_is_asked_about_anew():
    """Lost on day 3, a lead again on day 6, won on day 10: asked before the loss, no; asked on day 7, yes."""
    rows = known(lead("a", 0, [(Stage.LOST, 3 * DAY), (Stage.LEAD, 6 * DAY), (Stage.CUSTOMER, 10 * DAY)]))
    assert rows["a", "1d"] == (0, 3 * DAY + 1)
    assert rows["a", "7d"] == (1, 10 * DAY + 1)


def test_a_first_interaction_after_the_oldest_age_is_no_moment_to_look_at():
    _, rows = drawn(lead("a", interactions=[8 * DAY]), lead("b", interactions=[7 * DAY - 1]))
    assert set(rows) == {("a", "1d"), ("a", "7d"), ("b", "0h"), ("b", "1d"), ("b", "7d")}


def test_a_later_stage_counts_as_the_earlier_one():
    """A deal that was won without ever being qualified was qualified when it was won."""
    _, rows = drawn(lead("a", outcomes=[(Stage.CUSTOMER, 3 * DAY)]), target=Target.SQL)
    assert rows == {("a", "0h"): (1, 1), ("a", "1d"): (DAY, 1)}


def test_a_qualified_lead_is_at_risk_of_becoming_a_customer_alone():
    one = lead("a", outcomes=[(Stage.SQL, 2 * DAY)])
    assert ("a", "7d") in drawn(one)[1]
    assert ("a", "7d") not in drawn(one, target=Target.SQL)[1]


def test_leads_of_an_account_are_one_group_and_an_account_is_no_lead():
    histories = assemble(
        [lead("a", account="x"), lead("b", account="x"), lead("c"), lead("x"), lead("y")], exported_at=EXPORT
    )
    numbers = groups(histories).tolist()
    assert numbers[0] == numbers[1]
    assert len(set(numbers)) == 4


LEADS = st.lists(
    st.tuples(
        st.integers(0, 70),
        st.lists(st.tuples(st.sampled_from([Stage.SQL, *Stage]), st.integers(0, 80)), max_size=3),
    ),
    min_size=1,
    max_size=8,
)


@given(LEADS, st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_nothing_after_the_horizon_moves_a_label(leads, horizon):
    """Every snapshot keeps its label when all outcomes at or after the end of its horizon are taken away."""
    histories = [
        lead(str(n), day * DAY, [(stage, at * DAY) for stage, at in outcomes])
        for n, (day, outcomes) in enumerate(leads)
    ]
    snapshots, rows = drawn(*histories, horizon=horizon)
    assert (np.diff(snapshots.cutoff) >= 0).all()
    for (lead_id, age), (cutoff, label) in rows.items():
        end = cutoff + horizon * DAY
        one = histories[int(lead_id)]
        kept = [(o.stage, o.reached_at) for o in one.outcomes if o.reached_at < end]
        assert drawn(lead(lead_id, one.created_at, kept), horizon=horizon)[1][lead_id, age] == (cutoff, label)


@given(LEADS, st.integers(1, 40), st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=100, deadline=None)
def test_a_later_export_never_takes_back_an_answer(leads, horizon, one_day, other_day):
    """Whatever an export knows, it knows from the moment that a later one gives; and nothing that came later."""
    early, late = sorted((one_day * DAY, other_day * DAY))
    found = []
    for exported in (early, late):
        histories = [
            lead(str(n), day * DAY, [(stage, at * DAY) for stage, at in outcomes if at * DAY <= exported])
            for n, (day, outcomes) in enumerate(leads)
            if day * DAY <= exported
        ]
        one = draw(assemble(histories, exported_at=exported), Target.CUSTOMER, horizon, AGES)
        keys = zip(one.table["lead_id"].to_pylist(), one.age.tolist(), one.cutoff.tolist(), strict=True)
        found.append(dict(zip(keys, zip(one.answer.tolist(), one.known_at.tolist(), strict=True), strict=True)))
    before, after = found
    assert before == {
        key: (answer, known_at) if known_at <= early else (UNKNOWN, NEVER)
        for key, (answer, known_at) in after.items()
        if key[2] <= early
    }
