"""Drafts: what is learnt from deals, what is left alone, and that nothing of the test is looked at."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from histories.contract import Families, Histories, Target
from histories.errors import DataError
from scoring import firings, rulebook
from scoring.calibration import sigmoid
from scoring.rulebook import Rulebook
from scoring.rulebook_text import written
from scoring.rules import StageRule
from training.backtest import Deals, backtest
from training.half_lives import Problem, belief_weight
from training.snapshots import draw
from training.split import split
from training.suggest import Suggestion, suggest, tidy, with_factors

# Quotes are what matters in this company; mails are not.
HABIT = """
name = "habit"
[[engagement]]
rule = "Opened a mail"
kinds = ["open"]
points = 10
limit = 30
[[engagement]]
rule = "Asked for a quote"
kinds = ["quote"]
points = 2
limit = 8
[[engagement]]
rule = "Came by"
kinds = ["visit"]
points = 2.25
[[fit]]
rule = "From a fair"
attribute = "source"
in = ["fair"]
points = 5
[stages]
mql = { points = 20 }
sql = { points = 30 }
"""


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return rulebook.parse(HABIT, "h.toml")


@pytest.fixture(scope="module")
def found(closed: Deals, book: Rulebook) -> Suggestion:
    return suggest(closed, book)


def test_points_go_to_what_matters(found: Suggestion) -> None:
    points = {rule.name: rule.points for rule in found.draft.engagement}
    assert points["Asked for a quote"] >= 400
    assert points.get("Opened a mail", 0) <= 300
    assert points["Asked for a quote"] > 3 * points.get("Opened a mail", 0)


def test_a_rule_that_too_few_leads_have_keeps_its_points_to_the_hundredth(found: Suggestion, book: Rulebook) -> None:
    assert book.engagement[2] in found.draft.engagement
    assert found.comments["Came by"] == ("As it was, too few to tell. 0 leads had it, 0 of them became customers.",)
    assert found.kept == 1


def test_the_draft_is_better_where_neither_has_been_looked_at(found: Suggestion, closed: Deals, book: Rulebook) -> None:
    auc = backtest(closed, found.draft, book, draws=200).whole[0]
    assert auc.apart.low > 0.05


def test_the_draft_is_read_back_from_its_text_which_says_what_it_rests_on(found: Suggestion) -> None:
    text = written(found.draft, found.heading, found.comments)
    assert rulebook.parse(text, "d.toml") == found.draft
    assert text.startswith("# Suggested by closed deals: ")
    assert f"leads, {found.converted} of them became customers\n# within 30 days, all of it known before 20" in text


def test_about_as_many_leads_reach_mql_as_before(found: Suggestion, closed: Deals, book: Rulebook) -> None:
    (weekly,) = [one for one in backtest(closed, found.draft, book, draws=20).whole if one.name.endswith("reach mql")]
    assert weekly.new.value == pytest.approx(weekly.old.value, rel=0.5)


@pytest.mark.parametrize("two_way", [False, True])
def test_the_heading_says_how_many_snapshots_meet_each_stage_and_did(
    two_way: bool, closed: Deals, book: Rulebook
) -> None:
    """Counted anew with the draft's own firings, which know nothing of the rules that were taken out."""
    histories = replace(closed.histories, families=Families({"two_way": ("quote",)}))
    asked = replace(book, sql=StageRule(3000, two_way=two_way))
    made = suggest(replace(closed, histories=histories), asked)
    drawn = closed.drawn[Target.CUSTOMER]
    table = drawn.table.take(split(drawn, closed.border, closed.kept_share).mature)
    shares = dict[str, list[str]]()
    for one in (made.draft, asked):
        found = firings.collect(one, histories, table)
        totals = firings.totals(one, firings.given(found, one))
        for name, stage in (("mql", one.mql), ("sql", one.sql)):
            met = (totals >= stage.points) & (found.two_way | (not stage.two_way))
            shares.setdefault(name, []).append(f"{met.mean():.1%}")
    (mql, mql_before), (sql, sql_before) = shares["mql"], shares["sql"]
    said = f"{mql} have what mql asks for (before {mql_before}), {sql} have what sql asks for (before {sql_before})."
    assert made.heading[2].endswith(f" Of the snapshots learnt from {said}")


def test_nothing_from_the_border_on_is_looked_at(closed: Deals, book: Rulebook, found: Suggestion) -> None:
    """With every outcome after the border taken away the draft is the same: training knew none of them."""
    outcomes = closed.histories.outcomes
    early = outcomes.filter(np.asarray(outcomes["reached_at"].to_numpy()) < closed.border)
    blind = replace(closed.histories, outcomes=early)
    drawn = deals_without_test(closed, blind)
    assert suggest(drawn, book).draft == found.draft


def deals_without_test(closed: Deals, histories: Histories) -> Deals:
    """The same deals of another export, with the border as it was."""
    drawn = {target: draw(histories, target, one.horizon_days, one.ages) for target, one in closed.drawn.items()}
    return replace(closed, histories=histories, drawn=drawn)


def test_the_same_deals_give_the_same_draft(closed: Deals, book: Rulebook, found: Suggestion) -> None:
    assert suggest(closed, book) == found


def test_too_few_deals_make_no_draft(closed: Deals, book: Rulebook) -> None:
    early = replace(closed, border=int(closed.drawn[next(iter(closed.drawn))].cutoff[400]))
    with pytest.raises(
        DataError, match=r"^too few deals for a draft: \d+ leads that reached customer and \d+ leads that"
    ):
        suggest(early, book)


def test_factors_move_free_rules_alone_and_points_are_tidy(book: Rulebook) -> None:
    moved = with_factors(book, np.array([0.26, 3.1, 9.0, 0.02]), np.array([True, True, False, True]))
    assert [(rule.name, rule.points, rule.limit) for rule in moved.engagement] == [
        ("Opened a mail", 250, 800),
        ("Asked for a quote", 600, 2500),
        ("Came by", 225, None),
    ]
    assert moved.fit == ()
    assert (moved.engagement_limit, moved.fit_limit) == (None, None)
    limited = replace(book, engagement_limit=4000, fit_limit=500)
    moved = with_factors(limited, np.array([2.0, 2.0, 2.0, 5.0]), np.ones(4, bool))
    assert (moved.engagement_limit, moved.fit_limit) == (8000, 2500)
    assert [tidy(one) for one in (24, 26, 137, 712, -260)] == [0, 50, 150, 700, -250]


def test_a_belief_counts_for_more_where_the_data_are_noise() -> None:
    random = np.random.default_rng(1)
    columns = random.exponential(1.0, size=(600, 6))
    noise = random.random(600) < 0.1
    signal = random.random(600) < sigmoid(columns @ np.array([2.0, 0, 2.0, 0, 0, 0]) - 4)
    windows = [(np.arange(300), np.arange(300, 450)), (np.arange(450), np.arange(450, 600))]

    def weight(labels: NDArray[np.bool_]) -> float:
        problem = Problem(columns, labels.astype(np.int8), np.arange(600), np.ones(6, bool), 0.0)
        return belief_weight(problem, windows)

    assert weight(noise) > weight(signal)
