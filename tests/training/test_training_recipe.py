"""recipe.toml: what a user writes comes out as written, and every mistake is named with its remedy."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from features.own.expression import Expression
from features.own.features import Aggregate, Aggregation, OwnFeature
from features.own.predicate import Predicate
from histories import clock
from histories.contract import Target
from histories.errors import CallError
from training import recipe

WRITTEN = """
seed = 7
grades = [80, 60, 20]
[targets.sql]
horizon_days = 30
[targets.customer]
horizon_days = 90
[snapshots]
ages = ["7d", "0h", "1d"]
[split]
test_from = 2012-01-27
kept_share = 0.25
ship = "refit"
[search]
trials = 40
[business]
calls_per_week = 120
deal_value = 12000
call_cost = 40
[report]
segments = ["industry", "source"]
[gate]
margin = 0.01
[[features]]
name = "long_visits_30d"
aggregate = "count"
window = "30d"
kinds = ["session:*"]
at_least = 600
[[features]]
name = "pricing_share_30d"
expression = "intent_count_30d / interactions_count_30d"
"""


def test_everything_written_comes_out():
    read = recipe.parse(WRITTEN, "recipe.toml")
    assert read.seed == 7
    assert read.grades == (80, 60, 20)
    assert read.horizons == {Target.SQL: 30, Target.CUSTOMER: 90}
    assert [age.text for age in read.ages] == ["0h", "1d", "7d"]
    assert [age.micros for age in read.ages] == [0, clock.DAY, 7 * clock.DAY]
    assert (read.test_from, read.test_share) == (clock.parse("2012-01-27"), None)
    assert (read.kept_share, read.ship) == (0.25, recipe.Ship.REFIT)
    assert read.search == recipe.Search({Target.SQL: 40, Target.CUSTOMER: 40}, None)
    assert read.business == recipe.Business(120, 12000.0, 40.0)
    assert read.segments == ("industry", "source")
    assert read.gate_margin == 0.01
    assert read.features == (
        OwnFeature("long_visits_30d", Aggregate(Aggregation.COUNT, Predicate(("session:*",), at_least=600.0), "30d")),
        OwnFeature("pricing_share_30d", Expression("intent_count_30d / interactions_count_30d")),
    )
    assert read.source == WRITTEN


def test_a_date_is_read_in_the_zone_of_the_crm():
    """Midnight in Amsterdam is 23:00 UTC of the day before, in January."""
    assert recipe.parse(WRITTEN, "recipe.toml", "Europe/Amsterdam").test_from == clock.parse("2012-01-26T23:00:00Z")


def test_an_empty_recipe_is_the_default_one():
    read = recipe.parse("", "recipe.toml")
    assert read == recipe.default()
    assert read.horizons == {Target.SQL: 30, Target.CUSTOMER: 90}
    assert [age.text for age in read.ages] == list(recipe.DEFAULT_AGES)
    assert (read.test_from, read.test_share) == (None, 0.2)
    assert (read.kept_share, read.ship) == (0.5, recipe.Ship.TESTED)
    assert read.search is None
    assert read.business == recipe.Business()


def test_minutes_limit_a_search_in_place_of_trials():
    assert recipe.parse("[search]\nminutes = 20", "recipe.toml").search == recipe.Search(None, 20.0)


def test_trials_may_be_said_for_each_target():
    """Minutes bring the targets to different numbers: saying them repeats the run."""
    text = "[search]\ntrials = { sql = 12, customer = 15 }"
    assert recipe.parse(text, "recipe.toml").search == recipe.Search({Target.SQL: 12, Target.CUSTOMER: 15}, None)


def test_a_folder_for_trials_is_kept_with_a_search_and_nowhere_else():
    plain, searching = recipe.default(), recipe.parse("[search]\ntrials = 2", "recipe.toml")
    assert recipe.keeping_trials(plain, Path("here")) == plain
    kept = recipe.keeping_trials(searching, Path("here"))
    assert kept.search == replace(searching.search, kept_in=Path("here"))
    assert replace(kept, search=searching.search) == searching


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sed = 1", "recipe.toml, line 1, sed: is not a known key; allowed are"),
        (
            "[targets.sql]\nhorizon = 3",
            (
                "recipe.toml, line 1, [targets sql] horizon_days: is missing; write the days within which the outcome must "
                "come, such as 30"
            ),
        ),
        (
            "[targets.sql]\nhorizon_days = 30",
            (
                "recipe.toml, [targets] customer: is missing; write [targets.customer] with horizon_days: "
                "scores and grades are made from it"
            ),
        ),
        (
            "[targets.customer]\nhorizon_days = 0",
            (
                "recipe.toml, line 2, [targets customer] horizon_days: 0 is out of bounds; it must be at least 1 and "
                "at most 3,650"
            ),
        ),
        (
            '[snapshots]\nages = ["1d", "soon"]',
            (
                "recipe.toml, line 2, [snapshots] ages: 'soon' is not a span; write a number with m, h, d or w, "
                "such as 12h or 30d"
            ),
        ),
        (
            '[snapshots]\nages = ["24h", "1d"]',
            "recipe.toml, line 2, [snapshots] ages: '24h' and '1d' are the same age; write each age once",
        ),
        (
            "[split]\ntest_from = 2012-01-27\ntest_share = 0.2",
            "recipe.toml, line 3, [split] test_share: stands beside test_from; write one of the two",
        ),
        (
            "[search]\ntrials = { sql = 3 }",
            "recipe.toml, line 2, [search trials] customer: is missing; write its number of trials",
        ),
        (
            "[targets.customer]\nhorizon_days = 9\n[search.trials]\nsql = 3\ncustomer = 3",
            "recipe.toml, line 4, [search trials] sql: is not a known key; allowed are customer",
        ),
        (
            "[search]\ntrials = 3.5",
            "recipe.toml, line 2, [search] trials: 3.5 is not a whole number",
        ),
        (
            '[split]\nship = "newest"',
            "recipe.toml, line 2, [split] ship: 'newest' is not known; allowed are tested, refit",
        ),
        (
            "[search]\ntrials = 3\nminutes = 2",
            "recipe.toml, line 2, [search] trials: or minutes must be written, and only one of the two",
        ),
        (
            "grades = [10, 20, 30]",
            (
                "recipe.toml, line 1, grades: [10.0, 20.0, 30.0] must be the least scores for A, B and C, falling, "
                "such as [90, 70, 40]"
            ),
        ),
        (
            '[[features]]\nname = "a"\nexpresion = "b / c"',
            (
                "recipe.toml, line 3, [features #1] expresion: is not a known key here; allowed are aggregate, at_least, "
                "channel, direction, expression, family, half_life, kinds, meaning, monotone, name, unit, window; "
                "did you mean 'expression'?"
            ),
        ),
        ("[gate]\nmargin = -1", "recipe.toml, line 2, [gate] margin: -1 is out of bounds; it must be at least 0"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(text, message):
    with pytest.raises(CallError, match=f"^{re.escape(message)}"):
        recipe.parse(text, "recipe.toml")


def test_a_recipe_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "none.toml"
    with pytest.raises(CallError, match=rf"^{re.escape(str(path))}: cannot be read \(No such file or directory\)"):
        recipe.read(path)
