"""Answers given and leads handed over, read as tables from both databases."""

import pytest
import sqlalchemy as sa

from histories.store import LeadRow, Store
from histories.store.database.schema import HANDOVERS
from histories.store.database.score_row import ScoreRow
from histories.store.kept.answers import keep
from histories.store.kept.given import GIVEN, HANDED_OVER, given, handed_over
from histories.store.kept.handovers import Handover, hand_over
from histories.store.privacy import people


def row(lead: str, moment: int, *, stored: int = 1, told: str | None = None, sql: float | None = 0.25) -> ScoreRow:
    return ScoreRow(
        "request", lead, moment, moment, 0, stored, told, "bundle", "rules", sql, 0.125, 50.0, "C", 12.5, "B2", "mql",
        "lead", "both_low", "nurture", None, moment + 7,
    )  # fmt: skip


def test_answers_are_read_in_the_order_in_which_they_were_kept(opened: Store) -> None:
    numbers = keep(opened, [row("b", 10), row("a", 20, sql=None), row("a", 30)], 30)
    found = given(opened, 0, 100)
    assert found.schema == GIVEN
    assert found["score_id"].to_pylist() == list(numbers)
    assert found["lead_id"].to_pylist() == ["b", "a", "a"]
    assert found["probability_sql"].to_pylist() == [0.25, None, 0.25]
    assert found["rule_points"].to_pylist() == [12.5] * 3


def test_both_ends_of_the_time_asked_for_are_in_it(opened: Store) -> None:
    keep(opened, [row("a", moment) for moment in (9, 10, 20, 21)], 21)
    assert given(opened, 10, 20)["answered_at"].to_pylist() == [10, 20]
    assert given(opened, 30, 40).num_rows == 0


def test_a_what_if_is_an_answer_of_a_stored_lead_to_which_the_request_added(opened: Store) -> None:
    keep(opened, [row("a", 1), row("a", 2, told="{}"), row("a", 3, stored=0, told="{}")], 3)
    assert given(opened, 0, 9)["what_if"].to_pylist() == [False, True, False]


def test_a_merged_leads_rows_come_under_the_one_it_became_over_any_number_of_steps(opened: Store) -> None:
    opened.add_leads([LeadRow(name, 0) for name in ("a", "b", "c")], 1)
    keep(opened, [row(name, 5) for name in ("a", "b", "c")], 5)
    hand_over(opened, [Handover("list", name, 5, place, False, 1.0) for place, name in enumerate("abc", 1)])
    people.merge(opened, "a", "b", 6, 6)
    people.merge(opened, "b", "c", 7, 7)
    assert given(opened, 0, 9)["lead_id"].to_pylist() == ["c", "c", "c"]
    assert handed_over(opened, 0, 9)["lead_id"].to_pylist() == ["c", "c", "c"]


def test_a_lead_that_is_to_go_on_as_one_that_nobody_knows_yet_goes_by_its_own_id(opened: Store) -> None:
    opened.add_leads([LeadRow("a", 0)], 1)
    keep(opened, [row("a", 5)], 5)
    people.expect(opened, "a", "later", 6, 6)
    assert given(opened, 0, 9)["lead_id"].to_pylist() == ["a"]
    opened.add_leads([LeadRow("later", 0)], 7)
    assert given(opened, 0, 9)["lead_id"].to_pylist() == ["later"]


def test_a_list_is_written_down_once_however_often_it_is_sent(opened: Store) -> None:
    rows = [Handover("list", "a", 5, 1, True, 0.05, 7), Handover("list", "b", 5, 2, False, 1.0)]
    assert (hand_over(opened, rows), hand_over(opened, rows)) == (2, 0)
    found = handed_over(opened, 0, 9)
    assert found.schema == HANDED_OVER
    assert found.to_pylist() == [
        {"list_id": "list", "lead_id": "a", "as_of": 5, "explored": True, "propensity": 0.05, "score_id": 7},
        {"list_id": "list", "lead_id": "b", "as_of": 5, "explored": False, "propensity": 1.0, "score_id": None},
    ]


@pytest.mark.parametrize("propensity", [0.0, 1.5, float("nan")])
def test_what_is_no_propensity_is_refused_and_nothing_is_written(opened: Store, propensity: float) -> None:
    rows = [Handover("list", "a", 5, 1, False, 1.0), Handover("list", "b", 5, 2, True, propensity)]
    with pytest.raises(ValueError, match=f"propensity {propensity!r} of place 2: above 0 and at most 1"):
        hand_over(opened, rows)
    with opened.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(HANDOVERS)).scalar_one() == 0
