"""When points cross a line, checked against looking at every moment there is."""

import time
from dataclasses import replace

from generated import FAMILIES, histories, rulebooks, times
from hypothesis import given, settings
from hypothesis import strategies as st
from test_scoring_ledger import PRICES, STAGES, book, visits

from histories.clock import DAY, HOUR
from histories.contract import Attribute, Interaction, LeadHistory, Stage
from scoring.ledger import ledger
from scoring.moments import LONGEST_VALIDITY
from scoring.rulebook import Rulebook
from scoring.standing import rule_grade, rule_stage
from scoring.tally import Tally, tally

PROPERTY = settings(max_examples=60, deadline=None)
FADING = PRICES.replace("limit = 25\n", "") + "[stages]\nmql = { points = 15 }\n"


def test_a_stage_is_crossed_by_the_interaction_that_reached_it():
    lead = LeadHistory("L", 0, interactions=visits(1, 2, 3) + visits(5, kind="reply"))
    result = ledger(book(STAGES), FAMILIES, lead, 6 * DAY)
    # 20 points with the second visit; 30 with the third, but sql asks for contact both ways as well.
    assert (result.mql_at, result.sql_at) == (2 * DAY, 5 * DAY)


def test_a_late_arrival_crosses_when_it_arrives():
    late = Interaction("late", 2 * DAY, "pricing", received_at=4 * DAY)
    lead = LeadHistory("L", 0, interactions=(*visits(1), late))
    assert ledger(book(STAGES), FAMILIES, lead, 4 * DAY).mql_at == 4 * DAY
    assert ledger(book(STAGES), FAMILIES, lead, 4 * DAY - 1).mql_at is None


def test_a_stage_that_decayed_and_came_back_was_last_crossed_when_it_came_back():
    # 10 and 9.33 points reach 15 on day 2; ten days later 9.66 are left; the visit of day 12 brings them to 19.
    lead = LeadHistory("L", 0, interactions=visits(1, 2, 12))
    assert ledger(book(FADING), FAMILIES, lead, 3 * DAY).mql_at == 2 * DAY
    assert ledger(book(FADING), FAMILIES, lead, 11 * DAY).mql_at is None
    assert ledger(book(FADING), FAMILIES, lead, 13 * DAY).mql_at == 12 * DAY


def test_what_a_lead_brings_with_it_crosses_at_its_creation():
    rules = book(
        '[[fit]]\nrule = "a"\nattribute = "size"\nat_least = 1\npoints = 50\n[stages]\nmql = { points = 40 }\n'
    )
    lead = LeadHistory("L", 5 * HOUR, attributes=(Attribute("size", 1.0),))
    assert ledger(rules, FAMILIES, lead, DAY).mql_at == 5 * HOUR
    later = LeadHistory("L", 5 * HOUR, attributes=(Attribute("size", 1.0, 6 * HOUR),))
    assert ledger(rules, FAMILIES, later, DAY).mql_at == 6 * HOUR


def test_points_that_were_taken_may_come_back_by_decay_and_cross():
    rules = book(
        PRICES.replace("half_life_days = 10\n", "")
        + '[[engagement]]\nrule = "Bounced"\nkinds = ["bounce"]\npoints = -8\nhalf_life_days = 10\n'
        + "[stages]\nmql = { points = 16 }\n"
    )
    lead = LeadHistory("L", 0, interactions=visits(1, 1) + visits(1, kind="bounce"))
    # 20 - 8 * 2^(-age/10) reaches 16 when a half is left, rounded to a hundredth: a little before ten days.
    lead_tally = tally(rules, FAMILIES, lead)
    mql_at, _ = lead_tally.crossings(30 * DAY)
    assert mql_at is not None
    assert rule_stage(rules, lead_tally.figures(mql_at)) is Stage.MQL
    assert rule_stage(rules, lead_tally.figures(mql_at - 1)) is Stage.LEAD
    assert abs(mql_at - 11 * DAY) < 2 * HOUR
    assert lead_tally.valid_until(10 * DAY) == mql_at


@PROPERTY
@given(rulebooks(), histories, times)
def test_a_crossing_is_a_rise_that_has_lasted(rules: Rulebook, lead: LeadHistory, cutoff: int):
    made = tally(rules, FAMILIES, lead)
    for stage, at in zip((Stage.MQL, Stage.SQL), made.crossings(cutoff), strict=True):
        assert (at is not None) == (rule_stage(rules, made.figures(cutoff)).rank >= stage.rank)
        if at is None:
            continue
        assert 0 <= at <= cutoff
        moments = {match.visible_from + late for found in made.matches for match in found for late in (-1, 0)}
        moments |= {one.visible_from + late for known in made.values.values() for one in known for late in (-1, 0)}
        for moment in moments:
            if at < moment <= cutoff:
                assert rule_stage(rules, made.figures(moment)).rank >= stage.rank
        if at > 0:
            assert rule_stage(rules, made.figures(at - 1)).rank < stage.rank or (
                rule_stage(rules, made.figures(at)).rank < stage.rank
            )


def test_what_decay_changes_next_is_found_to_the_microsecond():
    rules = book(FADING)
    made = tally(rules, FAMILIES, LeadHistory("L", 0, interactions=visits(1, 2)))
    until = made.valid_until(2 * DAY + 1)
    assert (made.figures(until - 1).total, made.figures(until).total) == (1500, 1499)
    assert until - 2 * DAY < LONGEST_VALIDITY


def test_expiry_changes_a_stage_just_after_its_last_moment():
    rules = book(PRICES.replace("half_life_days = 10", "expires_days = 5") + "[stages]\nmql = { points = 10 }\n")
    made = tally(rules, FAMILIES, LeadHistory("L", 0, interactions=visits(1)))
    assert made.valid_until(2 * DAY) == 6 * DAY + 1


def test_an_answer_is_valid_for_seven_days_where_nothing_decays():
    made = tally(book(STAGES), FAMILIES, LeadHistory("L", 0, interactions=visits(1, 2)))
    assert made.valid_until(3 * DAY) == 10 * DAY


def test_what_is_not_known_yet_does_not_shorten_validity():
    known = LeadHistory("L", 0, interactions=visits(1, 2))
    ahead = replace(known, interactions=known.interactions + visits(4, kind="reply"))
    first, second = (tally(book(FADING), FAMILIES, lead).valid_until(2 * DAY + HOUR) for lead in (known, ahead))
    assert first == second


def _seen(made: Tally, cutoff: int, at: int) -> tuple[Stage, str | None]:
    figures = made.figures(cutoff)._replace(engagement=made.engagement((cutoff, at), (cutoff, at)))
    return rule_stage(made.rulebook, figures), rule_grade(made.rulebook, figures)


@PROPERTY
@given(rulebooks(), histories, times, st.lists(st.floats(0, 1), max_size=40))
def test_nothing_changes_before_valid_until_and_something_does_there(
    rules: Rulebook, lead: LeadHistory, cutoff: int, shares: list[float]
):
    made = tally(rules, FAMILIES, lead)
    now, until = _seen(made, cutoff, cutoff), made.valid_until(cutoff)
    assert cutoff < until <= cutoff + LONGEST_VALIDITY
    for share in [*shares, 1.0]:
        assert _seen(made, cutoff, cutoff + int(share * (until - 1 - cutoff))) == now
    assert until == cutoff + LONGEST_VALIDITY or _seen(made, cutoff, until) != now


def test_a_lead_with_ten_thousand_interactions_takes_no_longer_than_it_must():
    rules = book(PRICES.replace("limit = 25\n", "") + "[stages]\nmql = { points = 1000 }\n")
    lead = LeadHistory("L", 0, interactions=visits(*(number / 100 for number in range(10_000))))
    made = tally(rules, FAMILIES, lead)
    made.crossings(DAY)  # compiled before the clock is read
    began = time.thread_time()
    mql_at, _ = made.crossings(101 * DAY)
    # To look at each of the 20,000 moments would take ten times as long.
    assert time.thread_time() - began < 0.5
    assert mql_at is not None
    assert made.figures(mql_at).total < 100_000 <= made.figures(mql_at + 1).total
