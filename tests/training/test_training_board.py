"""The reference board and the segments: who is on them, at which day, and what was known of them then."""

import re

import numpy as np
import pytest

from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import Attribute, LeadHistory, Outcome, Stage, Target
from histories.errors import DataError
from training.board import recent_board
from training.recipe import Age
from training.segments import OTHER, parts, ranges, values
from training.snapshots import draw


def lead(number, created, lost=None, attributes=()):
    outcomes = () if lost is None else (Outcome(Stage.LOST, lost * DAY),)
    return LeadHistory(f"{number:04d}", created * DAY, attributes=attributes, outcomes=outcomes)


def board(leads, trained=(), since=0):
    histories = assemble(leads, exported_at=100 * DAY)
    drawn = draw(histories, Target.CUSTOMER, 5, (Age("1d", DAY),))
    return recent_board(histories, drawn, np.array(trained, dtype=np.int64), since * DAY)


def test_the_board_is_of_the_day_of_the_export_where_enough_leads_are_open():
    found = board([lead(n, n % 90) for n in range(250)])
    assert found.day == 100 * DAY
    assert found.snapshots.num_rows == 250


def test_the_board_tells_which_leads_training_saw():
    found = board([lead(n, 10) for n in range(250)], trained=range(40))
    assert found.snapshots["lead_id"].to_pylist() == [f"{n:04d}" for n in range(250)]
    assert found.unseen.tolist() == [False] * 40 + [True] * 210


def test_leads_that_training_saw_alone_are_no_board():
    with pytest.raises(DataError, match="no lead is open on any day of the test"):
        board([lead(n, 10) for n in range(5)], trained=range(5))


def test_where_all_deals_are_closed_the_board_goes_back_by_weeks_to_open_ones():
    """All 220 leads were lost on day 80: the newest week's day before it is day 79."""
    found = board([lead(n, 10, lost=80) for n in range(220)])
    assert found.day == 79 * DAY


def test_the_largest_board_stands_in_where_none_has_enough():
    found = board([lead(1, 10, lost=80), lead(2, 10, lost=80), lead(3, 10)])
    assert (found.day, found.snapshots.num_rows) == (79 * DAY, 3)


def test_without_an_open_lead_in_the_test_there_is_no_board():
    message = "no lead is open on any day of the test; a score needs open leads to be measured against"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        board([lead(1, 10, lost=20)], since=50)


def test_a_segment_is_what_was_known_at_the_snapshot():
    dated = (Attribute("industry", "bank"), Attribute("industry", "shop", known_at=30 * DAY))
    histories = assemble([lead(1, 0, attributes=dated), lead(2, 0)], exported_at=100 * DAY)
    cutoffs = np.array([30 * DAY, 30 * DAY + 1, 99 * DAY])
    assert values(histories, "industry", ["0001", "0001", "0002"], cutoffs) == ["bank", "shop", None]


def sized(employees):
    """A lead each, the number of whose employees was known from the start; None: never."""
    told = [() if one is None else (Attribute("employees", one),) for one in employees]
    return assemble([lead(n, 0, attributes=one) for n, one in enumerate(told)], exported_at=100 * DAY)


def test_a_number_is_a_segment_by_the_range_that_it_lies_in():
    histories = sized([float(n) for n in range(1, 401)] + [None])
    assert ranges(histories, "employees") == ("99 or less", "100 to 199", "200 to 299", "300 or more")
    asked = ["0000", "0098", "0099", "0399", "0400"]
    found = values(histories, "employees", asked, np.full(5, 50 * DAY))
    assert found == ["99 or less", "99 or less", "100 to 199", "300 or more", None]


def test_a_range_is_that_of_the_number_that_was_known_at_the_snapshot():
    grew = lead(401, 0, attributes=(Attribute("employees", 5.0), Attribute("employees", 350.0, known_at=30 * DAY)))
    others = [lead(n, 0, attributes=(Attribute("employees", float(n)),)) for n in range(1, 401)]
    histories = assemble([*others, grew], exported_at=100 * DAY)
    cutoffs = np.array([30 * DAY, 30 * DAY + 1])
    assert values(histories, "employees", ["0401", "0401"], cutoffs) == ["99 or less", "300 or more"]


def test_a_category_has_no_ranges():
    histories = assemble([lead(1, 0, attributes=(Attribute("industry", "bank"),))], exported_at=100 * DAY)
    assert ranges(histories, "industry") == ()


def test_ranges_come_in_their_order_then_others_by_how_common_they_are():
    named = ["50 or more"] * 60 + ["1 to 49"] * 30 + [None] * 40 + ["0"]
    assert [value for value, _ in parts(named, ("0", "1 to 49", "50 or more"))] == [
        "1 to 49",
        "50 or more",
        None,
        OTHER,
    ]


def test_rare_values_come_together_and_no_snapshot_is_lost():
    named = ["a"] * 40 + ["b"] * 29 + ["c"] * 2 + [None] * 30
    found = {value: len(rows) for value, rows in parts(named)}
    assert found == {"a": 40, OTHER: 31, None: 30}
