"""Where a lead stands, and what became of it: on leads that one can follow by hand, and as theorems over any."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from histories import funnel
from histories.assemble import assemble
from histories.contract import FUNNEL, LeadHistory, Outcome, Stage, Target
from histories.funnel_table import NEVER, funnel_of

OUTCOMES = st.lists(st.builds(Outcome, st.sampled_from(Stage), st.integers(0, 12)), max_size=8)
CUTOFFS = st.integers(-1, 14)
theorem = settings(max_examples=200, deadline=None)


def test_a_lead_moves_through_the_funnel_and_reaches_each_stage_once() -> None:
    """Sql at 5 means mql at 5 too; the customer at 9 leaves both as they were."""
    outcomes = funnel.chronological([Outcome(Stage.CUSTOMER, 9), Outcome(Stage.SQL, 5)])
    assert funnel.standing(outcomes, 5).stage is Stage.LEAD  # strictly before the cutoff
    assert funnel.standing(outcomes, 6).stage is Stage.SQL
    assert funnel.standing(outcomes, 10).reached == (5, 5, 5, 9, 9)


def test_a_reopened_lead_is_a_lead_again() -> None:
    """What was reached before the loss is gone once anything follows it."""
    outcomes = funnel.chronological([Outcome(Stage.SQL, 1), Outcome(Stage.LOST, 2), Outcome(Stage.LEAD, 3)])
    assert funnel.standing(outcomes, 3).stage is Stage.LOST
    assert funnel.standing(outcomes, 4) == funnel.Standing(Stage.LEAD, (3, None, None, None, None))


def test_a_customer_of_the_same_instant_outlives_the_loss() -> None:
    outcomes = funnel.chronological([Outcome(Stage.CUSTOMER, 1), Outcome(Stage.LOST, 1)])
    assert funnel.standing(outcomes, 2).stage is Stage.CUSTOMER
    assert {funnel.resolution(outcomes, 0, target) for target in Target} == {funnel.Resolution(1, None)}


def test_the_first_answer_counts() -> None:
    outcomes = funnel.chronological([Outcome(Stage.LOST, 4), Outcome(Stage.SQL, 2), Outcome(Stage.CUSTOMER, 6)])
    assert funnel.resolution(outcomes, 0, Target.SQL) == funnel.Resolution(2, None)
    assert funnel.resolution(outcomes, 0, Target.CUSTOMER) == funnel.Resolution(None, 4)
    assert funnel.resolution(outcomes, 5, Target.CUSTOMER) == funnel.Resolution(6, None)
    assert funnel.resolution(outcomes, 7, Target.CUSTOMER) == funnel.Resolution(None, None)


def test_ever_reached_does_not_forget_what_a_loss_undid() -> None:
    outcomes = [Outcome(Stage.SQL, 3), Outcome(Stage.LOST, 4), Outcome(Stage.LEAD, 5), Outcome(Stage.MQL, 1)]
    assert funnel.first_reached(outcomes) == (1, 1, 3, None, None)


@theorem
@given(OUTCOMES, CUTOFFS, OUTCOMES)
def test_the_future_changes_nothing(past: list[Outcome], cutoff: int, future: list[Outcome]) -> None:
    """Outcomes at or after the cutoff leave the standing as it is."""
    seen = [one for one in past if one.reached_at < cutoff]
    later = [Outcome(one.stage, one.reached_at + max(cutoff, 0)) for one in future]
    assert funnel.standing(funnel.chronological(seen), cutoff) == funnel.standing(
        funnel.chronological(seen + later), cutoff
    )


@theorem
@given(OUTCOMES, CUTOFFS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(outcomes: list[Outcome], cutoff: int, random: object) -> None:
    shuffled = list(outcomes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = funnel.chronological(outcomes), funnel.chronological(shuffled)
    assert funnel.standing(one, cutoff) == funnel.standing(other, cutoff)
    assert all(funnel.resolution(one, cutoff, to) == funnel.resolution(other, cutoff, to) for to in Target)


@theorem
@given(OUTCOMES, CUTOFFS)
def test_a_later_stage_was_never_reached_before_an_earlier_one(outcomes: list[Outcome], cutoff: int) -> None:
    """Times along the funnel never fall, and none is missing below one that is there."""
    reached = funnel.standing(funnel.chronological(outcomes), cutoff).reached
    times = [at for at in reached if at is not None]
    assert times == sorted(times)
    assert list(reached) == times + [None] * (len(FUNNEL) - len(times))


@theorem
@given(OUTCOMES, CUTOFFS)
def test_at_risk_of_sql_is_at_risk_of_customer_too(outcomes: list[Outcome], cutoff: int) -> None:
    standing = funnel.standing(funnel.chronological(outcomes), cutoff)
    assert standing.at_risk(Target.CUSTOMER) or not standing.at_risk(Target.SQL)
    assert standing.at_risk(Target.SQL) == (standing.stage in (Stage.LEAD, Stage.MQL))


@theorem
@given(OUTCOMES, CUTOFFS)
def test_an_answer_is_one_and_lies_at_or_after_the_cutoff(outcomes: list[Outcome], cutoff: int) -> None:
    """Sql is answered no later than customer; with both answers yes, sql came first or with it."""
    ordered = funnel.chronological(outcomes)
    answers = {target: funnel.resolution(ordered, cutoff, target) for target in Target}
    for answer in answers.values():
        times = [at for at in (answer.reached_at, answer.lost_at) if at is not None]
        assert len(times) <= 1
        assert all(at >= cutoff for at in times)
    customer = answers[Target.CUSTOMER].reached_at
    if customer is not None:
        sql = answers[Target.SQL].reached_at
        assert sql is not None
        assert sql <= customer


@theorem
@given(OUTCOMES)
def test_without_a_loss_standing_and_ever_reached_agree(outcomes: list[Outcome]) -> None:
    kept = [one for one in outcomes if one.stage is not Stage.LOST]
    assert funnel.standing(funnel.chronological(kept), 100).reached == funnel.first_reached(kept)


@given(st.lists(OUTCOMES, min_size=1, max_size=6), st.sampled_from(Target))
@theorem
def test_columns_say_of_every_lead_and_moment_what_is_said_of_one(leads: list[list[Outcome]], target: Target) -> None:
    """Losses, reopenings, several arrivals of one instant, and leads without any outcome."""
    one_by_one = [funnel.chronological(outcomes) for outcomes in leads]
    histories = assemble(
        [LeadHistory(f"{number}", 0, outcomes=tuple(outcomes)) for number, outcomes in enumerate(leads)], exported_at=99
    )
    lead, cutoff = (grid.ravel() for grid in np.meshgrid(np.arange(len(leads)), np.arange(-1, 15)))
    columns = funnel_of(histories)
    at_risk = columns.at_risk(lead, cutoff, target)
    answered, reached = columns.answered(lead, cutoff, target)
    for row, (number, moment) in enumerate(zip(lead.tolist(), cutoff.tolist(), strict=True)):
        assert at_risk[row] == funnel.standing(one_by_one[number], moment).at_risk(target)
        found = funnel.resolution(one_by_one[number], moment, target)
        expected = found.lost_at if found.reached_at is None else found.reached_at
        assert answered[row] == (NEVER if expected is None else expected)
        assert reached[row] == (found.reached_at is not None)
