"""Reasons: what is summed, which feature speaks, and in which words."""

import math
from dataclasses import replace

import numpy as np
import pytest
from test_scoring_ledger import visits

from features.catalogue import AttributeSpec, Catalogue, with_own
from features.own import features as own
from histories import toml_file
from histories.clock import DAY, HOUR
from histories.contract import Attribute, AttributeType, Families, LeadHistory
from scoring import rule_reasons, rulebook
from scoring.answer import Reason, RuleReason
from scoring.ledger import ledger
from scoring.phrases import phrases
from scoring.reasons import Explainer

CATALOGUE = Catalogue(
    kinds=("session:pricing_page", "email_open", "W_Nabellen offertes-COMPLETE"),
    families=Families({"intent": ("session:pricing_page",), "two_way": ("reply",), "outbound": ("email_sent",)}),
    attributes=(
        AttributeSpec("industry", AttributeType.CATEGORY, ("software", "retail")),
        AttributeSpec("company_size", AttributeType.NUMBER),
    ),
    timezone="UTC",
    valued=("kind:session:pricing_page",),
)
PLACES = {name: place for place, name in enumerate(CATALOGUE.names)}
PHRASES = phrases(CATALOGUE)


def row(**values: float) -> np.ndarray:
    """A feature row: all 0 but for the values; a name's dots are written as two underscores."""
    made = np.zeros(len(PLACES))
    for name, value in values.items():
        made[PLACES[name.replace("__", ".")]] = value
    return made


def reasons(explainer: Explainer, made: np.ndarray, values: np.ndarray, points: int, most: int) -> tuple[Reason, ...]:
    (found,) = explainer.reasons(made[None].copy(), values[None].copy(), np.array([points]), most)
    return found


def contributions(**values: float) -> np.ndarray:
    return np.append(row(**values), [0.0, -3.0])


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("session.pricing_page_count_7d", 3, "3 pricing page visits in 7 days"),
        ("session.pricing_page_count_1d", 1, "1 pricing page visit in 1 day"),
        ("session.pricing_page_count_all", 0, "No pricing page visit so far"),
        ("W_Nabellen_offertes_COMPLETE_count_7d", 2, "2 x W_Nabellen offertes-COMPLETE in 7 days"),
        ("session.pricing_page_sum_30d", 341.5, "Values of pricing page visits in 30 days, 341.5 in all,"),
        ("email_open_age_days", 3.7, "The latest email open, 3 days ago,"),
        ("email_open_age_days", math.nan, "No email open so far"),
        ("email_open_since_first_days", 0.5, "The first email open, 12 hours ago,"),
        ("intent_count_30d", 2, "2 intent interactions in 30 days"),
        ("two_way_count_30d", 1, "1 two-way interaction in 30 days"),
        ("replies_count_14d", 2, "2 replies in 14 days"),
        ("inbound_count_90d", 4, "4 inbound interactions in 90 days"),
        ("other_count_3d", 4, "4 other interactions in 3 days"),
        ("outbound_unanswered_count", 4, "No reply to the last 4 outbound interactions"),
        ("outbound_unanswered_count", 1, "No reply to the last outbound interaction"),
        ("outbound_unanswered_count", 0, "No outbound interaction without a reply"),
        ("active_days_30d", 2, "2 active days in 30 days"),
        ("sessions_count_7d", 1, "1 session in 7 days"),
        ("kinds_distinct_all", 3, "3 distinct kinds so far"),
        ("latest_kind_1", 1, "The latest interaction (email open)"),
        ("latest_kind_2", 3, "The second latest interaction (another kind)"),
        ("latest_kind_3", math.nan, "No third latest interaction so far"),
        ("latest_hour", 14, "The latest interaction, between 14:00 and 15:00,"),
        ("latest_weekday", 1, "The latest interaction, on a Tuesday,"),
        ("lead_age_days", 12.9, "The lead's age of 12 days"),
        ("mql_reached", 1, "Stage mql reached"),
        ("mql_reached", 0, "Stage mql not reached"),
        ("sql_age_days", 2.5, "Stage sql, reached 2 days ago,"),
        ("sql_age_days", math.nan, "Stage sql not reached"),
        ("attribute.industry", 0, "Industry is software"),
        ("attribute.industry", 2, "Industry is one of the rare ones"),
        ("attribute.industry", math.nan, "Industry is not known"),
        ("attribute.company_size", 1250, "Company size is 1,250"),
        ("gap_current_ratio", 2.25, "A silence of 2.25 times the usual length"),
        ("answer_mean_hours", 3.0, "A mean wait of 3 hours for an answer"),
        ("account_others_count_7d", 2, "2 interactions by others of the account in 7 days"),
        (
            "account_others_count_7d",
            math.nan,
            "Whether there was any interaction by others of the account in 7 days is not known",
        ),
        ("account_others_two_way_count_7d", 2, "2 two-way contacts with others of the account in 7 days"),
    ],
)
def test_a_feature_says_its_number_in_words(name: str, value: float, text: str):
    made = np.zeros(len(PLACES))
    made[PLACES[name]] = value
    assert PHRASES[PLACES[name]](made) == text


@pytest.mark.parametrize(
    ("declared", "value", "text"),
    [
        (
            'aggregate = "count"\nwindow = "30d"\nkinds = ["session:*"]\nat_least = 600',
            2,
            "2 visits with a value of at least 600 in 30 days",
        ),
        ('aggregate = "count"\nwindow = "all"\nkinds = ["demo_*"]', 0, "No demo interaction so far"),
        ('aggregate = "count"\nwindow = "1d"\nkinds = ["*"]\nchannel = "phone"', 1, "1 interaction by phone in 1 day"),
        (
            'aggregate = "count"\nwindow = "7d"\nkinds = ["session:*", "demo_request"]',
            3,
            "3 interactions (visit or demo request) in 7 days",
        ),
        (
            'aggregate = "sum"\nwindow = "30d"\nkinds = ["session:pricing_page"]',
            341.5,
            "Values of pricing page visits in 30 days, 341.5 in all,",
        ),
        (
            'aggregate = "decayed"\nhalf_life = "7d"\nfamily = "two_way"\ndirection = "inbound"',
            1.25,
            "Inbound two-way interactions, each worth half after 7 days (1.25)",
        ),
        ('aggregate = "age"\nkinds = ["reply"]', 3.5, "The latest reply, 3 days ago,"),
        ('aggregate = "age"\nkinds = ["reply"]', math.nan, "No reply so far"),
        (
            'aggregate = "since_first"\nkinds = ["*"]\nchannel = "web"',
            0.5,
            "The first interaction by web, 12 hours ago,",
        ),
        (
            'aggregate = "count"\nwindow = "30d"\nkinds = ["x"]\nmeaning = "Long visits in 30 days."',
            2,
            "Long visits in 30 days (2)",
        ),
        ('expression = "intent_count_30d / interactions_count_30d"', 0.25, "Pricing share in 30 days (0.25)"),
        ('expression = "intent_count_30d / interactions_count_30d"', math.nan, "Pricing share in 30 days (not known)"),
        (
            'expression = "intent_count_30d / interactions_count_30d"\nmeaning = "share of visits to prices"\nunit = "share"',
            0.25,
            "Share of visits to prices (25%)",
        ),
        ('expression = "lead_age_days"\nunit = "days"\nmeaning = "Age"', 2.5, "Age (2 days)"),
        ('expression = "lead_age_days"\nunit = "EUR"\nmeaning = "Spent"', 1234.5, "Spent (1,234.5 EUR)"),
    ],
)
def test_an_own_feature_says_its_number_in_words(declared: str, value: float, text: str):
    table = toml_file.parse(f'[[features]]\nname = "pricing_share_30d"\n{declared}', "recipe.toml")
    made = with_own(CATALOGUE, own.read(table.tables("features")))
    assert phrases(made)[-1](np.append(row(), value)) == text


def test_own_features_over_one_predicate_are_one_reason():
    text = "".join(
        f'[[features]]\nname = "calls_{span}"\naggregate = "count"\nwindow = "{span}"\nkinds = ["call"]\n'
        for span in ("7d", "30d")
    )
    made = with_own(CATALOGUE, own.read(toml_file.parse(text, "recipe.toml").tables("features")))
    values = np.concatenate([row(), [1, 3]])
    found = reasons(Explainer(made), values, np.concatenate([row(), [0.25, 0.5, 0.0, -3.0]]), 0, 3)
    assert [(one.code, one.text, one.effect) for one in found] == [
        ("own:calls_7d", "3 calls in 30 days raised it", 0.75)
    ]


def test_decayed_counts_and_trends_speak_in_plain_counts():
    made = row(email_open_count_14d=2, email_open_count_all=5, intent_count_7d=1, intent_count_30d=4)
    assert PHRASES[PLACES["email_open_decayed_7d"]](made) == "2 email opens in 14 days"
    assert PHRASES[PLACES["email_open_decayed_3d"]](made) == "5 email opens so far"
    assert PHRASES[PLACES["intent_trend_7d_30d"]](made) == "1 intent interaction in 7 days, 4 in 30 days"


@pytest.mark.parametrize("value", [math.nan, 0.0, 1.0, 2.5, 1e9])
def test_every_feature_has_words_for_every_value(value: float):
    never_missing = np.array(["missing" not in feature.absence for feature in CATALOGUE.features])
    made = np.where(never_missing & np.isnan(value), 0.0, value)
    for feature, phrase in zip(CATALOGUE.features, PHRASES, strict=True):
        if feature.categorical and value > 3:
            continue
        text = phrase(made)
        assert feature.meaning.rstrip(".") not in text, feature.name
        assert text[0].isupper() or text[0].isdigit() or text.startswith("W_"), feature.name
        assert "nan" not in text, feature.name


def test_effects_are_summed_over_what_says_the_same_and_the_strongest_speaks():
    explainer = Explainer(CATALOGUE)
    made = row(email_open_count_7d=3, email_open_count_30d=5)
    values = contributions(
        email_open_count_7d=0.5, email_open_count_30d=0.25, email_open_age_days=-0.3, lead_age_days=-0.25
    )
    found = reasons(explainer, made, values, 0, 10)
    assert [(one.code, one.text, one.effect) for one in found] == [
        ("kind:email_open", "3 email opens in 7 days raised it", pytest.approx(0.45)),
        ("lead_age", "The lead's age of 0 minutes lowered it", -0.25),
    ]


def test_reasons_are_ordered_by_strength_then_code_and_cut():
    explainer = Explainer(CATALOGUE)
    values = contributions(lead_age_days=-0.5, mql_reached=0.5, attribute__industry=0.5, email_open_count_7d=1.0)
    codes = [one.code for one in reasons(explainer, row(), values, 0, 10)]
    assert codes == ["kind:email_open", "attribute:industry", "lead_age", "stage:mql"]
    assert [one.code for one in reasons(explainer, row(), values, 0, 2)] == codes[:2]
    assert reasons(explainer, row(), values, 0, 0) == ()


def test_points_that_a_model_goes_by_are_one_reason():
    values = contributions()
    values[-2] = 0.75
    (reason,) = reasons(Explainer(CATALOGUE), row(), values, 4550, 3)
    assert (reason.code, reason.text) == ("points", "The rulebook's 45.5 points raised it")


def test_effects_with_the_bias_are_the_log_odds():
    explainer = Explainer(CATALOGUE)
    values = np.random.default_rng(1).normal(size=len(PLACES) + 2)
    found = reasons(explainer, row(), values, 0, len(explainer.codes))
    assert sum(one.effect for one in found) + values[-1] == pytest.approx(values.sum(), abs=1e-9)
    assert len(explainer.codes) == len(set(explainer.codes))
    assert {feature.signal for feature in CATALOGUE.features} | {"points"} == set(explainer.codes)


RULES = """name = "test"
[[engagement]]
rule = "Looked at prices"
kinds = ["pricing"]
points = 10
limit = 30
half_life_days = 10
[[engagement]]
rule = "Bounced"
kinds = ["bounce"]
points = -5
limit = 8
[[fit]]
rule = "Mid-size company"
attribute = "size"
at_least = 200
points = 15
[qualification]
need = { kinds = ["pricing"] }
points_each = 5
"""


def test_rule_reasons_say_what_each_rule_gives_and_from_what():
    history = LeadHistory(
        "L", 0, attributes=(Attribute("size", 300.0),), interactions=visits(1, 11) + visits(20.5, 20.5, kind="bounce")
    )
    book = rulebook.parse(RULES, "r")
    made = ledger(book, Families({}), history, 21 * DAY)
    assert rule_reasons.of(book, made, 10) == (
        RuleReason("rule:Mid-size company", "Mid-size company: 15 points", 15.0),
        RuleReason("rule:Bounced", "Bounced: -8 points of -8 from 2 interactions, latest 12 hours ago", -8.0),
        RuleReason(
            "rule:Looked at prices", "Looked at prices: 7.5 points of 30 from 2 interactions, latest 10 days ago", 7.5
        ),
        RuleReason("rule:Need is known", "Need is known: 5 points", 5.0),
    )
    assert sum(one.effect for one in rule_reasons.of(book, made, 10)) == made.total / 100
    assert len(rule_reasons.of(book, made, 2)) == 2


def test_what_the_floor_gives_back_is_said():
    history = LeadHistory("L", 0, interactions=visits(1, kind="bounce"))
    book = rulebook.parse(RULES, "r")
    found = rule_reasons.of(book, ledger(book, Families({}), history, DAY + HOUR), 10)
    assert found == (
        RuleReason("rule:Bounced", "Bounced: -5 points of -8 from 1 interaction, latest 1 hour ago", -5.0),
        RuleReason("rule:Points never go below 0", "Points never go below 0: 5 points", 5.0),
    )


def test_rules_that_gave_nothing_are_no_reasons():
    book = rulebook.parse(RULES, "r")
    empty = ledger(book, Families({}), LeadHistory("L", 0), DAY)
    assert rule_reasons.of(book, empty, 10) == ()
    assert replace(empty, entries=()) == empty
