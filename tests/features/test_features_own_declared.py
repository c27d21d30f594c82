"""What a recipe may declare as an own feature, and what it is told where it may not."""

import re

import pytest
from feature_declared import beside, read
from feature_histories import CATALOGUE

from features.catalogue import of_census, with_own
from features.census import Census
from features.own.expression import Expression
from features.own.features import Aggregate, Aggregation, OwnFeature
from features.own.predicate import Predicate
from histories.contract import Direction
from histories.errors import CallError


def test_every_key_of_an_aggregate_comes_out_as_written() -> None:
    (found,) = read(
        '[[features]]\nname = "calls"\naggregate = "decayed"\nhalf_life = "7d"\nfamily = "two_way"\nchannel = "phone"\n'
        'direction = "inbound"\nat_least = 60\nunit = "calls"\nmeaning = "Long\\ncalls"\nmonotone = 1'
    )
    predicate = Predicate((), "two_way", "phone", Direction.INBOUND, 60.0)
    assert found == OwnFeature(
        "calls", Aggregate(Aggregation.DECAYED, predicate, "7d"), "calls", "Long calls", monotone=1
    )
    (column,) = with_own(CATALOGUE, (found,)).blocks["own"]
    assert (column.unit, column.meaning, column.absence, column.monotone) == ("calls", "Long calls.", "0", 1)


@pytest.mark.parametrize(
    ("written", "meaning", "unit", "absence"),
    [
        (
            'aggregate = "count"\nwindow = "30d"\nkinds = ["session:*", "x"]\nat_least = 600',
            (
                "How many interactions of kind 'session:*' or 'x' with a value of at least 600 happened in the 30 days "
                "before the cutoff."
            ),
            "count",
            "0",
        ),
        (
            'aggregate = "sum"\nwindow = "all"\nfamily = "intent"\ndirection = "inbound"',
            "Sum of the values of inbound interactions of family intent before the cutoff.",
            "the values' own",
            "0",
        ),
        (
            'aggregate = "age"\nkinds = ["*"]\nchannel = "phone"',
            "Time since the latest of interactions of kind '*' on channel 'phone'.",
            "days",
            "missing",
        ),
        (
            'expression = "mail_count_7d + 2*mail_count_1d - 3"',
            "Computed as mail_count_7d + 2*mail_count_1d - 3.",
            "number",
            "-3",
        ),
        (
            'expression = "mail_count_7d / mail_count_30d"',
            "Computed as mail_count_7d / mail_count_30d.",
            "number",
            "missing",
        ),
        ('expression = "attribute.size + 1"', "Computed as attribute.size + 1.", "number", "missing"),
        (
            'expression = "mail_count_7d / lead_age_days"',
            "Computed as mail_count_7d / lead_age_days.",
            "number",
            "depends on lead_age_days",
        ),
        (
            'expression = "account_others_count_7d + intent_trend_7d_30d"',
            "Computed as account_others_count_7d + intent_trend_7d_30d.",
            "number",
            "1; missing without an account",
        ),
    ],
)
def test_unit_meaning_and_absence_are_made_where_they_are_not_written(
    written: str, meaning: str, unit: str, absence: str
) -> None:
    (column,) = beside(f'[[features]]\nname = "x"\n{written}').blocks["own"]
    assert (column.meaning, column.unit, column.absence) == (meaning, unit, absence)


def test_a_very_small_number_where_nothing_was_seen_is_read_as_one() -> None:
    made = beside(
        '[[features]]\nname = "x"\nexpression = "mail_count_7d + 0.00001"\n'
        '[[features]]\nname = "y"\nexpression = "x * 2"'
    )
    assert [one.absence for one in made.blocks["own"]] == ["1e-05", "2e-05"]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", 'line 1, [features #1] name: is missing; name the feature, as name = "long_visits_30d"'),
        (
            'name = "Long visits"',
            (
                "line 2, [features #1] name: 'Long visits' is no name for a column; write lower-case letters, digits and "
                "_, 80 at most"
            ),
        ),
        ('name = "cutoff"', "line 2, [features #1] name: 'cutoff' means something else already; choose another name"),
        (
            'name = "x"',
            (
                "line 1, [features #1] aggregate: is missing; write aggregate = one of count, sum, decayed, age, "
                "since_first, or an expression"
            ),
        ),
        (
            'name = "x"\naggregate = "count"\nexpression = "a"',
            (
                "line 4, [features #1] expression: stands beside aggregate; a feature is one of the two: leave one of "
                "them out"
            ),
        ),
        (
            'name = "x"\naggregate = "counts"\nkinds = ["*"]',
            (
                "line 3, [features #1] aggregate: 'counts' is not known; allowed are count, sum, decayed, age, "
                "since_first; did you mean 'count'?"
            ),
        ),
        (
            'name = "x"\naggregate = "count"\nkinds = ["*"]\nwindow = "31d"',
            (
                "line 5, [features #1] window: '31d' is not known; allowed are 1d, 3d, 7d, 14d, 30d, 90d, all; did you "
                "mean '3d'?"
            ),
        ),
        (
            'name = "x"\naggregate = "sum"\nkinds = ["*"]',
            "line 1, [features #1] window: is missing; write one of 1d, 3d, 7d, 14d, 30d, 90d, all",
        ),
        (
            'name = "x"\naggregate = "decayed"\nkinds = ["*"]\nwindow = "7d"',
            (
                "line 5, [features #1] window: is not a known key here; allowed are aggregate, at_least, channel, "
                "direction, family, half_life, kinds, meaning, monotone, name, unit"
            ),
        ),
        (
            'name = "x"\naggregate = "age"\nkinds = ["*"]\nat_lest = 3',
            (
                "line 5, [features #1] at_lest: is not a known key here; allowed are aggregate, at_least, channel, "
                "direction, family, kinds, meaning, monotone, name, unit; did you mean 'at_least'?"
            ),
        ),
        (
            'name = "x"\nexpression = "a"\nkinds = ["*"]',
            (
                "line 4, [features #1] kinds: is not a known key here; allowed are expression, meaning, monotone, name, "
                "unit"
            ),
        ),
        (
            'name = "x"\naggregate = "age"',
            (
                'line 1, [features #1] kinds: is missing; write kinds = ["pricing_*"] or family = "intent"; '
                'kinds = ["*"] takes all'
            ),
        ),
        (
            'name = "x"\naggregate = "age"\nkinds = ["*"]\nfamily = "intent"',
            (
                "line 5, [features #1] family: stands beside kinds; interactions go by kinds or by a family: leave one "
                "of them out"
            ),
        ),
        (
            'name = "x"\naggregate = "age"\nkinds = ["*"]\ndirection = "incoming"',
            "line 5, [features #1] direction: 'incoming' is not known; allowed are inbound, outbound",
        ),
        (
            'name = "x"\naggregate = "age"\nkinds = ["*"]\nat_least = "much"',
            "line 5, [features #1] at_least: 'much' is not a number",
        ),
        ('name = "x"\nexpression = ""', "line 3, [features #1] expression: '' is not a text; write one in quotes"),
        ('name = "x"\nexpression = 5', "line 3, [features #1] expression: 5 is not a text; write one in quotes"),
        (
            'name = "x"\nexpression = "a"\nmonotone = 2',
            "line 4, [features #1] monotone: 2 is out of bounds; it must be at least -1 and at most 1",
        ),
        (
            'name = "x"\nexpression = "a"\n[[features]]\nname = "x"\nexpression = "a"',
            "line 5, [features #2] name: 'x' is the name of another feature above; give each its own",
        ),
    ],
)
def test_a_mistake_in_a_block_is_named_with_its_place_and_remedy(written: str, message: str) -> None:
    with pytest.raises(CallError, match=f"^{re.escape(f'recipe.toml, {message}')}$"):
        read(f"[[features]]\n{written}")


ALLOWED = "allowed are names of columns, numbers, + - * / ( ) and min, max, log1p"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a +", f"'a +': the text ends at character 4, where a column, a number or '(' should; {ALLOWED}"),
        ("a b", f"'a b': 'b' stands at character 3, where an operator should; {ALLOWED}"),
        ("(a", f"'(a': the text ends at character 3, where ')' should; {ALLOWED}"),
        ("a)", f"'a)': ')' stands at character 2, where an operator should; {ALLOWED}"),
        ("a ** 2", f"'a ** 2': '*' stands at character 4, where a column, a number or '(' should; {ALLOWED}"),
        ("a if b else c", f"'a if b else c': 'if' stands at character 3, where an operator should; {ALLOWED}"),
        ("a; b", f"'a; b': ';' at character 2 is no arithmetic; {ALLOWED}"),
        ("'a'", f'"\'a\'": "\'" at character 1 is no arithmetic; {ALLOWED}'),
        ("größe", f"'größe': 'ö' at character 3 is no arithmetic; {ALLOWED}"),
        ("2nd", f"'2nd': 'nd' stands at character 2, where an operator should; {ALLOWED}"),
        ("a, b", f"'a, b': ',' stands at character 2, where an operator should; {ALLOWED}"),
        ("1 + 2", f"'1 + 2' names no column; {ALLOWED}"),
        ("a * 1e999", "'a * 1e999': 1e999 is too large a number; write one below 1e308"),
        ("sqrt(a)", "'sqrt(a)': 'sqrt' is no function; allowed are min, max, log1p"),
        ("log(a)", "'log(a)': 'log' is no function; allowed are min, max, log1p; did you mean 'log1p'?"),
        ("log1p(a, b)", "'log1p(a, b)': log1p takes one value in its parentheses, 2 stand there"),
        ("min(a)", "'min(a)': min takes two values or more in its parentheses, 1 stand there"),
        ("(" * 21 + "a" + ")" * 21, "is nested more than 20 deep; declare parts of it as features of their own"),
        ("a" + " + a" * 300, "is 1,201 characters long; at most 1,000 are read: declare parts of it first"),
    ],
)
def test_what_is_no_arithmetic_is_refused_with_the_character_at_which_it_ends(text: str, problem: str) -> None:
    with pytest.raises(CallError, match=f"^{re.escape(f'recipe.toml, line 3, [features #1] expression: {problem}')}$"):
        read(f'[[features]]\nname = "x"\nexpression = "{text}"')


@pytest.mark.parametrize("text", ["a / 0", "a / (1 - 1)", "min(a, log1p(-1))", "a + 1 / 0", "a * (1e300 * 1e300)"])
def test_what_would_be_missing_for_every_lead_is_refused(text: str) -> None:
    problem = (
        f"{text!r} is missing for every lead: its numbers divide by 0, leave log1p nothing, or are too large together; "
        "change them"
    )
    with pytest.raises(CallError, match=f"^{re.escape(f'recipe.toml, line 3, [features #1] expression: {problem}')}$"):
        read(f'[[features]]\nname = "x"\nexpression = "{text}"')


@pytest.mark.parametrize("text", ["0 / a", "a / -1", "a / a", "1 / (a - a)", "log1p(-a)", "max(a, -1) / 2"])
def test_what_may_be_there_is_not_refused(text: str) -> None:
    (found,) = read(f'[[features]]\nname = "x"\nexpression = "{text}"')
    assert isinstance(found.formula, Expression)
    assert not found.formula.always_missing


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "mail_cuont_30d",
            (
                "'mail_cuont_30d' is no column of this export's catalogue; `lead-scoring features --describe` with its "
                "CRM.toml lists them; did you mean 'mail_count_30d'?"
            ),
        ),
        (
            "stop_count_30d",
            (
                "'stop_count_30d' is no column here: too few training leads have kind 'stop', so that it counts as "
                '`other`; count it by an aggregate with kinds = ["stop"], and name that feature in its place'
            ),
        ),
        (
            "mail_sum_30d",
            (
                "'mail_sum_30d' is no column here: no training lead has a value there, and sums are made where values "
                'occur; an aggregate = "sum" exists wherever it is declared'
            ),
        ),
        (
            "attribute.industry",
            "'attribute.industry' is a code of a category, not an amount; name a column of amounts",
        ),
        ("x", "'x' is declared here or further down; name features declared above this one"),
        ("y", "'y' is declared here or further down; name features declared above this one"),
    ],
)
def test_a_column_that_an_expression_cannot_have_is_named_with_what_to_do(text: str, problem: str) -> None:
    blocks = (
        f'[[features]]\nname = "x"\nexpression = "1 + {text}"\n[[features]]\nname = "y"\nexpression = "mail_count_1d"'
    )
    with pytest.raises(CallError, match=f"^{re.escape(f'recipe.toml, line 3, [features #1] expression: {problem}')}$"):
        beside(blocks)


def test_a_name_that_the_catalogue_has_is_taken() -> None:
    message = (
        "recipe.toml, line 2, [features #1] name: 'mail_count_1d' is the name of a column of the catalogue; "
        "choose another name"
    )
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        beside('[[features]]\nname = "mail_count_1d"\nexpression = "mail_count_3d"')


def test_a_family_that_is_not_declared_is_named_with_the_nearest() -> None:
    message = (
        "recipe.toml, line 4, [features #1] family: 'intend' is not declared in [families]; declared are intent, "
        "two_way, outbound, negative; did you mean 'intent'?"
    )
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        beside('[[features]]\nname = "x"\naggregate = "age"\nfamily = "intend"')


SEEN = Census({"mail": 9, "pricing": 3}, {"web": 9}, {}, frozenset({("pricing", None, "web")}))


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('aggregate = "age"\nkinds = ["mial", "pri*"]', None),
        (
            'aggregate = "age"\nkinds = ["call", "mial"]',
            "no interaction is of kind 'call' or 'mial'; did you mean 'mail'?",
        ),
        ('aggregate = "age"\nfamily = "two_way"', "no interaction is of family 'two_way'"),
        ('aggregate = "age"\nkinds = ["*"]\nchannel = "wep"', "no interaction has channel 'wep'; did you mean 'web'?"),
        ('aggregate = "age"\nkinds = ["mail"]\nat_least = 3', "no interaction that it takes has a value"),
        ('aggregate = "sum"\nwindow = "7d"\nkinds = ["mail"]', "no interaction that it takes has a value"),
        ('aggregate = "sum"\nwindow = "7d"\nkinds = ["*"]\nchannel = "web"', None),
        ('expression = "lead_age_days"', None),
    ],
)
def test_a_feature_that_takes_nothing_in_the_export_is_named(
    written: str, problem: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    of_census(
        SEEN,
        families=CATALOGUE.families,
        attribute_types={},
        timezone="UTC",
        own=read(f'[[features]]\nname = "x"\n{written}'),
    )
    wanted = [] if problem is None else [f"own feature 'x' takes nothing in this export: {problem}"]
    assert caplog.messages == wanted
