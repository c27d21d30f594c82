"""Each row of the tables of docs/scores.md: agreement, next action, follow-up."""

from dataclasses import replace

import pytest
from test_scoring_ledger import visits

from histories.assemble import assemble
from histories.clock import DAY, HOUR
from histories.contract import Families, Interaction, LeadHistory, Outcome, Stage
from scoring import action, judge, rulebook
from scoring.answer import Agreement, NextAction
from scoring.evidence import SlotSets, of_histories
from scoring.judge import OBJECTED
from scoring.matcher import Matcher
from scoring.moments import NEVER
from scoring.program import Ints, Rules
from scoring.rulebook import Rulebook
from scoring.standings import standings

FAMILIES = Families({"two_way": ("reply",), "negative": ("unsubscribe", "hard_Bounce", "complaint")})
RULES = """name = "test"
[[engagement]]
rule = "Looked at prices"
kinds = ["pricing"]
points = 10
[stages]
mql = { points = 20 }
sql = { points = 30 }
"""
AGREED = "[follow_up]\nmql_hours = 72\nsql_hours = 24\n"


@pytest.mark.parametrize(
    ("model_high", "rules_high", "expected"),
    [
        (True, True, Agreement.BOTH_HIGH),
        (True, False, Agreement.MODEL_ONLY),
        (False, True, Agreement.RULES_ONLY),
        (False, False, Agreement.BOTH_LOW),
        (None, True, None),
        (None, False, None),
    ],
)
def test_agreement_says_which_of_model_and_rules_is_high(
    model_high: bool | None, rules_high: bool, expected: Agreement | None
):
    assert action.agreement(model_high, rules_high) is expected


@pytest.mark.parametrize(
    ("stage", "objected", "model_high", "rules_high", "expected"),
    [
        *((stage, True, True, True, NextAction.SUPPRESS) for stage in Stage),
        (Stage.CUSTOMER, False, None, True, NextAction.NONE),
        (Stage.LOST, False, None, True, NextAction.NONE),
        (Stage.SQL, False, True, True, NextAction.ENGAGE),
        (Stage.SQL, False, False, False, NextAction.ENGAGE),
        (Stage.OPPORTUNITY, False, False, False, NextAction.ENGAGE),
        (Stage.LEAD, False, True, False, NextAction.HAND_TO_SALES),
        (Stage.LEAD, False, False, True, NextAction.HAND_TO_SALES),
        (Stage.MQL, False, True, True, NextAction.HAND_TO_SALES),
        (Stage.LEAD, False, None, True, NextAction.HAND_TO_SALES),
        (Stage.MQL, False, False, False, NextAction.NURTURE),
        (Stage.LEAD, False, False, False, NextAction.NURTURE),
        (Stage.LEAD, False, None, False, NextAction.NURTURE),
    ],
)
def test_the_next_action_is_the_first_that_applies(stage, objected, model_high, rules_high, expected):
    assert action.next_action(stage, objected, model_high, rules_high) is expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("unsubscribe", True), ("complaint", True), ("hard_Bounce", False), ("reply", False), ("unknown", False)],
)
def test_whoever_unsubscribes_or_complains_objects_and_a_bounce_does_not(kind: str, expected: bool):
    lead = LeadHistory("L", 0, interactions=(Interaction("1", DAY, kind),))
    book = rulebook.parse(RULES, "r")
    objected = [bool(judged(book, FAMILIES, lead, cutoff)[0, OBJECTED]) for cutoff in (DAY, DAY + 1)]
    assert objected == [False, expected]


def judged(book: Rulebook, families: Families, lead: LeadHistory, cutoff: int) -> Ints:
    rules = Rules(book)
    return judge.judged(rules.program, of_histories(rules, SlotSets(Matcher(book, families)), [lead]), cutoff)


def due(
    *days: float,
    outcomes: tuple[tuple[Stage, int], ...] = (),
    replies: tuple[float, ...] = (),
    do: NextAction = NextAction.NURTURE,
    agreed: str = AGREED,
) -> float | None:
    """When the follow-up of a lead that looked at prices on these days is due, in hours; it is day 20."""
    history = LeadHistory("L", 0, interactions=visits(*days) + visits(*replies, kind="reply"))
    book = rulebook.parse(RULES + agreed, "r")
    on_record = tuple(Outcome(stage, int(day * DAY)) for stage, day in outcomes)
    histories = assemble([replace(history, outcomes=on_record)], exported_at=20 * DAY, families=FAMILIES)
    (by,) = action.follow_up_by(book, standings(histories, 20 * DAY), judged(book, FAMILIES, history, 20 * DAY), [do])
    return None if by == NEVER else by / HOUR


def test_nothing_is_due_before_mql():
    assert due(1) is None


def test_mql_is_due_from_the_ledgers_crossing():
    assert due(1, 2) == 2 * 24 + 72


def test_sql_is_due_from_its_own_crossing():
    assert due(1, 2, 5) == 5 * 24 + 24


def test_the_record_goes_before_the_ledger():
    assert due(1, 2, outcomes=((Stage.MQL, 4),)) == 4 * 24 + 72
    assert due(1, 2, 5, outcomes=((Stage.SQL, 3),)) == 3 * 24 + 24
    assert due(outcomes=((Stage.MQL, 4),)) == 4 * 24 + 72
    assert due(1, 2, outcomes=((Stage.SQL, 7),), do=NextAction.ENGAGE) == 7 * 24 + 24


def test_contact_both_ways_after_the_crossing_settles_it():
    assert due(1, 2, replies=(2.5,)) is None
    assert due(1, 2, replies=(1.5,)) == 2 * 24 + 72
    assert due(1, 2, 5, replies=(3,)) == 5 * 24 + 24


@pytest.mark.parametrize("stage", [Stage.OPPORTUNITY, Stage.CUSTOMER, Stage.LOST])
def test_nothing_is_due_once_there_is_a_deal_or_an_end(stage: Stage):
    do = NextAction.ENGAGE if stage is Stage.OPPORTUNITY else NextAction.NONE
    assert due(1, 2, 5, outcomes=((stage, 6),), do=do) is None


def test_nothing_is_due_for_a_lead_that_is_left_alone():
    assert due(1, 2, do=NextAction.SUPPRESS) is None


def test_nothing_is_due_where_no_hours_are_agreed():
    assert due(1, 2, agreed="") is None
    assert due(1, 2, 5, agreed="[follow_up]\nmql_hours = 72\n") is None
