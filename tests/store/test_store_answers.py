"""Answers are kept with numbers of their own, in the order of a request, and drawn at random with a seed."""

from dataclasses import replace

import pytest
from crossing_cases import begin, there, told

from histories.store import LeadRow, Store
from histories.store.database.score_row import ScoreRow
from histories.store.kept import answers
from histories.store.privacy import forgetting, people

ROW = ScoreRow(
    request_id="r1", lead_id="a", as_of=5, answered_at=7, watermark=0, stored=1, given=None, bundle_version="b1",
    rulebook_version="k1", probability_sql=-0.0, probability_customer=0.1, score=40.0, grade="C", rule_points=3.0,
    rule_grade="D4", rule_stage="lead", stage="lead", agreement="both_low", next_action="nurture", follow_up_by=None,
    valid_until=9,
)  # fmt: skip


def test_answers_of_a_list_are_kept_and_cross_no_line(opened: Store) -> None:
    begin(opened, "a")
    listed = replace(ROW, rule_stage="mql")
    (number,) = answers.keep_list(opened, [listed])
    assert answers.newest(opened) == replace(listed, score_id=number)
    assert there(opened) == []
    answers.keep(opened, [replace(ROW, rule_stage="sql")], now=7)
    assert told(opened) == [("sql", None, "sql")]


def test_what_is_kept_reads_back_to_the_last_bit_under_its_number(opened: Store) -> None:
    given = [ROW, replace(ROW, lead_id="b", probability_sql=None, score=None, given='{"lead_id": "b"}')]
    numbers = answers.keep(opened, given, now=7)
    assert len(set(numbers)) == 2
    for row, number in zip(given, numbers, strict=True):
        assert number is not None
        assert repr(answers.score(opened, number)) == repr(replace(row, score_id=number))
    assert answers.score(opened, 999) is None
    assert answers.keep(opened, [], now=7) == ()
    assert answers.count(opened) == 2


def test_a_leads_answers_come_in_the_order_in_which_they_were_given_with_those_of_whom_it_was(opened: Store) -> None:
    opened.add_leads([LeadRow("a", 1), LeadRow("b", 1), LeadRow("c", 1)], 1)
    moments = [("b", 9), ("a", 7), ("c", 8), ("b", 6)]
    answers.keep(opened, [replace(ROW, lead_id=name, answered_at=at) for name, at in moments], now=9)
    people.merge(opened, "b", "a", 1, 1)
    for name in ("a", "b"):
        found = answers.scores_of(opened, name)
        assert [(one.lead_id, one.answered_at) for one in found] == [("b", 6), ("a", 7), ("b", 9)]
    assert [one.answered_at for one in answers.scores_of(opened, "c")] == [8]
    assert answers.scores_of(opened, "nobody") == ()


@pytest.mark.parametrize(("kept", "most"), [(0, 5), (4, 5), (5, 5), (40, 7), (900, 700)])
def test_as_many_are_drawn_as_asked_for_each_once_and_the_same_with_the_same_seed(
    opened: Store, kept: int, most: int
) -> None:
    answers.keep(opened, [replace(ROW, lead_id=f"l{number}") for number in range(kept)], now=7)
    drawn = answers.random_scores(opened, most, seed=3)
    numbers = [one.score_id or 0 for one in drawn]
    assert len(set(numbers)) == len(numbers) == min(kept, most)
    assert numbers == sorted(numbers)
    assert answers.random_scores(opened, most, seed=3) == drawn
    if kept > 3 * most:
        assert answers.random_scores(opened, most, seed=4) != drawn


def test_every_answer_is_drawn_as_often_as_another_though_numbers_are_missing(opened: Store) -> None:
    opened.add_leads([LeadRow("gone", 1)], 1)
    answers.keep(opened, [replace(ROW, lead_id="gone" if 1 <= number < 9 else f"l{number}") for number in range(20)], 7)
    forgetting.begin(opened, "gone", 1)
    forgetting.remove(opened, ["gone"])
    times = dict.fromkeys(("l0", "l9", "l19"), 0)
    for seed in range(300):
        for one in answers.random_scores(opened, 2, seed):
            if one.lead_id in times:
                times[one.lead_id] += 1
    assert all(25 <= many <= 85 for many in times.values()), times  # 50 are expected of 300 x 2 / 12


def test_nothing_is_kept_of_a_lead_that_was_forgotten_while_it_was_scored(opened: Store) -> None:
    opened.add_leads([LeadRow("a", 1), LeadRow("b", 1)], 1)
    forgetting.begin(opened, "b", 1)
    forgetting.remove(opened, ["b"])
    first, second = answers.keep(opened, [replace(ROW, lead_id="b"), replace(ROW, watermark=9)], now=7)
    assert first is None
    assert answers.score(opened, second or 0) == replace(ROW, watermark=9, score_id=second)
    assert answers.count(opened) == 1
