"""A rulebook is read in full, and every mistake in it is named with its line and its remedy."""

import pytest

from histories.contract import Direction
from histories.errors import CallError
from scoring import rulebook
from scoring.rules import (
    AttributeCondition,
    EngagementRule,
    FitRule,
    Grades,
    InteractionCondition,
    Qualification,
    StageRule,
)

FULL = """name = "full"

[[engagement]]
rule = "Looked at prices"
kinds = ["session:pricing_*"]
channel = "web"
direction = "inbound"
at_least = 30
points = 10
limit = 30
half_life_days = 30

[[engagement]]
rule = "Unsubscribed"
family = "negative"
points = -12.5
expires_days = 90

[[fit]]
rule = "Mid-size"
attribute = "employees"
between = [200, 2000]
points = 15

[[fit]]
rule = "Nobody knows the industry"
attribute = "industry"
missing = true
points = -5

[qualification]
budget = { attribute = "budget", at_least = 10000 }
authority = { attribute = "seniority", in = ["vp", "c_level"] }
need = { family = "intent" }
timeline = { kinds = ["demo_request"] }
points_each = 5

[limits]
engagement = 100
fit = 50

[stages]
mql = { points = 40 }
sql = { points = 70, two_way = true }

[grades]
fit = [40, 25, 10]
engagement = [60, 30, 10]

[follow_up]
mql_hours = 72
sql_hours = 24
"""


def test_every_key_of_the_file_arrives_in_the_rulebook():
    book = rulebook.parse(FULL, "rulebook.toml")
    prices = InteractionCondition(("session:pricing_*",), None, "web", Direction.INBOUND, 30.0)
    assert book.engagement == (
        EngagementRule("Looked at prices", prices, 1000, 3000, half_life_days=30.0),
        EngagementRule("Unsubscribed", InteractionCondition(family="negative"), -1250, None, expires_days=90.0),
    )
    assert book.fit == (
        FitRule("Mid-size", AttributeCondition("employees", (), 200.0, 2000.0), 1500),
        FitRule("Nobody knows the industry", AttributeCondition("industry", missing=True), -500),
    )
    assert book.qualification == Qualification(
        500,
        budget=AttributeCondition("budget", at_least=10000.0),
        authority=AttributeCondition("seniority", ("vp", "c_level")),
        need=InteractionCondition(family="intent"),
        timeline=InteractionCondition(("demo_request",)),
    )
    assert (book.engagement_limit, book.fit_limit) == (10000, 5000)
    assert (book.mql, book.sql) == (StageRule(4000), StageRule(7000, two_way=True))
    assert book.grades == Grades((4000, 2500, 1000), (6000, 3000, 1000))
    assert (book.mql_hours, book.sql_hours) == (72.0, 24.0)
    assert book.source == FULL


def test_version_follows_the_rules_and_not_the_layout():
    book = rulebook.parse(FULL, "rulebook.toml")
    assert rulebook.parse("# a comment\n" + FULL.replace(" = ", "="), "other.toml").version == book.version
    assert rulebook.parse(FULL, "a") == rulebook.parse("# a comment\n" + FULL, "b")
    assert len(book.version) == 12


@pytest.mark.parametrize("line", [line for line in FULL.splitlines() if "=" in line and "name" not in line])
def test_version_moves_with_every_key(line: str):
    changes = [("true", "false"), ("5", "6"), ("0", "1"), ('"in', '"out'), ('"', '"x'), ("2", "3")]
    old, new = next((old, new) for old, new in changes if old in line)
    changed = line.replace(old, new, 1).replace('"outbound"', '"outbound"')
    text = FULL.replace(line + "\n", changed + "\n", 1)
    assert rulebook.parse(text, "a").version != rulebook.parse(FULL, "a").version


def test_a_bare_rulebook_has_a_name_and_nothing_else():
    assert rulebook.parse('name = "bare"', "rulebook.toml") == rulebook.Rulebook("bare")


MISTAKES = {
    ("points = 10\n", ""): "line 3, [engagement #1] points: is missing; write the points, such as 10 or -5",
    ("points = 10\n", "points = 0\n"): "line 9, [engagement #1] points: 0 does nothing; write points above or below "
    "0, or leave the rule out",
    ("points = 10\n", "points = 0.125\n"): "line 9, [engagement #1] points: 0.125 is finer than a hundredth of a "
    "point; write at most two decimals",
    ("points = 10\n", "points = inf\n"): "line 9, [engagement #1] points: inf is out of bounds; it must be at least "
    "-1,000,000 and at most 1,000,000",
    ("limit = 30\n", "limt = 30\n"): "line 10, [engagement #1] limt: is not a known key; allowed are at_least, "
    "channel, direction, expires_days, family, half_life_days, kinds, limit, points, rule; did you mean 'limit'?",
    ("half_life_days = 30\n", "half_life_days = 30\nexpires_days = 9\n"): "line 12, [engagement #1] expires_days: "
    "stands beside half_life_days; points either halve or expire: leave one of them out",
    ("half_life_days = 30\n", "half_life_days = 0\n"): "line 11, [engagement #1] half_life_days: 0 days leave "
    "nothing; write days above 0",
    ('kinds = ["session:pricing_*"]\n', ""): "line 3, [engagement #1] kinds: is missing; write kinds = "
    '["pricing_*"] or family = "intent"; kinds = ["*"] takes all',
    ('family = "negative"\n', 'family = "negative"\nkinds = ["a"]\n'): "line 15, [engagement #2] family: stands "
    "beside kinds; interactions go by kinds or by a family: leave one of them out",
    ('"inbound"', '"inbund"'): "line 7, [engagement #1] direction: 'inbund' is not known; allowed are inbound, "
    "outbound; did you mean 'inbound'?",
    ('rule = "Unsubscribed"', 'rule = "Mid-size"'): "line 20, [fit #1] rule: 'Mid-size' is the name of another rule; "
    "reasons name rules, so each needs its own",
    ("between = [200, 2000]\n", "between = [2000, 200]\n"): "line 22, [fit #1] between: [2000.0, 200.0] is not a "
    "lower and an upper bound; write one like [200, 2000]",
    ("between = [200, 2000]\n", "at_least = 9\nat_most = 1\n"): "line 22, [fit #1] at_least: 9 is above at_most, 1: "
    "no value passes",
    ("missing = true\n", ""): "line 27, [fit #2] attribute: 'industry' needs exactly one test; write one of in, "
    "between, at_least, at_most, missing",
    ("missing = true\n", "missing = true\nat_least = 1\n"): "line 27, [fit #2] attribute: 'industry' needs exactly "
    "one test; write one of in, between, at_least, at_most, missing",
    ("missing = true\n", "in = [1e999]\n"): "line 28, [fit #2] in: [inf] is not a list of texts or of numbers; write "
    'one like ["vp", "c_level"]',
    ("missing = true\n", "in = []\n"): "line 28, [fit #2] in: [] is not a list of texts or of numbers; write one "
    'like ["vp", "c_level"]',
    ("points_each = 5\n", ""): "line 31, [qualification] points_each: is missing; write the points, such as 10 or -5",
    ("sql = { points = 70", "sql = { points = 30"): "line 44, [stages] sql: its points are below those of mql, 40; "
    "sql is the later stage",
    ("fit = [40, 25, 10]", "fit = [40, 25]"): "line 47, [grades] fit: [40.0, 25.0] are not three falling points; "
    "write them like [40, 25, 10]",
    ("fit = [40, 25, 10]", "fit = [10, 25, 40]"): "line 47, [grades] fit: [10.0, 25.0, 40.0] are not three falling "
    "points; write them like [40, 25, 10]",
    ("fit = [40, 25, 10]\n", ""): "line 46, [grades] fit: is missing; write three falling points, such as [40, 25, 10]",
    ("mql_hours = 72", "mql_hours = -1"): "line 51, [follow_up] mql_hours: -1 is out of bounds; it must be at least "
    "0 and at most 876,000",
    ("points = 10\n", "pionts = 10\n"): "line 9, [engagement #1] pionts: is not a known key; allowed are at_least, "
    "channel, direction, expires_days, family, half_life_days, kinds, limit, points, rule; did you mean 'points'?",
    ('attribute = "budget", at_least', 'attribute = "budget", atleast'): "line 32, [qualification budget] atleast: is "
    "not a known key; allowed are at_least, at_most, attribute, between, in, missing; did you mean 'at_least'?",
    ("two_way = true", "twoway = true"): "line 44, [stages sql] twoway: is not a known key; allowed are points, "
    "two_way; did you mean 'two_way'?",
    ("[follow_up]", "[followup]"): "line 50, followup: is not a known key; allowed are engagement, fit, follow_up, "
    "grades, limits, name, qualification, stages; did you mean 'follow_up'?",
    ('name = "full"', ""): 'name: is missing; name the rulebook, as name = "default"',
}


@pytest.mark.parametrize("change", MISTAKES)
def test_a_mistake_is_named_with_its_line_and_remedy(change: tuple[str, str]):
    assert change[0] in FULL
    with pytest.raises(CallError) as caught:
        rulebook.parse(FULL.replace(*change, 1), "rulebook.toml")
    assert str(caught.value) == f"rulebook.toml, {MISTAKES[change]}"


def test_a_file_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "rulebook.toml"
    with pytest.raises(CallError, match=r"rulebook.toml: cannot be read \(No such file or directory\)"):
        rulebook.read(path)
    path.write_text(FULL, encoding="utf-8")
    assert rulebook.read(path) == rulebook.parse(FULL, "rulebook.toml")


def test_tests_of_attributes():
    between = AttributeCondition("employees", at_least=200.0, at_most=2000.0)
    assert [between.holds(value) for value in (199.9, 200.0, 2000, 2000.1, "500", None)] == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]
    among = AttributeCondition("seniority", ("vp", "c_level"))
    assert [among.holds(value) for value in ("vp", "VP", None, 1.0)] == [True, False, False, False]
    missing, known = AttributeCondition("a", missing=True), AttributeCondition("a", missing=False)
    assert [missing.holds(value) for value in (None, "", 0.0)] == [True, False, False]
    assert [known.holds(value) for value in (None, "", 0.0)] == [False, True, True]


@pytest.mark.parametrize(
    "value",
    ["1", "-1", "nan", "inf", "1e308", '""', '"x"', "true", "[]", "[1]", '["a", 1]', "{}", "{ a = 1 }", "1979-05-27"],
)
def test_a_value_of_any_type_under_any_key_is_read_or_refused_in_one_message(value: str):
    lines, refused = FULL.splitlines(), []
    for number, line in enumerate(lines):
        key, equals, _ = line.partition(" = ")
        if equals:
            changed = "\n".join([*lines[:number], f"{key} = {value}", *lines[number + 1 :]])
            try:
                rulebook.parse(changed, "rulebook.toml")
            except CallError as error:
                refused.append(str(error))
    assert refused
    assert [message for message in refused if not message.startswith("rulebook.toml") or "\n" in message] == []
