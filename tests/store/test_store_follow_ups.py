"""Who is overdue, who is due, and what was met: counted by hand, on both databases."""

import json
import time
from dataclasses import replace
from datetime import date

import pytest
from crossing_cases import answer, begin
from typer.testing import CliRunner

from histories.clock import DAY, HOUR, MINUTE, iso, parse
from histories.contract import Direction, Families, Interaction, Outcome, Stage
from histories.store import Definitions, InteractionRow, LeadRow, OutcomeRow, Store, define
from histories.store.kept import answers, artifacts
from histories.store.kept.artifacts import Kind
from histories.store.privacy import people
from lead_scoring import app
from scoring import rulebook
from serving.live import follow_ups as following
from serving.live.follow_ups import FollowUps, Week

BOOK = 'name = "b"\n[stages]\nmql = { points = 1 }\nsql = { points = 2 }\n[follow_up]\nmql_hours = 72\nsql_hours = 24\n'
VERSION = rulebook.parse(BOOK, "b").version
MONDAY = parse("2026-11-02T10:00:00Z")


def cross(store: Store, lead_id: str, stage: str, at: int, noticed_after: int = 0) -> None:
    """A lead crosses a line at a moment; somebody asks some time later."""
    hours = 24 if stage == "sql" else 72
    one = answer(lead_id, stage, at + noticed_after, follow_up_by=at + hours * HOUR, rulebook_version=VERSION)
    begin(store, lead_id)
    answers.keep(store, [replace(one, score_id=None)], at + noticed_after)


def happens(store: Store, lead_id: str, kind: str, at: int, direction: Direction | None = None) -> None:
    store.add_interactions(
        [InteractionRow(lead_id, Interaction(f"{lead_id}:{kind}:{at}", at, kind, at, None, direction))], at
    )


def found(store: Store, now: int) -> FollowUps:
    return following.follow_ups(store, MONDAY - 100 * DAY, now)


@pytest.fixture
def agreed(opened: Store) -> Store:
    """A store that has a rulebook, families and some leads."""
    artifacts.archive(opened, VERSION, Kind.RULEBOOK, BOOK.encode(), 1)
    families = Families({"two_way": ("call_answered",), "outbound": ("mail_*",), "intent": ("demo",)})
    define(opened, Definitions("Europe/Amsterdam", families), 1)
    opened.add_leads([LeadRow(one, 0) for one in ("a", "b", "c", "d", "e", "f")], 1)
    return opened


def test_a_lead_that_nobody_spoke_to_is_due_until_its_time_is_over_and_overdue_from_then_on(agreed: Store) -> None:
    cross(agreed, "a", "mql", MONDAY)
    happens(agreed, "a", "demo", MONDAY + HOUR, Direction.INBOUND)
    happens(agreed, "a", "mail_1", MONDAY - 1, Direction.OUTBOUND)
    before, after = found(agreed, MONDAY + 72 * HOUR), found(agreed, MONDAY + 72 * HOUR + 1)
    assert [one.clock.lead_id for one in before.due] == ["a"]
    assert before.overdue == ()
    assert [one.clock.lead_id for one in after.overdue] == ["a"]
    assert after.due == ()


@pytest.mark.parametrize(
    ("kind", "direction"),
    [("call_answered", None), ("mail_2", None), ("linkedin", Direction.OUTBOUND)],
)
def test_what_was_outbound_or_went_both_ways_in_time_meets_it(
    agreed: Store, kind: str, direction: Direction | None
) -> None:
    cross(agreed, "a", "mql", MONDAY)
    happens(agreed, "a", kind, MONDAY + 72 * HOUR, direction)
    (one,) = found(agreed, MONDAY + 9 * DAY).all
    assert (one.outcome, one.since, one.contacted_at) == ("met", MONDAY, MONDAY + 72 * HOUR)


def test_mass_mail_is_no_contact_where_the_store_says_what_is(agreed: Store) -> None:
    """A newsletter to both, a letter to one: without the family `follow_up` both were met, with it one."""
    for lead_id in ("a", "b"):
        cross(agreed, lead_id, "mql", MONDAY)
        happens(agreed, lead_id, "newsletter", MONDAY + HOUR, Direction.OUTBOUND)
    happens(agreed, "b", "mail_1", MONDAY + 2 * HOUR)
    before = found(agreed, MONDAY + 9 * DAY)
    families = Families({"two_way": ("call_answered",), "outbound": ("mail_*",), "follow_up": ("mail_*", "call_*")})
    define(agreed, Definitions("Europe/Amsterdam", families), 2)
    after = found(agreed, MONDAY + 9 * DAY)
    assert [(one.clock.lead_id, str(one.outcome)) for one in before.all] == [("a", "met"), ("b", "met")]
    assert [(one.clock.lead_id, str(one.outcome)) for one in after.all] == [("a", "overdue"), ("b", "met")]
    assert (before.contact, after.contact) == (("two_way", "outbound"), ("two_way", "follow_up"))


def test_the_time_begins_when_the_line_was_crossed_not_when_somebody_noticed(agreed: Store) -> None:
    cross(agreed, "a", "sql", MONDAY, noticed_after=5 * HOUR)
    happens(agreed, "a", "call", MONDAY + HOUR, Direction.OUTBOUND)
    (one,) = found(agreed, MONDAY + 9 * DAY).all
    assert (one.outcome, one.since) == ("met", MONDAY)


def test_weeks_count_what_was_met_missed_and_left(agreed: Store) -> None:
    for lead_id in ("a", "b", "c", "d", "e"):
        cross(agreed, lead_id, "mql", MONDAY)
    happens(agreed, "a", "call_answered", MONDAY + DAY)
    happens(agreed, "b", "call_answered", MONDAY + 4 * DAY)
    agreed.add_outcomes([OutcomeRow("c", Outcome(Stage.LOST, MONDAY + DAY))], MONDAY + DAY)
    agreed.add_outcomes([OutcomeRow("d", Outcome(Stage.CUSTOMER, MONDAY + 5 * DAY))], MONDAY + DAY)
    sunday = parse("2026-11-08T22:30:00Z")  # 23:30 in Amsterdam
    cross(agreed, "e", "sql", sunday - 24 * HOUR)
    cross(agreed, "f", "sql", sunday + HOUR - 24 * HOUR)
    now = sunday + MINUTE
    weeks = found(agreed, now).weeks
    assert weeks == (
        Week(date(2026, 11, 9), "sql", due=1, overdue=0, met=0, missed=0, ended=0),
        Week(date(2026, 11, 2), "sql", due=0, overdue=1, met=0, missed=0, ended=0),
        Week(date(2026, 11, 2), "mql", due=0, overdue=1, met=1, missed=2, ended=1),
    )
    assert [one.share_met for one in weeks] == [None, 0.0, 0.25]
    assert [one.clock.lead_id for one in found(agreed, now).overdue] == ["e"]
    assert [one.clock.lead_id for one in found(agreed, now).due] == ["f"]


def test_who_wants_to_hear_nothing_more_is_called_no_more(agreed: Store) -> None:
    families = Families({"two_way": ("call_answered",), "outbound": ("mail_*",), "negative": ("unsubscribe",)})
    define(agreed, Definitions("Europe/Amsterdam", families), 2)
    for lead_id in ("a", "b", "c"):
        cross(agreed, lead_id, "mql", MONDAY)
    happens(agreed, "a", "unsubscribe", MONDAY + DAY)
    happens(agreed, "b", "unsubscribe", MONDAY + 4 * DAY, Direction.OUTBOUND)
    happens(agreed, "c", "unsubscribe", MONDAY - DAY)
    ups = found(agreed, MONDAY + 9 * DAY)
    assert {one.clock.lead_id: str(one.outcome) for one in ups.all} == {"a": "ended", "b": "missed", "c": "overdue"}


def test_who_objected_is_left_out_and_who_was_merged_is_followed_up_as_the_one_that_goes_on(agreed: Store) -> None:
    cross(agreed, "a", "mql", MONDAY)
    cross(agreed, "b", "mql", MONDAY)
    people.suppress(agreed, "a", MONDAY + HOUR)
    people.merge(agreed, "b", "c", MONDAY + HOUR, MONDAY + HOUR)
    assert [one.clock.lead_id for one in found(agreed, MONDAY + 2 * HOUR).due] == ["c"]
    happens(agreed, "c", "call_answered", MONDAY + 2 * HOUR)
    assert [one.outcome for one in found(agreed, MONDAY + 3 * HOUR).all] == ["met"]


def test_a_rulebook_that_is_not_kept_counts_from_when_the_line_was_seen(agreed: Store) -> None:
    one = answer("a", "mql", MONDAY, follow_up_by=MONDAY + DAY, rulebook_version="lost")
    begin(agreed, "a")
    answers.keep(agreed, [replace(one, score_id=None)], MONDAY)
    assert found(agreed, MONDAY).all[0].since == MONDAY


def test_the_command_prints_tables_and_json(agreed: Store, url: str) -> None:
    now = time.time_ns() // 1000
    cross(agreed, "a", "sql", now - 2 * DAY)
    cross(agreed, "b", "mql", now - DAY)
    cross(agreed, "c", "mql", now - DAY)
    happens(agreed, "c", "call_answered", now - DAY + 1)
    printed = CliRunner().invoke(app, ["follow-ups", "--store", url])
    assert printed.exit_code == 0, printed.output
    assert "Overdue: 1 lead\n" in printed.stdout
    assert "Due next: 1 lead\n" in printed.stdout
    told_of = "Any outbound interaction counts as contact, mass mail too; a family follow_up in crm.toml says which do."
    assert max(len(one) for one in printed.stdout.splitlines() if one != told_of) <= 80
    assert printed.stdout.splitlines()[-1] == told_of
    told = json.loads(CliRunner().invoke(app, ["follow-ups", "--json", "--store", url]).stdout)
    assert told["contact"] == ["two_way", "outbound"]
    assert [one["lead_id"] for one in told["overdue"]] == ["a"]
    assert [one["lead_id"] for one in told["due"]] == ["b"]
    assert told["overdue"][0]["reached_at"] == iso(now - 2 * DAY)
    assert sum(one["met"] for one in told["weeks"]) == 1


def test_a_store_without_crossings_says_that_there_is_nothing(opened: Store, url: str) -> None:
    del opened
    printed = CliRunner().invoke(app, ["follow-ups", "--store", url])
    assert printed.exit_code == 0
    assert printed.stdout.endswith(
        "no lead crossed to mql or sql in these weeks, or the rulebook has no [follow_up].\n"
    )
