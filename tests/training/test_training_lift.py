"""How often leads with a rule convert beside the others of their age, and what is said of it."""

import numpy as np
import pyarrow as pa
import pytest

from histories.clock import DAY
from histories.contract import Target
from training.lift import Lift, Pull, lifts
from training.overlap import overlaps
from training.recipe import Age
from training.sides import Lives
from training.snapshots import Snapshots


def drawn(ages: list[int], label: list[int], group: list[int] | None = None) -> Snapshots:
    """One lead a snapshot, each of an account of its own unless `group` says otherwise."""
    count = len(label)
    lead = np.arange(count)
    return Snapshots(
        target=Target.CUSTOMER,
        horizon_days=30,
        ages=(Age("1d", 1), Age("7d", 2)),
        exported_at=30 * DAY,
        table=pa.table({"lead_id": [str(n) for n in range(count)], "cutoff": [0] * count}),
        lead=lead,
        group=lead if group is None else np.array(group),
        age=np.array(ages),
        answer=np.array(label, np.int8),
        known_at=np.full(count, 30 * DAY),
        lives=Lives(group=lead, first=lead, last=lead, draw=lead.astype(np.uint64)),
    )


def lift(fired: list[bool], snapshots: Snapshots, points: int = 500) -> Lift:
    rows = np.arange(len(fired))
    return lifts(np.array(fired)[:, None], [points], snapshots, rows, seed=1, draws=400)[0]


def leads(having: int, converted: int, others: int, other_converted: int) -> tuple[list[bool], Snapshots]:
    label = [1] * converted + [0] * (having - converted) + [1] * other_converted + [0] * (others - other_converted)
    return [True] * having + [False] * others, drawn([0] * (having + others), label)


def test_the_lift_is_the_rate_with_the_rule_over_that_of_the_others() -> None:
    found = lift(*leads(200, 60, 400, 40))
    assert (found.leads, found.converted) == (200, 60)
    assert (found.rate, found.other_rate) == pytest.approx((0.3, 0.1))
    assert found.lift.value == pytest.approx(3.0)
    assert 2.0 < found.lift.low < 3.0 < found.lift.high < 4.6
    assert found.pull is Pull.AS_MEANT


def test_points_for_what_converts_less_pull_the_wrong_way_and_so_do_losses_for_what_converts_more() -> None:
    seldom, often = leads(300, 5, 400, 80), leads(200, 60, 400, 40)
    assert lift(*seldom).pull is Pull.WRONG_WAY
    assert lift(*seldom, points=-500).pull is Pull.AS_MEANT
    assert lift(*often, points=-500).pull is Pull.WRONG_WAY


def test_what_makes_no_clear_difference_cannot_be_told() -> None:
    assert lift(*leads(200, 21, 400, 40)).pull is Pull.CANNOT_TELL


def test_few_leads_or_few_conversions_are_too_few_to_say_anything() -> None:
    assert lift(*leads(19, 19, 400, 40)).pull is Pull.TOO_FEW
    assert lift(*leads(40, 0, 400, 40)).pull is Pull.TOO_FEW  # 4 were to be expected
    assert lift(*leads(200, 60, 400, 4)).pull is Pull.TOO_FEW


def test_a_rule_that_never_fires_is_told_apart_from_one_that_always_does() -> None:
    never, always = leads(0, 0, 400, 40), leads(400, 40, 0, 0)
    assert lift(*never).pull is Pull.NEVER
    assert np.isnan(lift(*never).lift.value)
    assert lift(*always).pull is Pull.ALWAYS
    assert np.isnan(lift(*always).lift.value)


def test_where_nobody_with_the_rule_converted_the_upper_end_is_three_over_those_expected() -> None:
    found = lift(*leads(100, 0, 400, 40))
    assert (found.lift.value, found.lift.low) == (0.0, 0.0)
    assert found.lift.high == pytest.approx(3 / 10)
    assert found.pull is Pull.WRONG_WAY


def test_rates_are_compared_age_by_age() -> None:
    """Young leads convert at 40%, old ones at 10%, whatever the rule says; it fires on old ones mostly."""
    cells = [(0, True, 50, 20), (0, False, 450, 180), (1, True, 450, 45), (1, False, 50, 5)]
    ages = [age for age, _, count, _ in cells for _ in range(count)]
    fired = [has for _, has, count, _ in cells for _ in range(count)]
    label = [int(n < converted) for _, _, count, converted in cells for n in range(count)]
    found = lift(fired, drawn(ages, label))
    assert found.lift.value == pytest.approx(1.0)
    assert (found.rate, found.other_rate) == pytest.approx((0.13, 0.13))
    assert found.pull is Pull.CANNOT_TELL


def test_ages_at_which_everybody_has_the_rule_are_left_out() -> None:
    ages = [0] * 100 + [1] * 200
    fired = [True] * 100 + [True] * 100 + [False] * 100
    label = [1] * 90 + [0] * 10 + [1] * 20 + [0] * 80 + [1] * 10 + [0] * 90
    found = lift(fired, drawn(ages, label))
    assert (found.rate, found.other_rate) == pytest.approx((0.2, 0.1))


def test_accounts_are_drawn_whole_so_that_ten_leads_of_one_are_hardly_more_than_one() -> None:
    fired, alone = leads(200, 60, 400, 40)
    label = alone.label.tolist()
    together = drawn([0] * 600, label, group=[n // 10 for n in range(600)])
    one, ten = lift(fired, alone).lift, lift(fired, together).lift
    assert ten.value == one.value
    assert ten.high - ten.low > 2 * (one.high - one.low)


def test_rules_that_fire_together_say_the_same_and_those_that_merely_fire_often_do_not() -> None:
    first = np.array([True] * 20 + [False] * 80)
    nearly = np.array([True] * 18 + [False] * 82)
    often = np.array([True] * 95 + [False] * 5)
    usual = np.array([False] * 4 + [True] * 96)
    (pair,) = overlaps(("first", "nearly", "often", "usual"), np.column_stack([first, nearly, often, usual]))
    assert (pair.first, pair.second, pair.shared) == ("first", "nearly", 0.9)
    assert pair.correlation == pytest.approx((0.18 - 0.2 * 0.18) / np.sqrt(0.2 * 0.8 * 0.18 * 0.82))
