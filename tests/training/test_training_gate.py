"""The gate: what answers in a bundle, who may take over from whom, and that every verdict says why."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from histories.clock import DAY
from histories.contract import Target
from training.bootstrap import Difference
from training.checks import Asked, Check, Evidence, Rivalry
from training.gate import Answering, Decision, Lost, Rival, Verdict, answers, judge, points_answer

TEST_FROM = 100 * DAY
MARGIN = 0.002
SURE = Difference(1.0, 0.9, 1.1)


def evidence(converted: int = 80, high: float = -0.003, target: Target = Target.CUSTOMER) -> Evidence:
    log_loss = Difference(high - 0.003, high - 0.006, high)
    return Evidence(target, 1000, converted, log_loss, None, SURE, SURE, ())


def answering(converted: int = 80, high: float = -0.003) -> list[tuple[Target, Answering]]:
    return [(target, answers(evidence(converted, high, target))) for target in (Target.CUSTOMER, Target.SQL)]


def rival(customer: float = -0.01, sql: float = -0.01, trained_until: int = TEST_FROM) -> Rival:
    rivalries = [
        Rivalry(target, 30, 30, 1000, 80, 0, Difference(value, value - 0.01, value + 0.01), ())
        for target, value in ((Target.CUSTOMER, customer), (Target.SQL, sql))
    ]
    return Rival(3, "old", trained_until, tuple(rivalries))


CLEAN = Check("leakage", 0, 0, passed=True, sentence="Nothing in the export tells the answer.", asked="")
LEAK = Check("leakage", 1, 0, passed=False, sentence="lead_status may tell the answer.", asked="")


def judged(
    other: Rival | Lost | None, given: list[tuple[Target, Answering]] | None = None, audit: Check = CLEAN
) -> Verdict:
    return judge("new", answering() if given is None else given, audit, other, TEST_FROM, MARGIN)


def test_a_model_that_passes_every_check_answers() -> None:
    found = answers(evidence())
    assert found.model
    assert found.reason == (
        "the model beats the points. Its log loss is below the rules': -0.0060 (95% interval -0.0090 to -0.0030)"
    )


def test_a_model_that_may_only_be_lucky_leaves_the_answer_to_the_points() -> None:
    found = answers(evidence(high=0.001))
    assert not found.model
    assert found.reason == (
        "the model may not answer. "
        "Its log loss is not surely below the rules': -0.0020 (95% interval -0.0050 to +0.0010)"
    )


def with_ratio(low: float, high: float) -> Evidence:
    return replace(evidence(), predicted_over_observed=Difference((low + high) / 2, low, high))


def test_probabilities_that_may_be_right_but_are_not_sure_to_be_are_left_to_the_verdict() -> None:
    found = answers(with_ratio(0.9, 1.3))
    assert found.model
    first = judged(None, [(Target.CUSTOMER, found)])
    assert first.decision is Decision.CANNOT_TELL
    assert first.serves
    assert first.sentence == (
        "Cannot tell. Its probabilities for customer are not shown to hold. It predicts 1.10 times what came "
        "(95% interval 0.90 to 1.30); allowed is 0.8 to 1.25. There was no champion: this bundle becomes the first. "
        "It answers with the model for customer."
    )
    later = judged(rival(), [(Target.CUSTOMER, found)])
    assert later.decision is Decision.CANNOT_TELL
    assert not later.serves


def test_probabilities_that_are_surely_off_leave_the_answer_to_the_points() -> None:
    found = answers(with_ratio(1.1, 1.3))
    assert not found.model
    assert found.reason == (
        "the model may not answer. It predicts 1.20 times what came (95% interval 1.10 to 1.30); allowed is 0.8 to 1.25"
    )
    assert judged(None, [(Target.CUSTOMER, found)]).decision is Decision.PROMOTE


def test_points_that_answer_for_want_of_a_model_are_judged_by_the_test_s_conversions_too() -> None:
    few = points_answer(Target.CUSTOMER, 31, SURE, "81 converted leads are fewer than 100")
    assert not few.model
    assert few.reason == "81 converted leads are fewer than 100"
    assert judged(None, [(Target.CUSTOMER, few)]).decision is Decision.CANNOT_TELL
    enough = points_answer(Target.CUSTOMER, 50, SURE, "81 converted leads are fewer than 100")
    assert judged(None, [(Target.CUSTOMER, enough)]).decision is Decision.PROMOTE


def test_points_that_answer_are_held_to_what_they_promise() -> None:
    """Half as many came as both promised: the model goes, and the points that stay are no better."""
    half = Difference(2.0, 1.8, 2.2)
    found = answers(replace(evidence(), predicted_over_observed=half, points_over_observed=half))
    assert not found.model
    first = judged(None, [(Target.CUSTOMER, found)])
    assert first.decision is Decision.CANNOT_TELL
    assert first.serves
    assert first.sentence == (
        "Cannot tell. Its probabilities for customer are not shown to hold. The points predict 2.00 times what came "
        "(95% interval 1.80 to 2.20); allowed is 0.8 to 1.25. There was no champion: this bundle becomes the first. "
        "It answers with the points for customer."
    )
    assert not judged(rival(), [(Target.CUSTOMER, found)]).serves
    alone = points_answer(Target.CUSTOMER, 50, half, "81 converted leads are fewer than 100")
    assert judged(None, [(Target.CUSTOMER, alone)]).decision is Decision.CANNOT_TELL


def test_the_first_bundle_becomes_champion() -> None:
    verdict = judged(None)
    assert verdict.decision is Decision.PROMOTE
    assert verdict.serves
    assert verdict.sentence == (
        "There was no champion: this bundle becomes the first. It answers with the model for customer and with the model for sql."
    )


def test_a_first_bundle_that_cannot_be_told_apart_serves_all_the_same() -> None:
    verdict = judged(None, answering(converted=31))
    assert verdict.decision is Decision.CANNOT_TELL
    assert verdict.serves
    assert verdict.sentence == (
        "Cannot tell. For customer the test holds 31 converted leads, and it takes 50 to tell two scores apart. "
        "There was no champion: this bundle becomes the first. It answers with the points for customer and with the points for sql."
    )


def test_a_bundle_with_lower_log_loss_takes_over() -> None:
    verdict = judged(rival())
    assert verdict.decision is Decision.PROMOTE
    assert verdict.champion == 3
    assert verdict.sentence == (
        "This bundle takes over from version 3. "
        "For customer, its log loss is lower: -0.0100 (95% interval -0.0200 to +0.0000)."
    )


def test_it_may_be_worse_by_the_margin_and_no_more() -> None:
    assert judged(rival(sql=0.0015)).decision is Decision.PROMOTE
    beyond = judged(rival(sql=0.0025))
    assert beyond.decision is Decision.KEEP
    assert beyond.sentence == (
        "Version 3 stays champion. For sql, its log loss is higher by more than the recipe's margin of 0.002: "
        "+0.0025 (95% interval -0.0075 to +0.0125)."
    )


def test_with_fewer_than_fifty_conversions_in_the_test_the_champion_stays() -> None:
    verdict = judged(rival(), answering(converted=49))
    assert verdict.decision is Decision.CANNOT_TELL
    assert not verdict.serves
    assert verdict.sentence == (
        "Cannot tell. For customer the test holds 49 converted leads, and it takes 50 to tell two scores apart. "
        "Version 3 stays champion."
    )


def test_a_champion_that_knew_answers_of_the_test_cannot_be_compared() -> None:
    verdict = judged(rival(trained_until=TEST_FROM + 1))
    assert verdict.decision is Decision.CANNOT_TELL
    assert verdict.sentence == (
        "Cannot tell. The champion, version 3, was trained on what happened until 1970-04-11, so it knew answers of "
        "the test, which begins 1970-04-11; a test that begins later (test_from in the recipe) would be fair. "
        "Version 3 stays champion."
    )


def other_days(one: Rival, target: Target, days: int | None) -> Rival:
    return replace(
        one,
        rivalries=tuple(
            replace(rivalry, champion_days=days, log_loss=None) if rivalry.target is target else rivalry
            for rivalry in one.rivalries
        ),
    )


def test_a_champion_of_other_days_is_named_loudly_and_compared_in_the_rest() -> None:
    verdict = judged(other_days(rival(), Target.CUSTOMER, 60))
    loud = "Not compared for customer: the champion answers within 60 days, this bundle within 30."
    assert verdict.decision is Decision.PROMOTE
    assert verdict.uncompared == (loud,)
    assert verdict.sentence == (
        f"This bundle takes over from version 3. {loud} "
        "For sql, its log loss is lower: -0.0100 (95% interval -0.0200 to +0.0000)."
    )
    worse = judged(other_days(rival(sql=0.01), Target.CUSTOMER, 60))
    unsure = judged(other_days(rival(), Target.CUSTOMER, 60), answering(converted=49))
    assert (worse.decision, unsure.decision) == (Decision.KEEP, Decision.CANNOT_TELL)
    for one in (worse, unsure):
        assert one.uncompared == (loud,)
        assert one.sentence.endswith(loud)


def test_a_target_that_nobody_answers_any_more_is_named() -> None:
    dropped = replace(rival(), rivalries=rival().rivalries[:1], dropped=(Asked(Target.SQL, 30),))
    verdict = judged(dropped, answering()[:1])
    assert verdict.uncompared == ("Nobody answers for sql within 30 days any more.",)
    assert verdict.uncompared[0] in verdict.sentence


@pytest.mark.parametrize(("converted", "decision"), [(50, Decision.PROMOTE), (49, Decision.CANNOT_TELL)])
def test_where_the_champion_knew_a_part_of_the_test_the_rest_must_be_enough(converted: int, decision: Decision) -> None:
    customer, sql = rival().rivalries
    partly = replace(rival(), rivalries=(replace(customer, left_out=300, converted_leads=converted), sql))
    verdict = judged(partly)
    assert verdict.decision is decision
    assert [one.name for one in verdict.checks if one.name.endswith("unseen_by_champion")] == [
        "customer/converted_leads_unseen_by_champion"
    ]


def test_the_same_bundle_changes_nothing() -> None:
    assert judge("old", answering(), CLEAN, rival(), TEST_FROM, MARGIN).decision is Decision.SAME


def test_a_champion_that_can_no_longer_be_read_gives_way() -> None:
    """Nobody can serve it or compare with it: if it stayed, nothing could ever be promoted again."""
    verdict = judged(Lost(3))
    assert verdict.decision is Decision.PROMOTE
    assert verdict.serves
    assert verdict.champion is None
    assert verdict.sentence == (
        "The champion, version 3, can no longer be read, and so it can neither serve nor be compared: this bundle takes "
        "its place. It answers with the model for customer and with the model for sql."
    )


@pytest.mark.parametrize("other", [None, rival(), Lost(3)])
def test_a_leak_stops_a_promotion_even_where_nobody_serves(other: Rival | Lost | None) -> None:
    verdict = judged(other, audit=LEAK)
    assert verdict.decision is Decision.KEEP
    assert not verdict.serves
    assert verdict.sentence.endswith("lead_status may tell the answer.")


@given(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1))
def test_a_champion_falls_only_to_a_bundle_that_passed_every_check_beside_it(customer: float, sql: float) -> None:
    verdict = judged(rival(customer, sql))
    beside = [check for check in verdict.checks if check.name.endswith("_champion")]
    assert beside
    assert (verdict.decision is Decision.PROMOTE) == all(check.passed for check in beside)


def test_a_verdict_can_be_read_as_json() -> None:
    content = json.loads(judged(rival()).to_json())
    assert content["decision"] == "promote"
    assert {check["name"] for check in content["checks"]} >= {
        "customer/log_loss_against_rules",
        "customer/predicted_over_observed",
        "leakage",
        "fair_comparison",
        "sql/log_loss_against_champion",
    }
