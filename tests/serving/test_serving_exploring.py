"""Calls by lot: how likely each lead was to be called is what counting all lots says, and what the lists come to."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.board.exploring import Lot, draw, propensities


def named(leads: int) -> list[str]:
    return [f"lead-{number}" for number in range(leads)]


def counted(leads: int, worth: int, calls: int, drawn: int) -> list[Fraction]:
    """Every lot of `drawn` leads is as likely: count on how many lists each lead is."""
    lots = list(combinations(range(leads), drawn))
    lists = [(*lot, *[one for one in range(worth) if one not in lot][: calls - drawn]) for lot in lots]
    return [Fraction(sum(lead in one for one in lists), len(lots)) for lead in range(leads)]


def test_of_four_leads_and_two_calls_of_which_one_is_by_lot() -> None:
    """The best is always called, the second if it or the best is drawn, the others if they are drawn."""
    assert propensities(4, 4, 2, 0.5).tolist() == pytest.approx([1, 1 / 4 + 1 / 4, 1 / 4, 1 / 4])


def test_a_call_drawn_every_other_day_halves_the_chance_of_those_who_are_called_by_lot_alone() -> None:
    assert propensities(10, 10, 1, 0.5).tolist() == pytest.approx([0.5 + 0.05, *[0.05] * 9])


def test_leads_that_are_not_worth_a_call_are_called_by_lot_alone() -> None:
    assert propensities(5, 2, 2, 0.5).tolist() == pytest.approx([1, 2 / 5, 1 / 5, 1 / 5, 1 / 5])


@given(st.data())
def test_propensities_are_those_of_counting_every_lot(data: st.DataObject) -> None:
    leads = data.draw(st.integers(1, 8))
    worth, calls = data.draw(st.integers(0, leads)), data.draw(st.integers(1, leads))
    drawn = data.draw(st.integers(0, calls - 1))
    expected = [float(one) for one in counted(leads, worth, calls, drawn)]
    assert propensities(leads, worth, calls, drawn / calls).tolist() == pytest.approx(expected, abs=1e-9)


def test_lists_come_as_often_as_the_propensities_say() -> None:
    """2,000 lists of 6 calls, 0.9 of them by lot: no lead's frequency is more than four standard errors off."""
    expected = propensities(12, 9, 6, 0.15)
    times = np.zeros(12)
    for seed in range(2000):
        times[draw(named(12), 9, 6, Lot(0.15, seed)).rank] += 1
    error = np.sqrt(np.maximum(expected * (1 - expected), 1e-9) / 2000)
    assert np.all(np.abs(times / 2000 - expected) < 4 * error + 1e-9)


def test_the_expected_number_of_calls_is_kept_and_those_by_lot_stand_anywhere() -> None:
    lists = [draw(named(100), 100, 20, Lot(0.05, seed)) for seed in range(400)]
    assert {len(one.rank) for one in lists} == {20}
    assert all(len(set(one.rank.tolist())) == 20 for one in lists)
    assert {int(one.explored.sum()) for one in lists} == {1}
    assert len({int(np.flatnonzero(one.explored)[0]) for one in lists}) == 20
    assert all((np.diff(one.rank[~one.explored]) > 0).all() for one in lists)
    assert all((one.propensity == propensities(100, 100, 20, 0.05)[one.rank]).all() for one in lists)


def test_the_same_seed_draws_the_same_list() -> None:
    first, second, other = (draw(named(50), 40, 10, Lot(0.3, seed)) for seed in (7, 7, 8))
    assert first.rank.tolist() == second.rank.tolist()
    assert first.rank.tolist() != other.rank.tolist()


def test_who_is_drawn_hangs_on_the_seed_and_the_lead_and_not_on_who_else_is_there_or_in_what_order() -> None:
    """A hundred leads, ten by lot of twenty calls; a tenth of them go, and the others change places."""
    before, after = named(100), [one for one in reversed(named(100)) if not one.endswith("7")]
    first, second = draw(before, 100, 20, Lot(0.5, 3)), draw(after, 90, 20, Lot(0.5, 3))
    by_lot = [{leads[rank] for rank in one.rank[one.explored]} for leads, one in ((before, first), (after, second))]
    stayed = {one for one in by_lot[0] if not one.endswith("7")}
    assert len(by_lot[0]) == len(by_lot[1]) == 10
    assert stayed < by_lot[1] or stayed == by_lot[1]


@pytest.mark.parametrize("leads", [0, 1, 3])
def test_with_fewer_leads_than_calls_all_that_are_worth_one_are_called(leads: int) -> None:
    found = draw(named(leads), leads, 10, Lot(0.5, 1))
    assert sorted(found.rank.tolist()) == list(range(leads))
    assert found.propensity.tolist() == pytest.approx([1.0] * leads)
