"""A line is crossed once, whoever sees it, in order within the lead, and by what counts alone."""

import json
import threading
from itertools import pairwise

import pytest
from crossing_cases import answer, note, there, told
from hypothesis import given
from hypothesis import strategies as st

from histories.clock import DAY, HOUR, MINUTE, SECOND, iso
from histories.store import LeadRow, Store
from histories.store.crossing import crossings, standing, touched
from histories.store.crossing.standing import Agreed, Standing, crossed, is_newer, lines

_stages = st.sampled_from(["lead", "mql", "sql"])
_records = st.sampled_from(["lead", "mql", "sql", "opportunity", "customer", "lost"])
_grades = st.sampled_from([None, "A", "B"])


def test_a_first_answer_below_the_lines_makes_a_standing_and_no_crossing(opened: Store) -> None:
    note(opened, answer("a", "lead", 100))
    assert told(opened) == []
    note(opened, answer("a", "mql", 200))
    assert told(opened) == [("mql", "lead", "mql")]


def test_a_first_answer_beyond_a_line_is_a_crossing_of_which_nothing_was_known_before(opened: Store) -> None:
    note(opened, answer("a", "sql", 100))
    assert told(opened) == [("sql", None, "sql")]


def test_a_lead_that_passes_mql_on_its_way_to_sql_makes_one_crossing(opened: Store) -> None:
    note(opened, answer("a", "lead", 100))
    note(opened, answer("a", "sql", 200))
    assert told(opened) == [("sql", "lead", "sql")]


def test_a_lead_that_falls_back_crosses_nothing_and_crosses_again_when_it_comes_back(opened: Store) -> None:
    for as_of, stage in enumerate(["lead", "mql", "mql", "lead", "mql", "sql", "mql", "sql"], 100):
        note(opened, answer("a", stage, as_of))
    assert told(opened) == [
        ("mql", "lead", "mql"),
        ("mql", "lead", "mql"),
        ("sql", "mql", "sql"),
        ("sql", "mql", "sql"),
    ]


def test_stage_and_grade_that_change_at_once_are_two_crossings_the_stage_first(opened: Store) -> None:
    note(opened, answer("a", "lead", 100, grade="C"))
    note(opened, answer("a", "mql", 200, grade="A", follow_up_by=900))
    assert told(opened) == [("mql", "lead", "mql"), ("grade", "C", "A")]
    first, second = there(opened)
    assert (first.number, second.number) == (1, 2)
    assert (first.follow_up_by, second.follow_up_by) == (900, None)
    assert (first.next_attempt_at, second.next_attempt_at) == (200, None)


def test_a_grade_that_appears_or_goes_is_no_change(opened: Store) -> None:
    for as_of, grade in enumerate([None, "A", None, "B"], 100):
        note(opened, answer("a", "lead", as_of, grade=grade))
    assert told(opened) == []


def test_what_is_told_names_the_lead_by_its_id_alone(opened: Store) -> None:
    note(opened, answer("a", "mql", 0, follow_up_by=72_000_000))
    (crossing,) = there(opened)
    assert json.loads(crossing.payload) == {
        "type": "lead.reached_mql",
        "version": 1,
        "timestamp": "1970-01-01T00:00:00Z",
        "data": {
            "lead_id": "a",
            "number": 1,
            "before": None,
            "after": "mql",
            "probability_sql": 0.5,
            "probability_customer": 0.25,
            "score": 81.5,
            "grade": "C",
            "rule_points": 45.0,
            "rule_grade": "B2",
            "rule_stage": "mql",
            "stage": "lead",
            "next_action": "nurture",
            "follow_up_by": "1970-01-01T00:01:12Z",
            "as_of": "1970-01-01T00:00:00Z",
            "model_version": "b1",
            "rulebook_version": "r1",
        },
    }
    assert crossing.crossing_id.startswith("msg_")


@pytest.mark.parametrize(
    "late",
    [
        pytest.param({"as_of": DAY - 6 * MINUTE}, id="as-of-an-earlier-moment"),
        pytest.param({"as_of": 2 * DAY}, id="as-of-a-moment-to-come"),
        pytest.param({"given": "{}"}, id="with-what-the-request-added"),
        pytest.param({"watermark": 0}, id="made-from-less-than-is-known"),
        pytest.param({"stored": 0, "given": "{}"}, id="told-by-a-request-of-a-lead-that-the-store-has"),
    ],
)
def test_an_answer_that_says_no_more_than_the_standing_crosses_nothing(opened: Store, late: dict[str, object]) -> None:
    opened.add_leads([LeadRow("a", 0)], 1)
    note(opened, answer("a", "lead", DAY))
    note(opened, answer("a", "sql", **{"as_of": DAY + 1, **late}), now=DAY + 1)  # type: ignore[arg-type]
    assert told(opened) == []
    note(opened, answer("a", "mql", DAY + 2))
    assert told(opened) == [("mql", "lead", "mql")]


@pytest.mark.parametrize("watermark", [1, 2])
@pytest.mark.parametrize("behind", [1, 2 * MINUTE])
def test_a_clock_that_is_behind_or_a_question_about_what_just_was_has_no_rise_told_twice(
    opened: Store, watermark: int, behind: int
) -> None:
    note(opened, answer("a", "lead", DAY))
    for number in range(3):
        at = 2 * DAY + number * SECOND
        note(opened, answer("a", "mql", at, watermark=2))
        note(opened, answer("a", "lead", at - behind, watermark=watermark + 1), now=at)
        note(opened, answer("a", "mql", at, watermark=2), now=at)
    assert told(opened) == [("mql", "lead", "mql")]


def test_a_question_about_what_will_be_in_minutes_has_no_rise_told_twice(opened: Store) -> None:
    note(opened, answer("a", "lead", DAY))
    note(opened, answer("a", "mql", DAY + 4 * MINUTE), now=DAY + 1)
    note(opened, answer("a", "lead", DAY + 2))
    note(opened, answer("a", "mql", DAY + 3 * MINUTE))
    note(opened, answer("a", "mql", DAY + 5 * MINUTE))
    assert told(opened) == [("mql", "lead", "mql")]


def test_a_lead_is_looked_at_again_where_what_was_passed_over_knew_more_or_saw_more(opened: Store) -> None:
    def looked_at(now: int) -> list[str]:
        with opened.database.reading() as connection:
            return touched.ended(connection, now, 9)

    note(opened, answer("a", "lead", DAY, watermark=2))
    note(opened, answer("a", "mql", DAY - MINUTE, watermark=2), now=DAY)
    note(opened, answer("a", "mql", DAY - 6 * MINUTE, watermark=3), now=DAY)
    assert looked_at(2 * DAY) == []
    note(opened, answer("a", "mql", DAY - MINUTE, watermark=3), now=DAY - MINUTE)
    assert (looked_at(DAY - 1), looked_at(DAY)) == ([], ["a"])
    note(opened, answer("a", "lead", DAY + 1, watermark=3))
    note(opened, answer("a", "mql", DAY + MINUTE, watermark=2))
    assert (looked_at(DAY + MINUTE - 1), looked_at(DAY + MINUTE)) == ([], ["a"])


def test_a_lead_that_only_requests_tell_of_crosses_lines_too(opened: Store) -> None:
    note(opened, answer("a", "lead", 100, stored=0, given="{}"))
    note(opened, answer("a", "mql", 200, stored=0, given="{}"))
    note(opened, answer("a", "sql", 199, stored=0, given="{}"), now=300)
    assert told(opened) == [("mql", "lead", "mql")]


def test_a_first_answer_about_a_moment_that_is_long_over_is_no_news(opened: Store) -> None:
    """A batch of leads told whole, as of last year: a look back. What is as of yesterday is told."""
    now = 400 * DAY
    note(opened, answer("old", "sql", 35 * DAY, stored=0), now=now)
    note(opened, answer("new", "sql", now - DAY, stored=0), now=now)
    assert told(opened, "old") == []
    assert told(opened, "new") == [("sql", None, "sql")]
    note(opened, answer("old", "sql", now, stored=0), now=now)
    assert told(opened, "old") == [("sql", None, "sql")]


def test_a_lead_that_the_record_puts_on_a_stage_crosses_its_line_once(opened: Store) -> None:
    """Sales sets mql; the points follow, and fall; then sales sets sql. The CRM's echo of what was told is no news."""
    for as_of, (points, record) in enumerate(
        [("lead", "lead"), ("lead", "mql"), ("mql", "mql"), ("lead", "mql"), ("mql", "mql"), ("mql", "sql")], 100
    ):
        note(opened, answer("a", points, as_of, stage=record, follow_up_by=as_of + 900))
        note(opened, answer("b", record, as_of), answer("b", record, as_of, stage=record))
    assert told(opened) == told(opened, "b") == [("mql", "lead", "mql"), ("sql", "mql", "sql")]
    assert [one.follow_up_by for one in there(opened, "a")] == [1001, 1005]


def test_a_lead_in_a_deal_is_past_all_lines_and_one_that_was_lost_crosses_them_anew(opened: Store) -> None:
    for as_of, (points, record) in enumerate(
        [("lead", "lead"), ("lead", "opportunity"), ("sql", "customer"), ("lead", "lost"), ("mql", "lost")], 100
    ):
        note(opened, answer("a", points, as_of, stage=record))
    note(opened, answer("b", "sql", 100, stage="customer"))
    assert told(opened) == [("mql", "lead", "mql")]
    assert told(opened, "b") == []


def test_a_lead_begins_on_the_stage_that_the_record_had(opened: Store) -> None:
    row = answer("a", "lead", 100, stage="sql")
    opened.database.written(lambda connection: crossings.begin(connection, [row], {}))
    note(opened, answer("a", "mql", 200, stage="sql"))
    assert told(opened) == []


@pytest.mark.parametrize(("stage", "hours"), [("mql", 72), ("sql", 24)])
def test_a_clock_never_starts_before_the_last_answer_that_said_otherwise(opened: Store, stage: str, hours: int) -> None:
    """Rows of earlier days came, or the rulebook was edited: 40 days ago nobody could know, so it starts now."""
    agreed, now = Agreed(72 * HOUR, 24 * HOUR), 50 * DAY
    for lead_id, crossed_at in (("old", now - 40 * DAY), ("new", now - DAY)):
        note(opened, answer(lead_id, "lead", now - 2 * DAY))
        by = crossed_at + hours * HOUR
        note(opened, answer(lead_id, stage, now, follow_up_by=by), agreed=agreed)
    (old,), (new,) = there(opened, "old"), there(opened, "new")
    assert (old.follow_up_by, new.follow_up_by) == (now + hours * HOUR, now - DAY + hours * HOUR)
    told_by = json.loads(old.payload)["data"]["follow_up_by"]
    assert told_by == iso(now + hours * HOUR)


def test_a_standing_of_an_earlier_moment_lets_what_was_crossed_before_it_pass(opened: Store) -> None:
    def begin(*leads: str) -> frozenset[str]:
        rows = [answer(one, "mql", 100) for one in leads]

        def work(connection: crossings.sa.Connection) -> frozenset[str]:
            crossings.begin(connection, rows, {})
            return crossings.without_standing(connection, ["a", "b", "c"])

        return opened.database.written(work)

    note(opened, answer("b", "lead", 50))
    assert begin("a", "b") == {"c"}
    note(opened, answer("a", "mql", 200), answer("b", "mql", 200))
    assert told(opened, "a") == []
    assert told(opened, "b") == [("mql", "lead", "mql")]


@pytest.mark.parametrize("new", [True, False])
def test_of_answers_that_are_given_at_once_one_makes_the_crossing(opened: Store, new: bool) -> None:
    leads = [f"lead:{number}" for number in range(20)]
    if not new:
        note(opened, *(answer(one, "lead", 100) for one in leads))
    ready = threading.Barrier(6)

    def ask(number: int) -> None:
        rows = [answer(one, "mql", 200 + number) for one in leads]
        ready.wait()
        note(opened, *(rows if number % 2 else rows[::-1]))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [(one.lead_id, one.number, one.kind) for one in there(opened)] == [
        (lead_id, 1, "mql") for lead_id in sorted(leads)
    ]


@given(st.lists(st.tuples(_stages, _grades), max_size=8))
def test_lines_are_crossed_upwards_and_grades_change_between_two_that_are_there(
    answers: list[tuple[str, str | None]],
) -> None:
    stands, found = None, []
    for number, (stage, grade) in enumerate(answers):
        found += [(one.kind, one.after) for one in lines(stands, stage, grade)]
        stands = Standing(stage, grade, number, number)
    ranks = ["lead", "mql", "sql"]
    stages = ["lead", *(stage for stage, _ in answers)]
    rises = [now for before, now in pairwise(stages) if ranks.index(now) > ranks.index(before)]
    assert [kind for kind, _ in found if kind != "grade"] == rises
    grades = [grade for _, grade in answers]
    changes = [now for before, now in pairwise(grades) if before and now and before != now]
    assert [after for kind, after in found if kind == "grade"] == changes


@given(st.lists(st.tuples(_stages, _records), max_size=8))
def test_the_higher_of_points_and_record_crosses_a_line_unless_there_is_a_deal(
    answers: list[tuple[str, str]],
) -> None:
    ranks = {"lost": -1, "lead": 0, "mql": 1, "sql": 2, "opportunity": 2, "customer": 2}
    stands, was = None, 0
    for number, (points, record) in enumerate(answers):
        found = [one.kind for one in crossed(stands, points, record, None)]
        now = max(ranks[points], ranks[record])
        deal = record in ("opportunity", "customer")
        assert found == ([] if deal or now <= was else [["mql", "sql"][now - 1]])
        stands, was = Standing(standing.stage(points, record), None, number, number), now


@given(st.integers(0, 2 * DAY), st.integers(0, 2 * DAY), st.integers(0, 3), st.integers(0, 3))
def test_of_two_answers_from_one_store_the_newer_is_as_of_no_earlier_moment_and_knew_no_less(
    as_of: int, other: int, watermark: int, later: int
) -> None:
    newer = is_newer(Standing("lead", None, as_of, watermark), other, later, stored=True, now=2 * DAY)
    assert newer == (later >= watermark and other >= as_of)
