"""Boards of past weeks, and whom a team would have called from them."""

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import LeadHistory, Outcome, Stage, Target
from training.boards import Boards, Calling, union, weekly

ONCE = np.ones((1, 3))


def boards(days: list[list[int]], label: list[int], leads: int) -> Boards:
    """Boards on which the named leads stand; labels in the order of the rows."""
    rows = list(itertools.chain(*days))
    starts = np.cumsum([0, *(len(day) for day in days)])
    table = pa.table({"lead_id": [str(row) for row in rows], "cutoff": [0] * len(rows)})
    return Boards(Target.CUSTOMER, table, np.array(label, np.int8), np.array(rows), starts, np.arange(leads))


def called(days: list[list[int]], score: list[float], label: list[int], calls: int, leads: int = 3) -> list[float]:
    found = Calling(boards(days, label, leads), np.array(score), calls).called(np.ones((1, leads)))
    return found[0].tolist()


def test_a_board_is_who_is_open_on_its_day_with_what_came_of_each_within_the_horizon() -> None:
    won = (Outcome(Stage.CUSTOMER, 12 * DAY),)
    leads = [
        LeadHistory("early", DAY, outcomes=won),
        LeadHistory("late", 15 * DAY),
        LeadHistory("lost", DAY, outcomes=(Outcome(Stage.LOST, 5 * DAY),)),
        LeadHistory("slow", DAY, account_id="A", outcomes=(Outcome(Stage.CUSTOMER, 20 * DAY),)),
    ]
    found = weekly(assemble(leads, exported_at=30 * DAY), Target.CUSTOMER, 10, 3 * DAY)
    rows = zip(found.table["lead_id"].to_pylist(), found.table["cutoff"].to_pylist(), found.label.tolist(), strict=True)
    assert [(lead, cutoff // DAY, label) for lead, cutoff, label in rows] == [
        ("early", 3, 1),
        ("lost", 3, 0),
        ("slow", 3, 0),
        ("early", 10, 1),
        ("slow", 10, 0),
        ("late", 17, 0),
        ("slow", 17, 1),
    ]
    assert found.days == 3
    assert len(found.group) == 4


def test_a_day_whose_horizon_has_not_ended_is_no_board() -> None:
    histories = assemble([LeadHistory("a", 0)], exported_at=20 * DAY)
    assert weekly(histories, Target.CUSTOMER, 10, 3 * DAY).days == 2
    assert weekly(histories, Target.CUSTOMER, 11, 3 * DAY).days == 1


def test_the_highest_are_called_first_and_nobody_twice() -> None:
    assert called([[0, 1, 2], [0, 1, 2]], [3, 2, 1, 3, 2, 1], [1, 0, 0, 1, 0, 1], 1) == [2.0, 1.0]
    assert called([[0, 1, 2], [0, 1, 2]], [3, 2, 1, 3, 2, 1], [1, 0, 0, 1, 0, 1], 2) == [3.0, 2.0]


def test_of_equal_scores_each_is_called_with_the_same_chance() -> None:
    assert called([[0, 1, 2]], [2, 2, 1], [1, 0, 0], 1) == [1.0, 0.5]
    two_days = called([[0, 1], [0, 1]], [1, 1, 1, 1], [1, 0, 1, 0], 1, leads=2)
    assert two_days == pytest.approx([2.0, 1.0])


def test_a_board_smaller_than_the_calls_is_called_in_full() -> None:
    assert called([[0, 1]], [1, 2], [1, 1], 50, leads=2) == [2.0, 2.0]


def test_a_draw_calls_the_same_share_of_the_board() -> None:
    """Of 3 leads 1 is called. The account drawn three times over fills the board: 1 of 3 calls again, itself."""
    calling = Calling(boards([[0, 1, 2]], [1, 0, 0], 3), np.array([3.0, 2.0, 1.0]), 1)
    weights = np.array([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [1.0, 1.0, 1.0]])
    assert calling.precision(weights).tolist() == pytest.approx([1.0, 0.0, 1.0])


def by_hand(
    days: list[list[int]], score: list[float], label: list[int], share: float, left: list[float]
) -> list[float]:
    """The same, lead by lead."""
    called, found, begin, waiting = 0.0, 0.0, 0, list(left)
    for day in days:
        rows = range(begin, begin := begin + len(day))
        room = share * sum(left[lead] for lead in day) / len(day)
        for value in sorted({score[row] for row in rows}, reverse=True):
            tied = [(row, lead) for row, lead in zip(rows, day, strict=True) if score[row] == value]
            there = sum(waiting[lead] for _, lead in tied)
            part = 0.0 if room <= 0 else min(1.0, room / there) if there else 1.0
            room -= part * there
            for row, lead in tied:
                called, found = called + part * waiting[lead], found + part * waiting[lead] * label[row]
                waiting[lead] *= 1 - part
    return [called, found]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.booleans())
def test_who_is_called_can_be_counted_lead_by_lead(seed: int, calls: int, tied: bool) -> None:
    random = np.random.default_rng(seed)
    leads = 15
    days = [sorted(random.choice(leads, size=random.integers(2, leads), replace=False).tolist()) for _ in range(4)]
    rows = sum(map(len, days))
    score = random.integers(0, 4, rows).astype(float) if tied else random.random(rows)
    label = random.integers(0, 2, rows).tolist()
    weights = random.integers(0, 4, size=(5, leads)).astype(float)
    found = Calling(boards(days, label, leads), score, calls).called(weights)
    for draw, left in enumerate(weights.tolist()):
        assert found[draw].tolist() == pytest.approx(by_hand(days, score.tolist(), label, calls, left))


def test_a_union_holds_each_row_once_and_says_where_it_lies() -> None:
    first = pa.table({"lead_id": ["a", "b"], "cutoff": [1, 1]})
    second = pa.table({"lead_id": ["b", "a", "b"], "cutoff": [2, 1, 1]})
    rows, places = union([first, second])
    assert rows.to_pydict() == {"lead_id": ["a", "b", "b"], "cutoff": [1, 1, 2]}
    assert [place.tolist() for place in places] == [[0, 1], [2, 0, 1]]
