"""Segment calls and CloudEvents are read as the interactions that they tell; what is wrong with one is said in its own words."""

import json
from typing import Any

import pytest

from histories import clock
from histories.contract import Direction, Interaction
from serving.wire import complaint, mapping
from serving.wire.api import PredictOneRequest, WireLead
from serving.wire.base import WireInteraction
from serving.wire.bounds import json_of
from serving.wire.errors import Problem

LEAD = {"lead_id": "L1", "created_at": "2026-01-01T00:00:00Z"}
TRACK: dict[str, Any] = {
    "type": "track",
    "event": "Pricing Viewed",
    "messageId": "ajs-1",
    "userId": "97980cfea0067",
    "anonymousId": "507f191e810c19729de860ea",
    "timestamp": "2026-02-27T14:00:00.123Z",
    "originalTimestamp": "2026-02-27T13:00:00Z",
    "sentAt": "2026-02-27T13:00:01Z",
    "receivedAt": "2026-02-27T14:00:02Z",
    "properties": {"value": 180, "channel": "web", "direction": "inbound", "plan": "Enterprise", "price": "12"},
    "context": {"ip": "8.8.8.8", "campaign": {"name": "spring"}},
    "integrations": {},
    "version": 2,
}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "A234-1234",
    "source": "/crm/calls",
    "type": "com.example.call.answered",
    "time": "2026-02-27T14:00:00+01:00",
    "subject": "L1",
    "datacontenttype": "application/json",
    "traceparent": "00-0af7",
    "data": {"channel": "phone", "direction": "outbound", "value": 12.5, "agent": 7},
}


def read(*entries: dict[str, Any], key: str = "interactions") -> list[Interaction]:
    lead = mapping.history(WireLead.model_validate({**LEAD, key: list(entries)}), {})
    return list((lead.interactions if key == "interactions" else lead.account_interactions) or ())


def without(entry: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in keys}


def wrong(entry: Any, number: int = 0) -> str:
    before = [{"kind": "reply", "occurred_at": "2026-01-02T00:00:00Z"}] * number
    body = json_of(json.dumps({**LEAD, "interactions": [*before, entry]}).encode())
    with pytest.raises(ValueError, match="PredictOneRequest") as caught:
        PredictOneRequest.model_validate(body)
    return str(complaint.of(caught.value, Problem.INVALID_REQUEST, PredictOneRequest))  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["interactions", "account_interactions"])
def test_a_track_call_is_the_interaction_that_it_tells(key: str) -> None:
    assert read(TRACK, key=key) == [
        Interaction(
            "ajs-1",
            clock.parse("2026-02-27T14:00:00.123Z"),
            "Pricing Viewed",
            clock.parse("2026-02-27T14:00:02Z"),
            "web",
            Direction.INBOUND,
            180.0,
        )
    ]


def test_a_track_call_may_have_no_more_than_an_event_and_a_time() -> None:
    (one,) = read({"type": "track", "event": "Demo", "originalTimestamp": "2026-02-27T13:00:00Z"})
    assert one[1:] == (clock.parse("2026-02-27T13:00:00Z"), "Demo", None, None, None, None)
    assert one.interaction_id.startswith("content:")


def test_a_cloud_event_is_the_interaction_that_it_tells() -> None:
    assert read(EVENT) == [
        Interaction(
            "/crm/calls A234-1234",
            clock.parse("2026-02-27T13:00:00Z"),
            "com.example.call.answered",
            None,
            "phone",
            Direction.OUTBOUND,
            12.5,
        )
    ]


@pytest.mark.parametrize("data", [None, "text", 7, ["a"], {}])
def test_data_of_a_cloud_event_that_is_no_object_says_nothing(data: object) -> None:
    (one,) = read({**EVENT, "data": data})
    assert one[3:] == (None, None, None, None)


@pytest.mark.parametrize("odd", [5, {"id": 3}, ["web"], True, "", "x" * 1001, "a\x00"])
def test_a_channel_or_a_direction_of_another_meaning_is_passed_over_in_the_forms_of_others(odd: object) -> None:
    track = {**TRACK, "properties": {"channel": odd, "direction": odd, "value": 3}}
    event = {**EVENT, "data": {"channel": odd, "direction": odd, "value": 3}}
    assert [one[4:] for one in read(track, event)] == [(None, None, 3.0)] * 2
    (north,) = read({**TRACK, "properties": {"channel": "web", "direction": "north"}})
    assert north[4:] == ("web", None, None)


def test_source_and_id_name_a_cloud_event_together() -> None:
    first, other = read(EVENT, {**EVENT, "source": "/crm/mails"})
    assert first.interaction_id != other.interaction_id
    again, retried = read(EVENT, {**EVENT, "data": {}})
    assert again.interaction_id == retried.interaction_id


def test_all_three_forms_may_stand_in_one_list() -> None:
    ours = {"interaction_id": "x", "kind": "reply", "occurred_at": "2026-01-02T00:00:00Z"}
    assert [one.interaction_id for one in read(EVENT, ours, TRACK)] == ["/crm/calls A234-1234", "x", "ajs-1"]


def test_the_schema_of_a_lead_shows_our_own_form_alone() -> None:
    one, null = WireLead.model_json_schema()["properties"]["interactions"]["anyOf"]
    assert one["items"]["properties"].keys() == WireInteraction.model_fields.keys()
    assert null == {"type": "null"}


OURS = "interaction_id, occurred_at, received_at, kind, channel, direction, value"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (without(TRACK, "event"), "interactions[0].event: is missing; it must be there"),
        (without(TRACK, "timestamp", "originalTimestamp"), "interactions[0]: has neither timestamp nor originalTimestamp; send one of them"),
        ({**TRACK, "timestamp": "2026-02-27T14:00:00"}, "interactions[0].timestamp: has no offset; write the time with its offset, such as 2026-01-31T09:30:00Z or 2026-01-31T10:30:00+01:00"),
        ({**TRACK, "type": "page"}, "interactions[0].type: is not known; allowed are 'track'"),
        ({**TRACK, "properties": {"value": "12"}}, "interactions[0].properties.value: is not a number of up to 1.8e308; write one without quotes"),
        ({**EVENT, "source": "/crm calls"}, "interactions[0].source: has a space or a null character; no URI reference has one"),
        (without(EVENT, "time"), "interactions[0].time: is missing; it must be there"),
        (without(EVENT, "id"), "interactions[0].id: is missing; it must be there"),
        ({**EVENT, "specversion": "0.3"}, "interactions[0].specversion: is not known; allowed are '1.0'"),
        ({**EVENT, "data": {"value": float("nan")}}, "interactions[0].data.value: is not a finite number; leave it out where it is not known"),
        ({"type": "reply", "occurred_at": "2026-01-02T00:00:00Z"}, f"interactions[0].type: is not a known key; allowed are {OURS}"),
        ({"knd": "reply"}, f"interactions[0].knd: is not a known key; allowed are {OURS}; did you mean 'kind'?"),
        ("track", "interactions[0]: is not an object; write one in braces"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_the_words_of_the_form_that_was_meant(entry: Any, message: str) -> None:
    assert wrong(entry) == message


def test_the_first_bad_entry_of_many_is_named() -> None:
    assert wrong(without(TRACK, "event"), 3) == "interactions[3].event: is missing; it must be there"
