"""What a request may hold, and what a client reads where it does not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from histories import clock
from serving.wire import complaint
from serving.wire.api import PredictOneRequest, PredictRequest
from serving.wire.base import Wire
from serving.wire.bounds import json_of
from serving.wire.errors import Problem, RequestError

LEAD = {"lead_id": "L1", "created_at": "2026-01-01T00:00:00Z"}
AT = "2026-01-02T00:00:00Z"
OFFSET = "write the time with its offset, such as 2026-01-31T09:30:00Z or 2026-01-31T10:30:00+01:00"
ATTRIBUTE = "write a text, a number, true, false, null, or {value, known_at}, or a list of these"
LEAD_KEYS = "lead_id, created_at, account_id, attributes, interactions, outcomes, account_interactions"
INTERACTION_KEYS = "interaction_id, occurred_at, received_at, kind, channel, direction, value"


def wrong(model: type[Wire], body: bytes) -> RequestError:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(json_of(body))
    return complaint.of(caught.value, Problem.INVALID_REQUEST, model)


def one(**fields: Any) -> bytes:
    return json.dumps({**LEAD, **fields}).encode()


def touch(**fields: Any) -> bytes:
    return one(interactions=[{"occurred_at": AT, "kind": "reply"} | fields])


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        (one(interactons=[]), "interactons", f"is not a known key; allowed are {LEAD_KEYS}, as_of, reasons; did you mean 'interactions'?"),
        (touch(ocurred_at=AT), "interactions[0].ocurred_at", f"is not a known key; allowed are {INTERACTION_KEYS}; did you mean 'occurred_at'?"),
        (touch(occurred_at="2026-01-01T00:00:00"), "interactions[0].occurred_at", f"has no offset; {OFFSET}"),
        (touch(occurred_at="2026-01-01"), "interactions[0].occurred_at", f"has no offset; {OFFSET}"),
        (touch(occurred_at="yesterday"), "interactions[0].occurred_at", f"is not a time; {OFFSET}"),
        *((touch(occurred_at=f"2026-02-27{odd}14:00:00Z"), "interactions[0].occurred_at", f"is not a time; {OFFSET}") for odd in ("\x00", "_", "x", "5", "\u00a0", "  ", "\n", "😀")),
        (touch(occurred_at="2026-02-27T14:00:00Z\n"), "interactions[0].occurred_at", f"is not a time; {OFFSET}"),
        (touch(occurred_at=1767225600), "interactions[0].occurred_at", f"is not a text; {OFFSET}"),
        (touch(occurred_at=None), "interactions[0].occurred_at", f"is not a text; {OFFSET}"),
        (touch(received_at="2026-01-01T00:00:00"), "interactions[0].received_at", f"has no offset; {OFFSET}"),
        (touch(kind=""), "interactions[0].kind", "is empty; write a text"),
        (touch(kind="a\x00b"), "interactions[0].kind", "has a null character; leave it out"),
        (touch(kind="x" * 1001), "interactions[0].kind", "is longer than 1000 characters; shorten it"),
        (touch(kind=7), "interactions[0].kind", "is not a text; write it in quotes"),
        (touch(value="3"), "interactions[0].value", "is not a number of up to 1.8e308; write one without quotes"),
        (touch(value=10**400), "interactions[0].value", "is not a number of up to 1.8e308; write one without quotes"),
        (touch(value=True), "interactions[0].value", "is not a number of up to 1.8e308; write one without quotes"),
        (touch(value=float("nan")), "interactions[0].value", "is not a finite number; leave it out where it is not known"),
        (touch(value=float("-inf")), "interactions[0].value", "is not a finite number; leave it out where it is not known"),
        (touch(direction="in"), "interactions[0].direction", "is not known; allowed are 'inbound' or 'outbound'"),
        (one(interactions={}), "interactions", "is not a list; write one in square brackets"),
        (one(interactions=[3]), "interactions[0]", "is not an object; write one in braces"),
        (one(outcomes=[{"stage": "won", "reached_at": AT}]), "outcomes[0].stage", "is not known; allowed are 'lead', 'mql', 'sql', 'opportunity', 'customer' or 'lost'"),
        (one(attributes=[]), "attributes", "is not an object; write one in braces"),
        (one(attributes={"size": {"v": 1}}), "attributes.size", f"has other keys than value and known_at; {ATTRIBUTE}"),
        (one(attributes={"size": [[1]]}), "attributes.size", f"is of no type that an attribute may have; {ATTRIBUTE}"),
        (one(attributes={"size": {"value": 1, "known_at": "x"}}), "attributes.size", f"known_at is not a time; {OFFSET}"),
        (one(attributes={"size": 10**400}), "attributes.size", "is not a finite number; leave it out where it is not known"),
        (one(attributes={"size": float("inf")}), "attributes.size", "is not a finite number; leave it out where it is not known"),
        (one(attributes={"size": "a\x00"}), "attributes.size", "is longer than 1000 characters or has a null character; shorten it"),
        (one(created_at="1969-12-31T23:59:59Z"), "created_at", "lies before 1970 or after 9999-12-30; correct the time"),
        (one(as_of="9999-12-01T00:00:00Z"), "as_of", "lies after 2199; name the moment that the score shall speak of"),
        (one(reasons=11), "reasons", "is too large; it must be at most 10"),
        (one(reasons=-1), "reasons", "is too small; it must be at least 0"),
        (one(reasons="3"), "reasons", "is not a whole number; write one without quotes and without a fraction"),
        (one(reasons=1.5), "reasons", "is not a whole number; write one without quotes and without a fraction"),
        (one(attributes={"": 1}), "attributes", "has a key that is empty; write a text"),
        (one(attributes={"a\x00": 1}), "attributes", "has a key that has a null character; leave it out"),
        (one(attributes={"k" * 257: 1}), "attributes", "has a key that is longer than 256 characters; shorten it"),
        (one(attributes={"Annual Revenue": []}, **{"+31 6 12345678": 1}), "…", f"is not a known key; allowed are {LEAD_KEYS}, as_of, reasons"),
        (one(reasons=True), "reasons", "is not a whole number; write one without quotes and without a fraction"),
        (b'{"lead_id": "L1"}', "created_at", "is missing; it must be there"),
        (b"[]", None, "the body is not an object; write one in braces"),
        (b"null", None, "the body is not an object; write one in braces"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_place_and_remedy(body: bytes, field: str | None, message: str) -> None:
    error = wrong(PredictOneRequest, body)
    assert (error.problem, error.field, error.message) == (Problem.INVALID_REQUEST, field, message)


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        (b"{}", "leads", "is missing; it must be there"),
        (b'{"leads": []}', "leads", "has too few entries; 1 at least"),
        (json.dumps({"leads": [1] * 201}).encode(), "leads", "has too many entries; 200 at most"),
        (b'{"leads": {}}', "leads", "is not a list; write one in square brackets"),
        (b'{"lead": [], "leads": [1]}', "lead", "is not a known key; allowed are as_of, reasons, leads; did you mean 'leads'?"),
    ],
)  # fmt: skip
def test_a_batch_is_refused_whole_only_where_its_frame_is_wrong(body: bytes, field: str, message: str) -> None:
    error = wrong(PredictRequest, body)
    assert (error.problem, error.field, error.message) == (Problem.INVALID_REQUEST, field, message)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b'{"lead_id": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b"'x'",
        b"\x00",
    ],
)
def test_what_is_not_json_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        json_of(body)
    assert caught.value.problem is Problem.INVALID_JSON
    assert caught.value.message.startswith("the body is not JSON: ")
    assert caught.value.field is None


def test_no_message_repeats_what_was_sent() -> None:
    marker = "Jane-Roe"
    for body in (
        touch(occurred_at=marker),
        touch(value=marker),
        touch(direction=marker),
        one(attributes={"a": {marker: 1}}),
    ):
        assert marker not in str(wrong(PredictOneRequest, body))


@pytest.mark.parametrize(
    "key", ["jane.roe@example.org", "+31612345678", "0612345678", "k" * 65, "Roe, Jane", "a\nb", "😀"]
)
def test_a_key_that_looks_like_no_fields_name_is_not_repeated_in_the_field_either(key: str) -> None:
    assert wrong(PredictOneRequest, one(**{key: 1})).field == "…"
    assert wrong(PredictOneRequest, one(attributes={key: {key: 1}})).field == "attributes.…"


@pytest.mark.parametrize("key", ["Annual Revenue", "größe_m2", "utm-source", "crm.stage", "_x", "k" * 64])
def test_a_key_that_looks_like_a_fields_name_is(key: str) -> None:
    assert wrong(PredictOneRequest, one(attributes={key: {}})).field == f"attributes.{key}"


def test_null_is_taken_for_the_absence_of_a_field_that_may_be_absent() -> None:
    may = ("account_id", "attributes", "interactions", "outcomes", "account_interactions", "as_of", "reasons")
    request = PredictOneRequest.model_validate({**LEAD, **dict.fromkeys(may)})
    assert request == PredictOneRequest.model_validate(LEAD)
    assert request.reasons == 3


def test_emoji_and_any_offset_are_read() -> None:
    request = PredictOneRequest.model_validate_json(
        json.dumps({"lead_id": "😀", "created_at": "2026-01-01T05:30:00+05:30"}).encode()
    )
    assert (request.lead_id, request.created_at) == ("😀", clock.parse("2026-01-01"))


@pytest.mark.parametrize("text", ["2026-02-27t14:00:00z", "2026-02-27 14:00:00Z", "2026-02-27T14:00:00.000-00:00"])
def test_a_time_is_read_with_a_small_t_and_z_or_a_space(text: str) -> None:
    assert PredictOneRequest.model_validate_json(one(created_at=text)).created_at == clock.parse("2026-02-27T14:00:00")


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.integers(0, clock.parse("9999-12-31") - 1))
def test_every_moment_that_we_write_is_read_back_exactly(moment: int) -> None:
    request = PredictOneRequest.model_validate_json(one(created_at=clock.iso(moment)))
    assert request.created_at == moment


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists)))
def test_any_json_object_is_read_or_refused_never_worse(body: dict[str, Any]) -> None:
    assert wrong(PredictOneRequest, json.dumps({**body, "never": 1}).encode()).field is not None
