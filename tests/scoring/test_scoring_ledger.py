"""The ledger adds up, exactly, and says of each interaction what it gave."""

import math
import random
from dataclasses import replace
from fractions import Fraction

from generated import END, FAMILIES, histories, rulebooks, times
from hypothesis import given, settings
from hypothesis import strategies as st

from histories.clock import DAY
from histories.contract import Attribute, Direction, Families, Interaction, LeadHistory, Stage, without_duplicates
from scoring import rulebook as rulebooks_
from scoring.ledger import Entry, Group, ledger
from scoring.rulebook import Rulebook
from scoring.rules import AttributeCondition, EngagementRule, InteractionCondition

PROPERTY = settings(max_examples=100, deadline=None)


def visits(*days: float, kind: str = "pricing") -> tuple[Interaction, ...]:
    return tuple(Interaction(f"{kind}{number}", int(day * DAY), kind) for number, day in enumerate(days))


def book(text: str) -> Rulebook:
    return rulebooks_.parse(f'name = "test"\n{text}', "rulebook.toml")


def counted(entries: tuple[Entry, ...]) -> list[int]:
    return [entry.counted for entry in entries]


PRICES = """
[[engagement]]
rule = "Looked at prices"
kinds = ["pricing"]
points = 10
limit = 25
half_life_days = 10
"""


def test_an_entry_is_decayed_then_rounded_then_cut_by_its_rule_oldest_first():
    result = ledger(book(PRICES), FAMILIES, LeadHistory("L", 0, interactions=visits(0, 10, 20)), 20 * DAY + 1)
    # One microsecond old is 1000 hundredths, 10 days 500, 20 days 250: 25 points allow for all three.
    assert counted(result.entries) == [250, 500, 1000]
    result = ledger(book(PRICES), FAMILIES, LeadHistory("L", 0, interactions=visits(0, 0, 0, 0)), 5 * DAY)
    assert [entry.decayed for entry in result.entries] == [707] * 4
    assert counted(result.entries) == [707, 707, 707, 379]
    assert result.total == 2500


def test_a_group_limit_cuts_gains_oldest_first_and_leaves_what_is_taken():
    rules = book(
        PRICES.replace("half_life_days = 10", "")
        + """
[[engagement]]
rule = "Unsubscribed"
kinds = ["unsubscribe"]
points = -7.5
[limits]
engagement = 15
"""
    )
    lead = LeadHistory("L", 0, interactions=visits(1, 2) + visits(0.5, kind="unsubscribe"))
    result = ledger(rules, FAMILIES, lead, 3 * DAY)
    assert [(entry.rule, entry.counted) for entry in result.entries] == [
        ("Unsubscribed", -750),
        ("Looked at prices", 1000),
        ("Looked at prices", 500),
    ]
    assert (result.engagement, result.total) == (750, 750)


def test_a_limit_bounds_what_a_rule_takes_too():
    rules = book('[[engagement]]\nrule = "Bounced"\nkinds = ["bounce"]\npoints = -5\nlimit = 8\n')
    lead = LeadHistory("L", 0, interactions=visits(1, 2, 3, kind="bounce"))
    result = ledger(rules, FAMILIES, lead, 5 * DAY)
    assert counted(result.entries) == [-500, -300, 0, 800]
    assert result.entries[-1].group is Group.FLOOR
    assert (result.engagement, result.total) == (-800, 0)


def test_points_expire_after_the_last_moment_of_their_days():
    rules = book(PRICES.replace("half_life_days = 10", "expires_days = 10"))
    lead = LeadHistory("L", 0, interactions=visits(1))
    assert [ledger(rules, FAMILIES, lead, 11 * DAY + late).total for late in (-1, 0, 1)] == [1000, 1000, 0]


def test_an_interaction_counts_from_the_moment_after_it_and_once_it_was_received():
    rules = book(PRICES.replace("half_life_days = 10", ""))
    lead = LeadHistory("L", 0, interactions=(Interaction("1", DAY, "pricing"),))
    assert [ledger(rules, FAMILIES, lead, DAY + late).total for late in (0, 1)] == [0, 1000]
    late = LeadHistory("L", 0, interactions=(Interaction("1", DAY, "pricing", received_at=3 * DAY),))
    assert [ledger(rules, FAMILIES, late, 3 * DAY + later).total for later in (-1, 0)] == [0, 1000]


def test_channel_direction_and_value_narrow_a_rule():
    rules = book(
        """
[[engagement]]
rule = "Long visit"
kinds = ["session:*"]
channel = "web"
direction = "inbound"
at_least = 60
points = 1
"""
    )
    right = Interaction("1", 1, "session:x", None, "web", Direction.INBOUND, 60.0)
    wrong = [
        right._replace(interaction_id="2", kind="call"),
        right._replace(interaction_id="3", channel="app"),
        right._replace(interaction_id="4", direction=Direction.OUTBOUND),
        right._replace(interaction_id="5", value=59.9),
        right._replace(interaction_id="6", value=None, channel=None, direction=None),
    ]
    result = ledger(rules, FAMILIES, LeadHistory("L", 0, interactions=(right, *wrong)), DAY)
    assert result.entries == (Entry("Long visit", Group.ENGAGEMENT, "1", 1, 100, 100, 100, 100),)


def test_a_kind_in_two_families_counts_under_both():
    families = Families({"intent": ("demo",), "two_way": ("demo",)})
    rules = book(
        '[[engagement]]\nrule = "a"\nfamily = "intent"\npoints = 1\n[[engagement]]\nrule = "b"\nfamily = "two_way"\npoints = 2\n'
    )
    result = ledger(rules, families, LeadHistory("L", 0, interactions=visits(1, kind="demo")), 2 * DAY)
    assert result.total == 300


FIT = """
[[fit]]
rule = "Mid-size"
attribute = "size"
between = [2, 4]
points = 15
[[fit]]
rule = "Size unknown"
attribute = "size"
missing = true
points = -5
[[fit]]
rule = "Branch a"
attribute = "branch"
in = ["a"]
points = 10
[limits]
fit = 20
"""


def test_attributes_count_as_of_the_cutoff_and_the_latest_value_is_the_one():
    lead = LeadHistory(
        "L", 0, attributes=(Attribute("size", 9.0), Attribute("size", 3.0, 5 * DAY), Attribute("size", None, 9 * DAY))
    )
    totals = [ledger(book(FIT), FAMILIES, lead, cutoff) for cutoff in (DAY, 5 * DAY, 5 * DAY + 1, 9 * DAY + 1)]
    assert [result.fit for result in totals] == [0, 0, 1500, -500]
    assert totals[2].entries == (Entry("Mid-size", Group.FIT, None, 5 * DAY, 1500, 1500, 1500, 1500),)
    assert [(entry.rule, entry.counted) for entry in totals[3].entries] == [
        ("Size unknown", -500),
        ("Points never go below 0", 500),
    ]


def test_fit_has_a_limit_of_its_own():
    lead = LeadHistory("L", 3, attributes=(Attribute("size", 3.0), Attribute("branch", "a", 7)))
    result = ledger(book(FIT), FAMILIES, lead, DAY)
    assert [(entry.rule, entry.at, entry.counted) for entry in result.entries] == [
        ("Mid-size", 3, 1500),
        ("Branch a", 7, 500),
    ]


def test_each_part_of_the_qualification_counts_once():
    rules = book(
        """
[qualification]
budget = { attribute = "budget", at_least = 10 }
need = { family = "intent" }
timeline = { kinds = ["reply"], at_least = 5 }
points_each = 5
"""
    )
    lead = LeadHistory(
        "L", 0, attributes=(Attribute("budget", 10.0, DAY),), interactions=visits(2, 3) + visits(4, kind="reply")
    )
    result = ledger(rules, FAMILIES, lead, 9 * DAY)
    assert result.entries == (
        Entry("Budget is known", Group.QUALIFICATION, None, DAY, 500, 500, 500, 500),
        Entry("Need is known", Group.QUALIFICATION, "pricing0", 2 * DAY, 500, 500, 500, 500),
    )
    assert (result.qualification, result.total) == (1000, 1000)


STAGES = (
    PRICES.replace("half_life_days = 10", "").replace("limit = 25", "")
    + """
[stages]
mql = { points = 20 }
sql = { points = 30, two_way = true }
[grades]
fit = [20, 10, 0]
engagement = [30, 20, 10]
"""
)


def test_stages_and_grades_begin_at_their_points():
    def at(number: int, kind: str = "open") -> tuple[Stage, str | None]:
        lead = LeadHistory("L", 0, interactions=visits(*range(number)) + visits(1, kind=kind))
        result = ledger(book(STAGES), FAMILIES, lead, 50 * DAY)
        return result.stage, result.grade

    assert [at(number) for number in range(5)] == [
        (Stage.LEAD, "C4"),
        (Stage.LEAD, "C3"),
        (Stage.MQL, "C2"),
        (Stage.MQL, "C1"),
        (Stage.MQL, "C1"),
    ]
    assert [at(number, "reply")[0] for number in (2, 3)] == [Stage.MQL, Stage.SQL]


def test_a_rulebook_without_stages_and_grades_gives_none():
    result = ledger(book(PRICES), FAMILIES, LeadHistory("L", 0, interactions=visits(1)), 2 * DAY)
    assert (result.stage, result.grade, result.mql_at, result.sql_at) == (Stage.LEAD, None, None, None)


@PROPERTY
@given(rulebooks(), histories, times)
def test_entries_add_up_to_the_points_exactly(rules: Rulebook, lead: LeadHistory, cutoff: int):
    result = ledger(rules, FAMILIES, lead, cutoff)
    assert sum(counted(result.entries)) == result.total >= 0
    for group, points in (
        ("engagement", result.engagement),
        ("fit", result.fit),
        ("qualification", result.qualification),
    ):
        assert sum(entry.counted for entry in result.entries if entry.group == group) == points
    for entry in result.entries:
        assert 0 <= abs(entry.counted) <= abs(entry.decayed) <= abs(entry.points)
        assert entry.at < cutoff or (
            entry.at == cutoff and entry.group in (Group.FLOOR, Group.FIT, Group.QUALIFICATION)
        )


@PROPERTY
@given(rulebooks(), histories, times)
def test_limits_hold(rules: Rulebook, lead: LeadHistory, cutoff: int):
    result = ledger(rules, FAMILIES, lead, cutoff)
    for rule in rules.engagement:
        given_by = sum(entry.counted for entry in result.entries if entry.rule == rule.name)
        assert rule.limit is None or abs(given_by) <= rule.limit
    for group, limit in ((Group.ENGAGEMENT, rules.engagement_limit), (Group.FIT, rules.fit_limit)):
        gains = sum(entry.counted for entry in result.entries if entry.group is group and entry.counted > 0)
        assert limit is None or gains <= limit


@PROPERTY
@given(rulebooks(), histories, times, st.randoms(use_true_random=False))
def test_order_and_duplicates_change_nothing(rules: Rulebook, lead: LeadHistory, cutoff: int, shuffler: random.Random):
    interactions, attributes = list(lead.interactions * 2), list(lead.attributes * 2)
    shuffler.shuffle(interactions)
    shuffler.shuffle(attributes)
    shuffled = replace(lead, interactions=tuple(interactions), attributes=tuple(attributes))
    assert ledger(rules, FAMILIES, shuffled, cutoff) == ledger(rules, FAMILIES, lead, cutoff)


@PROPERTY
@given(rulebooks(), histories, times)
def test_what_a_cutoff_does_not_see_changes_nothing(rules: Rulebook, lead: LeadHistory, cutoff: int):
    seen = replace(
        lead,
        interactions=tuple(
            one
            for one in without_duplicates(lead.interactions)
            if one.occurred_at < cutoff and (one.received_at is None or one.received_at <= cutoff)
        ),
        attributes=tuple(one for one in lead.attributes if one.known_at is None or one.known_at < cutoff),
    )
    assert ledger(rules, FAMILIES, seen, cutoff) == ledger(rules, FAMILIES, lead, cutoff)


def _naive_matches(condition: InteractionCondition, one: Interaction) -> bool:
    in_family = condition.family is not None and condition.family in FAMILIES.of(one.kind)
    by_name = any(
        glob in (one.kind, "*") or (glob[-1] == "*" and one.kind.startswith(glob[:-1])) for glob in condition.kinds
    )
    return (
        (in_family or by_name)
        and condition.channel in (None, one.channel)
        and condition.direction in (None, one.direction)
        and (condition.at_least is None or (one.value is not None and one.value >= condition.at_least))
    )


def _naive_size(rule: EngagementRule, age: int) -> int:
    if rule.expires_days is not None and age > rule.expires_days * DAY:
        return 0
    left = abs(rule.points) * (0.5 ** (age / DAY / rule.half_life_days) if rule.half_life_days else 1.0)
    return math.floor(Fraction(left) + Fraction(1, 2))


def _naive_value(lead: LeadHistory, name: str, cutoff: int) -> str | float | None:
    def newest(one: Attribute) -> tuple[object, ...]:
        known = -1 if one.known_at is None else one.known_at
        return (known, one.value is not None, isinstance(one.value, str), one.value or 0)

    seen = [one for one in lead.attributes if one.name == name and (one.known_at is None or one.known_at < cutoff)]
    return max(seen, key=newest).value if seen else None


def _naive_total(rules: Rulebook, lead: LeadHistory, cutoff: int) -> int:
    """The rulebook's points as docs/rulebook.md says them, with no thought of speed."""
    seen = [
        one
        for one in without_duplicates(lead.interactions)
        if one.occurred_at < cutoff and (one.received_at is None or one.received_at <= cutoff)
    ]
    gained = taken = 0
    for rule in rules.engagement:
        size = sum(_naive_size(rule, cutoff - one.occurred_at) for one in seen if _naive_matches(rule.when, one))
        size = size if rule.limit is None else min(size, rule.limit)
        gained, taken = (gained + size, taken) if rule.points > 0 else (gained, taken + size)
    fits = [rule.points for rule in rules.fit if rule.when.holds(_naive_value(lead, rule.when.attribute, cutoff))]
    fit = sum(points for points in fits if points > 0)
    known = 0
    for _, condition in rules.qualification.parts if rules.qualification else ():
        if isinstance(condition, AttributeCondition):
            known += condition.holds(_naive_value(lead, condition.attribute, cutoff))
        else:
            known += any(_naive_matches(condition, one) for one in seen)
    total = (gained if rules.engagement_limit is None else min(gained, rules.engagement_limit)) - taken
    total += (fit if rules.fit_limit is None else min(fit, rules.fit_limit)) + sum(p for p in fits if p < 0)
    return max(0, total + known * (rules.qualification.points_each if rules.qualification else 0))


@settings(max_examples=200, deadline=None)
@given(rulebooks(), histories, st.one_of(times, st.just(END + 1)))
def test_the_points_are_what_a_naive_count_says(rules: Rulebook, lead: LeadHistory, cutoff: int):
    assert ledger(rules, FAMILIES, lead, cutoff).total == _naive_total(rules, lead, cutoff)
