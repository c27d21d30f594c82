"""The gate's questions: what passes, what does not, and that each says its figure."""

import pytest

from histories.contract import Target
from training.bootstrap import Difference
from training.checks import Check, Evidence, Part, Rivalry, beside_champion, beside_rules, enough_unseen

NAN = float("nan")


LOSS, PRECISION, RATIO = Difference(-0.006, -0.009, -0.003), Difference(0.02, -0.01, 0.05), Difference(1.02, 0.9, 1.2)


def evidence(
    converted: int = 80,
    log_loss: Difference = LOSS,
    precision: Difference | None = PRECISION,
    ratio: Difference = RATIO,
    parts: tuple[Part, ...] = (),
) -> Evidence:
    return Evidence(Target.CUSTOMER, 1000, converted, log_loss, precision, ratio, Difference(1.0, 0.9, 1.1), parts)


def asked(name: str, given: Evidence) -> Check:
    return next(check for check in beside_rules(given) if check.name == f"customer/{name}")


def part(low: float, snapshots: int = 200, converted: int = 20, value: str | None = "fair") -> Part:
    return Part("source", value, snapshots, converted, Difference(low + 0.01, low, low + 0.02))


def test_a_model_that_is_better_everywhere_passes_every_check() -> None:
    assert all(check.passed for check in beside_rules(evidence()))


def test_fifty_converted_leads_are_enough_and_forty_nine_are_not() -> None:
    assert asked("converted_leads", evidence(converted=50)).passed
    few = asked("converted_leads", evidence(converted=49))
    assert not few.passed
    assert few.sentence == "The test holds 49 converted leads; below 50, two scores cannot be told apart."
    assert asked("converted_leads", evidence(converted=1)).sentence.startswith("The test holds 1 converted lead;")


def test_a_difference_in_log_loss_that_may_be_luck_does_not_pass() -> None:
    check = asked("log_loss_against_rules", evidence(log_loss=Difference(-0.006, -0.012, 0.0)))
    assert not check.passed
    assert check.figure == 0.0
    assert check.sentence == ("Its log loss is not surely below the rules': -0.0060 (95% interval -0.0120 to +0.0000).")


def test_calls_may_not_surely_hold_fewer_conversions_than_by_the_rules() -> None:
    assert asked("precision_at_capacity_against_rules", evidence(precision=Difference(-0.01, -0.03, 0.01))).passed
    check = asked("precision_at_capacity_against_rules", evidence(precision=Difference(-0.03, -0.05, -0.01)))
    assert not check.passed
    assert check.sentence == (
        "The calls of a week hold fewer conversions than by the rules: -0.0300 (95% interval -0.0500 to -0.0100) "
        "of the calls."
    )


def test_without_a_weekly_board_nothing_speaks_against_the_calls() -> None:
    check = asked("precision_at_capacity_against_rules", evidence(precision=None))
    assert check.passed
    assert check.figure is None


@pytest.mark.parametrize(
    ("ratio", "passed", "figure", "threshold"),
    [
        (Difference(1.0, 0.8, 1.25), True, 1.25, 1.25),
        (Difference(1.0, 0.79, 1.2), False, 0.79, 0.8),
        (Difference(1.1, 0.9, 1.26), False, 1.26, 1.25),
    ],
)
def test_the_whole_interval_of_predicted_over_observed_must_lie_within_bounds(
    ratio: Difference, passed: bool, figure: float, threshold: float
) -> None:
    check = asked("predicted_over_observed", evidence(ratio=ratio))
    assert check.passed is passed
    assert check.figure == figure
    assert check.threshold == threshold


def test_where_nobody_converted_predictions_are_held_against_nothing() -> None:
    check = asked("predicted_over_observed", evidence(ratio=Difference(NAN, NAN, NAN)))
    assert (check.passed, check.figure) == (False, None)
    assert check.sentence == "None of the test's leads converted: what it predicts cannot be held against anything."


def test_a_large_segment_that_is_surely_worse_is_named() -> None:
    check = asked("segments_against_rules", evidence(parts=(part(-0.02), part(0.01, value=None))))
    assert not check.passed
    assert check.sentence == (
        "Where source missing, its log loss is above that of the rules: +0.0200 (95% interval +0.0100 to +0.0300)."
    )


@pytest.mark.parametrize("small", [part(0.01, snapshots=99), part(0.01, converted=19)])
def test_a_small_segment_is_not_judged(small: Part) -> None:
    check = asked("segments_against_rules", evidence(parts=(small,)))
    assert check.passed
    assert check.sentence == "No segment is large enough to be judged alone."


def rivalry(log_loss: Difference | None, champion_days: int | None = 30, converted: int = 80) -> Rivalry:
    return Rivalry(Target.SQL, 30, champion_days, 1000, converted, 100, log_loss, ())


def test_a_challenger_may_be_worse_than_the_champion_by_the_margin_and_no_more() -> None:
    within, beyond = rivalry(Difference(0.002, -0.001, 0.004)), rivalry(Difference(0.0021, -0.001, 0.004))
    assert all(check.passed for check in beside_champion(within, 0.002))
    failed = [check for check in beside_champion(beyond, 0.002) if not check.passed]
    (sentence,) = (check.sentence for check in failed)
    assert sentence == (
        "For sql, its log loss is higher by more than the recipe's margin of 0.002: "
        "+0.0021 (95% interval -0.0010 to +0.0040)."
    )


@pytest.mark.parametrize(
    ("days", "why"),
    [
        (None, "the champion does not answer for sql"),
        (60, "the champion answers within 60 days, this bundle within 30"),
    ],
)
def test_a_champion_of_another_question_does_not_stand_in_the_way_and_is_named(days: int | None, why: str) -> None:
    (check,) = beside_champion(rivalry(None, champion_days=days), 0.002)
    assert check.passed
    assert check.figure is None
    assert check.sentence == f"Not compared for sql: {why}."


def test_what_a_champion_did_not_know_of_the_test_must_hold_fifty_converted_leads() -> None:
    loss = Difference(0.001, -0.001, 0.004)
    assert enough_unseen(rivalry(loss, converted=50)).passed
    few = enough_unseen(rivalry(loss, converted=49))
    assert not few.passed
    assert few.sentence == (
        "For sql, the part of the test whose leads and accounts the champion's training did not know holds 49 converted "
        "leads, and it takes 50 to tell two bundles apart."
    )
    assert not enough_unseen(rivalry(None)).passed


def test_every_check_says_what_was_asked_for() -> None:
    said = {check.name.partition("/")[2]: check.asked for check in beside_rules(evidence())}
    assert said == {
        "converted_leads": "at least 50",
        "log_loss_against_rules": "below 0",
        "precision_at_capacity_against_rules": "0 or above",
        "predicted_over_observed": "0.8 to 1.25",
        "segments_against_rules": "0 or below",
    }
