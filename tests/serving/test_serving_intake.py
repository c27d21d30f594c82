"""What is posted is kept once, in whatever form it comes; what cannot be kept is told row by row, and kept aside without a person's data."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from serving_intake import NOW, emptied, intake, posted, said

from histories import clock, store
from histories.contract import Attribute, AttributeType, Direction, Interaction, Outcome, Stage
from histories.store import Store, StoreUnavailableError
from serving.live.scrubbed import scrubbed
from serving.wire.errors import Problem, RequestError

JANUARY, FEBRUARY = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00+01:00"
LEAD = {"lead_id": "L1", "created_at": JANUARY, "account_id": "A", "attributes": {"industry": "bank", "employees": 7}}
REPLY = {"lead_id": "L1", "interaction_id": "i1", "occurred_at": FEBRUARY, "kind": "reply", "channel": "email"}
WON = {"lead_id": "L1", "stage": "customer", "reached_at": FEBRUARY, "amount": 12.5}
ADDED, DUPLICATE = ("added", None), ("duplicate", None)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    with emptied(tmp_path) as one:
        yield one


def test_what_is_posted_is_the_leads_history_and_posted_again_a_duplicate(opened: Store) -> None:
    one = intake(opened)
    bodies = [
        ("leads", {"leads": [LEAD]}),
        ("interactions", {"interactions": [REPLY]}),
        ("outcomes", {"outcomes": [WON]}),
    ]
    assert [said(posted(one, what, body)) for what, body in bodies] == [[ADDED]] * 3
    kept = store.lead(opened, "L1")
    assert (kept.created_at, kept.account_id) == (clock.parse(JANUARY), "A")
    assert kept.attributes == (Attribute("employees", 7.0), Attribute("industry", "bank"))
    assert kept.interactions == (Interaction("i1", clock.parse(FEBRUARY), "reply", NOW, "email"),)
    assert kept.outcomes == (Outcome(Stage.CUSTOMER, clock.parse(FEBRUARY), 12.5),)
    assert [said(posted(one, what, body, NOW + 1)) for what, body in bodies] == [[DUPLICATE]] * 3
    assert store.lead(opened, "L1") == kept


def test_what_arrives_is_known_from_then_on_unless_its_sender_says_since_when(opened: Store) -> None:
    told = {**REPLY, "interaction_id": "i2", "received_at": "2026-02-02T00:00:00Z"}
    posted(intake(opened), "leads", {"leads": [LEAD]})
    posted(intake(opened), "interactions", {"interactions": [REPLY, told]})
    received = {one.interaction_id: one.received_at for one in store.lead(opened, "L1").interactions}
    assert received == {"i1": NOW, "i2": clock.parse("2026-02-02")}


def test_without_an_id_content_names_an_interaction_however_often_and_whenever_it_comes(opened: Store) -> None:
    bare = {key: value for key, value in REPLY.items() if key != "interaction_id"}
    once = posted(intake(opened), "interactions", {"interactions": [bare, {**bare, "lead_id": "L2"}]})
    again = posted(intake(opened), "interactions", {"interactions": [{**bare, "received_at": FEBRUARY}]}, NOW + 9)
    assert (said(once), said(again)) == ([ADDED, ADDED], [DUPLICATE])
    assert once["rows"][0]["interaction_id"] == again["rows"][0]["interaction_id"]


def test_a_bad_row_stops_no_other_and_is_kept_aside_once(opened: Store) -> None:
    rows = [REPLY, {**REPLY, "kind": "call"}, {**REPLY, "occured_at": FEBRUARY}, {"lead_id": "L2"}, 5]
    answers = [posted(intake(opened), "interactions", {"interactions": rows}, NOW + late) for late in (0, 1)]
    refused = [
        "another row has this interaction_id; it differs in kind",
        (
            "occured_at: is not a known key; allowed are interaction_id, occurred_at, received_at, kind, channel, "
            "direction, value, lead_id; did you mean 'occurred_at'?"
        ),
        "occurred_at: is missing; it must be there",
        "the row is not an object; write one in braces",
    ]
    assert [said(one)[1:] for one in answers] == [[("refused", why) for why in refused]] * 2
    assert (answers[0]["added"], answers[1]["duplicates"]) == (1, 1)
    assert sorted(one.reason for one in opened.quarantined()) == sorted(refused)
    assert {(one.source, one.received_at) for one in opened.quarantined()} == {("interactions", NOW)}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"interactions": []}, "interactions: has too few entries; 1 at least"),
        ({"interactions": [REPLY] * 1001}, "interactions: has too many entries; 1000 at most"),
        ({"rows": [REPLY]}, "rows: is not a known key; allowed are interactions"),
        ("text", "the body is not an object; write one in braces"),
    ],
)
def test_a_body_without_rows_or_with_too_many_is_refused_as_a_whole(opened: Store, body: Any, problem: str) -> None:
    with pytest.raises(RequestError) as refusal:
        posted(intake(opened), "interactions", body)
    assert (str(refusal.value), refusal.value.problem) == (problem, Problem.INVALID_REQUEST)
    assert opened.watermark() == 0


def test_a_name_twice_is_refused_as_everywhere(opened: Store) -> None:
    with pytest.raises(RequestError, match="names a key twice"):
        intake(opened).interactions(b'{"interactions": [{"lead_id": "a", "lead_id": "b"}]}', "r" * 32, NOW)


def test_a_value_of_a_lead_that_is_known_already_is_known_from_its_arrival_on(opened: Store) -> None:
    one = intake(opened)
    posted(one, "leads", {"leads": [LEAD]})
    changed = {**LEAD, "attributes": {"industry": "farm", "employees": 7, "source": "web"}}
    assert said(posted(one, "leads", {"leads": [changed]}, NOW + 5)) == [ADDED]
    assert said(posted(one, "leads", {"leads": [changed]}, NOW + 9)) == [DUPLICATE]
    assert store.lead(opened, "L1").attributes == (
        Attribute("employees", 7.0),
        Attribute("industry", "bank"),
        Attribute("industry", "farm", NOW + 5),
        Attribute("source", "web", NOW + 5),
    )


def test_a_lead_that_says_something_else_of_itself_is_refused_and_the_rest_of_it_taken_in(opened: Store) -> None:
    one = intake(opened)
    posted(one, "leads", {"leads": [LEAD]})
    other = {**LEAD, "created_at": FEBRUARY, "attributes": {"source": "web"}}
    why = "another row has this lead_id; it differs in created_at; the rest of the row was taken in"
    assert said(posted(one, "leads", {"leads": [other]})) == [("refused", why)]


def test_personal_data_are_refused_and_kept_nowhere(opened: Store, tmp_path: Path) -> None:
    jane = {**LEAD, "attributes": {"first_name": "Jane-Roe", "note": "jane.roe@example.org", "industry": "bank"}}
    (verdict,) = said(posted(intake(opened), "leads", {"leads": [jane]}))
    assert verdict[0] == "refused"
    assert str(verdict[1]).startswith("attributes.first_name: is taken for a person's name")
    opened.close()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"L1" in written
    assert b"Jane-Roe" not in written
    assert b"jane.roe" not in written
    assert said(posted(intake(opened, frozenset({"first_name", "note"})), "leads", {"leads": [jane]})) == [ADDED]


def test_an_attribute_of_another_type_than_the_models_learnt_is_refused(opened: Store) -> None:
    wrong = {**LEAD, "attributes": {"employees": "many"}}
    why = "attributes.employees: is not a number; this attribute is one, write it without quotes"
    assert said(posted(intake(opened), "leads", {"leads": [wrong]})) == [("refused", why)]


LATER, STILL = "2026-03-02T00:00:00.000001Z", "2026-03-02T00:00:00Z"  # a day after arrival, to the microsecond
TO_COME = "lies more than a day after its arrival; send what has happened, with the offset of its time"


@pytest.mark.parametrize(
    ("what", "row", "field"),
    [
        ("leads", LEAD, "created_at"),
        ("interactions", REPLY, "occurred_at"),
        ("interactions", {**REPLY, "received_at": None}, "received_at"),
        ("outcomes", WON, "reached_at"),
        ("leads", {"type": "identify", "userId": "L1"}, "timestamp"),
    ],
)
def test_what_is_to_come_is_refused_and_can_be_corrected(
    opened: Store, what: str, row: dict[str, Any], field: str
) -> None:
    late, good = ({what: [{**row, field: moment}]} for moment in (LATER, STILL))
    assert said(posted(intake(opened), what, late)) == [("refused", f"{field}: {TO_COME}")]
    assert said(posted(intake(opened), what, good)) == [ADDED]
    assert [one.reason for one in opened.quarantined()] == [f"{field}: {TO_COME}"]


def test_traits_have_the_types_of_the_store_before_those_of_the_models(opened: Store) -> None:
    declared = {"employees": AttributeType.CATEGORY, "turnover": AttributeType.NUMBER, "rank": AttributeType.NUMBER}
    store.define(opened, store.Definitions(attribute_types=declared), 1)
    traits = {"employees": 12, "turnover": "1.5", "industry": 7}
    assert said(posted(intake(opened), "interactions", {**IDENTIFY, "traits": traits})) == [ADDED]
    assert {one.name: one.value for one in store.lead(opened, "L2").attributes} == {
        "employees": "12",
        "turnover": 1.5,
        "industry": "7",
    }
    wrong = {**IDENTIFY, "traits": {"rank": "first", "industry": "7"}}
    why = "attributes.rank: value is not a number; the rest of the row was taken in"
    verdict = said(posted(intake(opened), "leads", {**wrong, "timestamp": "2026-02-02T00:00:00Z"}))
    assert verdict == [("refused", why)]


TRACK = {"type": "track", "event": "Demo", "userId": "L1", "messageId": "m1", "timestamp": FEBRUARY}
IDENTIFY = {
    "type": "identify",
    "userId": "L2",
    "timestamp": FEBRUARY,
    "traits": {"industry": "bank", "employees": "12", "email": "a@b.org", "address": {"city": "Delft"}, "vip": True},
}
EVENT = {
    "specversion": "1.0",
    "id": "7",
    "source": "/calls",
    "type": "call",
    "subject": "L1",
    "time": FEBRUARY,
    "data": {"direction": "inbound"},
}


@pytest.mark.parametrize("body", [{"interactions": [TRACK, EVENT]}, [TRACK, EVENT], {"batch": [TRACK, EVENT]}])
def test_calls_and_events_are_the_interactions_of_their_leads_however_they_are_wrapped(
    opened: Store, body: Any
) -> None:
    posted(intake(opened), "leads", {"leads": [LEAD]})
    assert said(posted(intake(opened), "interactions", body)) == [ADDED, ADDED]
    at = clock.parse(FEBRUARY)
    assert store.lead(opened, "L1").interactions == (
        Interaction("/calls 7", at, "call", NOW, None, Direction.INBOUND),
        Interaction("m1", at, "Demo", NOW),
    )


def test_one_call_or_event_may_come_alone_and_a_visitor_counts_until_the_user_is_known(opened: Store) -> None:
    visit = {**TRACK, "userId": None, "anonymousId": "v1", "messageId": "m2"}
    answers = [posted(intake(opened), "interactions", one) for one in (TRACK, EVENT, visit)]
    assert [[row["lead_id"] for row in one["rows"]] for one in answers] == [["L1"], ["L1"], ["v1"]]


@pytest.mark.parametrize("what", ["interactions", "leads"])
def test_identify_makes_a_lead_of_which_traits_are_known_from_its_moment_on(opened: Store, what: str) -> None:
    at = clock.parse(FEBRUARY)
    assert said(posted(intake(opened), what, IDENTIFY)) == [ADDED]
    kept = store.lead(opened, "L2")
    assert kept.created_at == at
    assert kept.attributes == (
        Attribute("employees", 12.0, at),
        Attribute("industry", "bank", at),
        Attribute("vip", "true", at),
    )
    assert said(posted(intake(opened), what, IDENTIFY, NOW + 1)) == [DUPLICATE]
    later = {**IDENTIFY, "timestamp": "2026-02-03T00:00:00Z", "traits": {"industry": "farm"}}
    assert said(posted(intake(opened), what, later)) == [ADDED]
    assert store.lead(opened, "L2").created_at == at


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (
            {**TRACK, "type": "page"},
            "type: is no call that tells an interaction or a lead; send track and identify calls",
        ),
        (
            {key: value for key, value in TRACK.items() if key != "userId"},
            "has neither userId nor anonymousId; send the lead's id in one of them",
        ),
        (
            {key: value for key, value in IDENTIFY.items() if key != "timestamp"},
            "has neither timestamp nor originalTimestamp; send one of them",
        ),
        ({key: value for key, value in EVENT.items() if key != "subject"}, "subject: is missing; it must be there"),
    ],
)
def test_a_call_or_event_that_tells_too_little_is_refused(opened: Store, call: dict[str, Any], why: str) -> None:
    assert said(posted(intake(opened), "interactions", {"interactions": [call]})) == [("refused", why)]


def test_a_store_that_does_not_answer_is_503_and_the_request_may_come_again(opened: Store) -> None:
    class Down:
        database = opened.database

    def fails(*_: object) -> None:
        raise StoreUnavailableError("the store at x does not answer")

    broken = Down()
    broken.database = type("Database", (), {"written": fails})()
    with pytest.raises(RequestError) as refusal:
        posted(replace(intake(opened), store=broken), "interactions", {"interactions": [REPLY]})
    assert refusal.value.problem is Problem.STORE_UNAVAILABLE
    assert dict(refusal.value.headers)["retry-after"] == "2"


def test_a_refused_row_is_kept_without_what_is_personal_too_deep_or_too_long() -> None:
    deep: Any = {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}
    assert json.loads(scrubbed({"Phone": 612345678, "jane@example.org": 1, "x": 10**30, "name": "Jane"})) == {
        "Phone": "(removed)",
        "(removed)": 1,
        "x": "(cut)",
        "name": "(removed)",
    }
    assert "(cut)" in scrubbed(deep)
    assert json.loads(scrubbed({"lead_id": "L1", "x": ["y" * 900] * 20})) == {
        "lead_id": "L1",
        "(cut)": "18104 characters",
    }
