"""An edit in sentences."""

from dataclasses import replace

from generated import rulebooks
from hypothesis import given, settings

from scoring import rulebook
from scoring.rulebook import Rulebook
from scoring.rulebook_changes import changes

OLD = """
name = "b"
[[engagement]]
rule = "Looked at prices"
kinds = ["pricing"]
points = 8
limit = 24
half_life_days = 30
[[engagement]]
rule = "Followed"
kinds = ["follow"]
points = 1
[[fit]]
rule = "Large"
attribute = "size"
at_least = 100
points = 5
[qualification]
budget = { attribute = "budget", at_least = 10 }
points_each = 5
[stages]
mql = { points = 40 }
[grades]
fit = [3, 2, 1]
engagement = [30, 20, 10]
"""


def edited(*swaps: tuple[str, str]) -> tuple[str, ...]:
    text = OLD
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new, 1)
    return changes(rulebook.parse(OLD, "o"), rulebook.parse(text, "n"))


def test_points_limits_and_half_lives_are_told_before_and_after() -> None:
    assert edited(("points = 8", "points = 10"), ("limit = 24\n", ""), ("= 30\n", "= 14\n")) == (
        "“Looked at prices”: 8 → 10 points; limit 24 → none; half-life 30 days → half-life 14 days",
    )
    assert edited(("half_life_days = 30", "expires_days = 90")) == (
        "“Looked at prices”: half-life 30 days → expires after 90 days",
    )


def test_rules_that_come_and_go_are_told_by_name() -> None:
    assert edited(('rule = "Followed"', 'rule = "Follows us"')) == (
        "“Follows us” is new: 1 point for kinds follow",
        "“Followed” is taken out; it gave 1 point",
    )


def test_conditions_stages_grades_and_the_rest() -> None:
    assert edited(("at_least = 100", "between = [100, 500]")) == (
        "“Large”: size at least 100 becomes size from 100 to 500",
    )
    assert edited(("at_least = 10 }", "missing = false }"), ("points_each = 5", "points_each = 2.5")) == (
        "budget is told by budget known; it was by budget at least 10",
        "qualification: 5 → 2.5 points each",
    )
    assert edited(("mql = { points = 40 }", "mql = { points = 45, two_way = true }")) == (
        "mql: from 40 points → from 45 points with contact both ways",
    )
    assert edited(("fit = [3, 2, 1]", "fit = [4, 2, 1]"), ('"b"', '"c"')) == (
        "name: b → c",
        "grades: fit 3, 2, 1, engagement 30, 20, 10 → fit 4, 2, 1, engagement 30, 20, 10",
    )
    assert edited(("[stages]", "[limits]\nengagement = 50\n[follow_up]\nmql_hours = 72\n[stages]")) == (
        "limit of engagement: none → 50",
        "hours for an mql: none → 72",
    )


@settings(max_examples=80, deadline=None)
@given(rulebooks(), rulebooks())
def test_nothing_is_said_of_equal_rulebooks_and_something_of_all_others(one: Rulebook, other: Rulebook) -> None:
    assert changes(one, replace(one, source="# another text")) == ()
    assert bool(changes(one, other)) == (one.version != other.version)
