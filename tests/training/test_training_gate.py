"""The gate: who may take over from whom, and that every verdict says why."""

import json

from hypothesis import given
from hypothesis import strategies as st

from histories.clock import DAY
from histories.contract import Target
from training.gate import Decision, Rival, judge

TEST_FROM = 100 * DAY
MARGIN = 0.002
LOSS = {Target.CUSTOMER: 0.2, Target.SQL: 0.5}


def rival(customer: float = 0.21, sql: float = 0.51, trained_until: int = TEST_FROM) -> Rival:
    return Rival(3, "old", trained_until, {Target.CUSTOMER: customer, Target.SQL: sql})


def test_the_first_bundle_becomes_champion() -> None:
    verdict = judge("new", LOSS, None, TEST_FROM, MARGIN)
    assert verdict.decision is Decision.PROMOTE
    assert verdict.sentence == "There was no champion: this bundle becomes the first."


def test_a_bundle_with_lower_log_loss_takes_over() -> None:
    verdict = judge("new", LOSS, rival(), TEST_FROM, MARGIN)
    assert verdict.decision is Decision.PROMOTE
    assert verdict.champion == 3
    assert verdict.sentence == (
        "This bundle takes over from version 3. "
        "For customer, its log loss is lower: 0.2000 against the champion's 0.2100."
    )


def test_an_equal_customer_log_loss_is_not_better() -> None:
    verdict = judge("new", LOSS, rival(customer=0.2), TEST_FROM, MARGIN)
    assert verdict.decision is Decision.KEEP
    assert verdict.sentence == (
        "Version 3 stays champion. For customer, its log loss is not lower: 0.2000 against the champion's 0.2000."
    )


def test_sql_may_be_worse_by_the_margin_and_no_more() -> None:
    within = judge("new", LOSS, rival(sql=0.4985), TEST_FROM, MARGIN)
    beyond = judge("new", LOSS, rival(sql=0.4975), TEST_FROM, MARGIN)
    assert within.decision is Decision.PROMOTE
    assert beyond.decision is Decision.KEEP
    assert beyond.sentence == (
        "Version 3 stays champion. For sql, its log loss is higher by more than the recipe's margin of 0.002: "
        "0.5000 against the champion's 0.4975."
    )


def test_a_champion_that_knew_answers_of_the_test_cannot_be_compared() -> None:
    verdict = judge("new", LOSS, rival(trained_until=TEST_FROM + 1), TEST_FROM, MARGIN)
    assert verdict.decision is Decision.CANNOT_TELL
    assert verdict.sentence == (
        "Cannot tell. The champion, version 3, was trained on what happened until 1970-04-11, so it knew answers of "
        "the test, which begins 1970-04-11; a test that begins later (test_from in the recipe) would be fair. "
        "Version 3 stays champion."
    )


def test_the_same_bundle_changes_nothing() -> None:
    verdict = judge("old", LOSS, rival(), TEST_FROM, MARGIN)
    assert verdict.decision is Decision.SAME


def test_a_champion_without_a_target_does_not_stand_in_its_way() -> None:
    without = Rival(3, "old", TEST_FROM, {Target.CUSTOMER: 0.21})
    assert judge("new", LOSS, without, TEST_FROM, MARGIN).decision is Decision.PROMOTE


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 0.1))
def test_promoted_means_that_every_check_passed(a: float, b: float, c: float, d: float, margin: float) -> None:
    losses = {Target.CUSTOMER: a, Target.SQL: b}
    verdict = judge("new", losses, rival(c, d), TEST_FROM, margin)
    assert (verdict.decision is Decision.PROMOTE) == all(check.passed for check in verdict.checks)
    assert (verdict.decision is Decision.PROMOTE) == (a < c and (b - d < 0 if margin == 0 else b - d <= margin))


def test_the_verdict_is_kept_with_every_check_and_figure() -> None:
    kept = json.loads(judge("new", LOSS, rival(), TEST_FROM, MARGIN).to_json())
    assert kept["decision"] == "promote"
    assert [check["name"] for check in kept["checks"]] == [
        "fair_comparison",
        "customer/log_loss_against_champion",
        "sql/log_loss_against_champion",
    ]
    assert kept["checks"][1]["figure"] == LOSS[Target.CUSTOMER] - 0.21
