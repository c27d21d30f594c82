"""What a new champion changes, counted by hand on a few leads, and as a sales lead reads it."""

import json
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console
from serving_models import Pair

from histories.contract import Stage, Target
from scoring.answer import Agreement, Answer, NextAction, Status
from scoring.policy import Policy
from serving.deploy import shift, shift_table

AS_OF = 1_767_225_600_000_000


def answer(lead: str, chance: float | None, grade: str | None, action: NextAction, points: float = 10.0) -> Answer:
    return Answer(
        lead, Status.SCORED, probability_customer=chance, probability_sql=chance, grade=grade, next_action=action,
        rule_points=points, rule_stage=Stage.LEAD,
    )  # fmt: skip


SALES, NURTURE, ENGAGE = NextAction.HAND_TO_SALES, NextAction.NURTURE, NextAction.ENGAGE
BEFORE = [
    answer("a", 0.50, "A", SALES), answer("b", 0.20, "B", SALES), answer("c", 0.10, "C", NURTURE),
    answer("d", 0.00, "D", NURTURE), answer("e", None, None, ENGAGE),
]  # fmt: skip
AFTER = [
    answer("a", 0.40, "A", SALES), answer("b", 0.10, "C", NURTURE), answer("c", 0.30, "A", SALES),
    answer("d", 0.00, "D", NURTURE, 12.0), answer("e", None, None, ENGAGE),
]  # fmt: skip


@pytest.fixture
def measured(pair: Pair) -> shift.Shift:
    """With the calling line at 0.2 in both, and references from 0 to 1 in hundredths, resp. half of that."""
    reference = np.arange(101) / 100
    old = replace(pair.old.bundle, policy=Policy(0.2), reference=reference)
    new = replace(pair.new.bundle, policy=Policy(0.2), reference=reference / 2)
    return shift.measure(AFTER, new, AS_OF, BEFORE, old)


def test_means_and_quantiles_are_those_of_the_leads_for_which_the_question_is_open(measured: shift.Shift) -> None:
    assert measured.before is not None
    assert measured.before.spreads[Target.CUSTOMER].leads == 4
    assert measured.before.spreads[Target.CUSTOMER].mean == pytest.approx(0.2)
    assert measured.after.spreads[Target.CUSTOMER].median == pytest.approx(0.2)
    assert measured.before.spreads[Target.CUSTOMER].high == pytest.approx(0.41)


def test_a_grade_begins_at_the_least_probability_of_the_reference_that_has_it(measured: shift.Shift) -> None:
    """Of 101 values the 91st (0.90) has 90 below it and half of itself: 89.6; the 92nd is the first with 90 or more."""
    assert measured.before is not None
    assert measured.before.begins == pytest.approx((0.91, 0.71, 0.40))
    assert measured.after.begins == pytest.approx((0.455, 0.355, 0.20))


def test_who_moves_is_counted_lead_by_lead(measured: shift.Shift) -> None:
    moves = measured.moves
    assert moves is not None
    assert moves.grades == {("B", "C"): 1, ("C", "A"): 1}
    assert moves.actions == {("hand_to_sales", "nurture"): 1, ("nurture", "hand_to_sales"): 1}
    assert (moves.in_line, moves.out_of_line, moves.points, moves.stages) == (1, 1, 1, {})
    assert measured.sentence() == (
        "of 5 open leads 2 change grade, 2 next action, 1 come over the calling line and 1 fall below it, "
        "1 have other points, 0 another stage and 0 another grade by the rules"
    )


def test_what_is_recorded_is_json_and_holds_every_move(measured: shift.Shift) -> None:
    recorded = json.loads(json.dumps(measured.recorded()))
    assert recorded["moves"]["grades"] == {"B>C": 1, "C>A": 1}
    assert recorded["before"]["called"] == 2
    assert recorded["after"]["grades"] == {"A": 2, "C": 1, "D": 1, "": 1}


def test_answers_of_other_leads_are_never_held_against_each_other(pair: Pair) -> None:
    with pytest.raises(ValueError, match=r"^the answers before and after are not of the same leads in the same order$"):
        shift.measure(AFTER, pair.new.bundle, AS_OF, BEFORE[::-1], pair.old.bundle)


def shown(one: shift.Shift) -> str:
    console = Console(file=StringIO(), width=110)
    shift_table.render(one, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_sales_lead_reads_who_moves_where(measured: shift.Shift) -> None:
    text = shown(measured)
    assert "What changes for 5 open leads, as of 2026-01-01T00:00:00Z" in text
    assert "2 of 5 leads (40.0%) change grade: 1 up, 1 down: B → C 1, C → A 1" in text
    assert "2 of 5 leads (40.0%) cross the calling line: 1 come over it, 1 fall below it" in text
    assert "hand to sales → nurture 1" in text
    assert "No lead changes the stage that the rules give." in text


def test_a_rulebook_that_was_published_changes_points_alone(pair: Pair) -> None:
    edited = [
        replace(one, rule_points=20.0, rule_stage=Stage.MQL, rule_grade="B", agreement=Agreement.BOTH_HIGH)
        for one in BEFORE
    ]
    measured = shift.measure(edited, pair.old.bundle, AS_OF, BEFORE, pair.old.bundle)
    text = shown(measured)
    assert "5 of 5 leads (100.0%) change the grade that the rules give: none → B 5" in text
    assert "5 of 5 leads (100.0%) change how far model and rules agree: none → both high 5" in text
    assert "5 have other points, 5 another stage and 5 another grade by the rules" in measured.sentence()
    assert json.loads(json.dumps(measured.recorded()))["moves"]["rule_grades"] == {">B": 5}
    assert "No lead changes grade." in text
    assert "No lead crosses the calling line." in text
    assert "5 of 5 leads (100.0%) have other points" in text
    assert "change the stage that the rules give: lead → mql 5" in text


def test_the_first_champion_is_shown_alone_and_a_board_without_leads_says_so(pair: Pair) -> None:
    alone = shift.measure(AFTER, pair.new.bundle, AS_OF, [], None)
    assert "now" not in shown(alone).split("grade A, B, C begin")[0].split()
    assert alone.sentence() == "the first: 5 open leads"
    assert "No lead is open: nothing can be compared." in shown(shift.measure([], pair.new.bundle, AS_OF, [], None))
