"""Which answers count, on leads whose answers one can count by hand."""

import itertools
from dataclasses import asdict

import pyarrow as pa
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from histories.assemble import assemble
from histories.clock import DAY, HOUR
from histories.contract import Families, Histories, LeadHistory, Outcome, Stage, Target
from histories.store.kept.given import GIVEN
from training.monitor.counted import Counted, Question, count

NOW = 1000 * DAY
ASKED = {"bundle": Question(30, 0), "newer": Question(30, 900 * DAY), "other": Question(60, 0)}


def company(**outcomes: tuple[Outcome, ...]) -> Histories:
    leads = [LeadHistory(name, 0, outcomes=found) for name, found in outcomes.items()]
    return assemble(leads, exported_at=NOW, timezone="UTC", families=Families({}))


def answer(lead: str, day: float, **other: object) -> dict[str, object]:
    moment = int(day * DAY)
    row = {"score_id": 1, "lead_id": lead, "as_of": moment, "answered_at": moment, "what_if": False}
    row |= {"bundle_version": "bundle", "rulebook_version": "rules", "probability_sql": 0.1}
    return row | {"probability_customer": 0.2, "rule_points": 10.0} | other


def counted(histories: Histories, *rows: dict[str, object], target: Target = Target.CUSTOMER) -> Counted:
    numbered = [row | {"score_id": place} for place, row in enumerate(rows)]
    return count(pa.Table.from_pylist(numbered, schema=GIVEN), histories, target, ASKED, 30)


def test_a_lead_asked_a_hundred_times_counts_once_a_horizon() -> None:
    asked = [answer("a", 100 + day) for day in range(100)]
    found = counted(company(a=()), *asked)
    assert [moment // DAY for moment in found.as_of.tolist()] == [100, 130, 160, 190]
    assert (found.tally.counted, found.tally.repeated) == (4, 96)


def test_two_answers_of_one_moment_count_once_the_earlier_given_first() -> None:
    found = counted(company(a=()), answer("a", 100), answer("a", 100))
    assert found.row.tolist() == [0]


def test_what_is_asked_after_a_swap_of_the_model_does_not_count_within_the_horizon_of_what_was_asked_before() -> None:
    found = counted(company(a=()), answer("a", 920), answer("a", 930, bundle_version="newer"))
    assert (found.row.tolist(), found.tally.repeated) == ([0], 1)


@pytest.mark.parametrize(("asked", "mature"), [(970, True), (970 + 1 / DAY, False)])
def test_an_answer_counts_from_the_moment_on_at_which_its_horizon_ends(asked: float, mature: bool) -> None:
    found = counted(company(a=()), answer("a", asked))
    assert (found.tally.counted, found.tally.not_mature) == ((1, 0) if mature else (0, 1))
    assert found.known_from == (None if mature else NOW + 1)


def test_a_lead_that_converts_soon_does_not_count_before_its_horizon_ends() -> None:
    won = company(a=(Outcome(Stage.CUSTOMER, 981 * DAY),))
    assert counted(won, answer("a", 980)).tally.not_mature == 1


@pytest.mark.parametrize(("reached", "label"), [(100 * DAY, 1), (130 * DAY - 1, 1), (130 * DAY, 0), (500 * DAY, 0)])
def test_what_is_reached_within_the_horizon_is_a_yes(reached: int, label: int) -> None:
    found = counted(company(a=(Outcome(Stage.CUSTOMER, reached),)), answer("a", 100))
    assert found.label.tolist() == [label]


def test_a_lost_lead_is_a_no_whatever_comes_of_it_later() -> None:
    outcomes = (Outcome(Stage.LOST, 105 * DAY), Outcome(Stage.CUSTOMER, 110 * DAY))
    assert counted(company(a=outcomes), answer("a", 100)).label.tolist() == [0]


def test_a_later_stage_answers_for_an_earlier_one() -> None:
    found = counted(company(a=(Outcome(Stage.CUSTOMER, 110 * DAY),)), answer("a", 100), target=Target.SQL)
    assert found.label.tolist() == [1]


REASONS = {
    "what_if": answer("a", 100, what_if=True),
    "other_moment": answer("a", 100, answered_at=101 * DAY),
    "other_question": answer("a", 100, bundle_version="other"),
    "unknown_lead": answer("nobody", 100),
    "before_training": answer("a", 100, bundle_version="newer"),
    "settled": answer("late", 100),
}


@pytest.mark.parametrize("reason", REASONS)
def test_an_answer_that_does_not_count_is_counted_under_its_reason(reason: str) -> None:
    histories = company(a=(), late=(Outcome(Stage.CUSTOMER, 99 * DAY),))
    tally = asdict(counted(histories, REASONS[reason]).tally)
    assert {name: number for name, number in tally.items() if number} == {"given": 1, reason: 1}


def test_an_answer_given_within_a_day_of_its_moment_counts() -> None:
    assert counted(company(a=()), answer("a", 100, answered_at=100 * DAY + 23 * HOUR)).tally.counted == 1


def test_an_answer_without_a_probability_is_none_for_that_target() -> None:
    asked = answer("a", 100, probability_sql=None)
    assert counted(company(a=()), asked, target=Target.SQL).tally.given == 0
    assert counted(company(a=()), asked).tally.counted == 1


@settings(deadline=None, max_examples=40)
@drawn(st.lists(st.tuples(st.sampled_from("abz"), st.integers(0, 999), st.sampled_from([*ASKED, "gone"])), max_size=30))
def test_every_answer_is_in_one_count_and_those_that_count_lie_a_horizon_apart(
    asked: list[tuple[str, int, str]],
) -> None:
    histories = company(a=(), b=(Outcome(Stage.CUSTOMER, 500 * DAY),))
    found = counted(histories, *(answer(lead, day, bundle_version=bundle) for lead, day, bundle in asked))
    tally = asdict(found.tally)
    assert tally.pop("given") == len(asked) == sum(tally.values())
    by_lead: dict[int, list[int]] = {}
    for lead, moment in zip(found.lead.tolist(), found.as_of.tolist(), strict=True):
        by_lead.setdefault(lead, []).append(moment)
    assert all(later - earlier >= 30 * DAY for one in by_lead.values() for earlier, later in itertools.pairwise(one))


@settings(deadline=None, max_examples=40)
@drawn(st.lists(st.integers(0, 999), min_size=1, max_size=30), st.integers(0, 999))
def test_what_counts_up_to_a_moment_does_not_hang_on_later_answers(days: list[int], until: int) -> None:
    def moments(asked: list[int]) -> list[int]:
        found = counted(company(a=()), *(answer("a", day) for day in asked))
        return [one for one in [*found.as_of.tolist(), *found.waiting.tolist()] if one <= until * DAY]

    assert moments(days) == moments([day for day in days if day <= until])
