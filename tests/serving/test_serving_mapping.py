"""A history survives the way over the wire and back, exactly; nothing is guessed on the way."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from serving_client import batch_of

from histories import clock
from histories.contract import Attribute, AttributeType, Direction, Interaction, LeadHistory, Outcome, Stage
from serving.wire import mapping
from serving.wire.api import PredictOneRequest, PredictRequest, WireLead
from serving.wire.errors import RequestError

MOMENTS = st.integers(0, clock.parse("2199-12-31"))
TEXTS = st.text(st.characters(blacklist_characters="\x00", blacklist_categories=("Cs",)), min_size=1, max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
INTERACTIONS = st.builds(
    Interaction,
    interaction_id=TEXTS,
    occurred_at=MOMENTS,
    kind=TEXTS,
    received_at=st.none() | MOMENTS,
    channel=st.none() | TEXTS,
    direction=st.none() | st.sampled_from(Direction),
    value=st.none() | NUMBERS,
)
ATTRIBUTES = st.builds(Attribute, name=TEXTS, value=st.none() | NUMBERS | TEXTS, known_at=st.none() | MOMENTS)
HISTORIES = st.builds(
    LeadHistory,
    lead_id=TEXTS,
    created_at=MOMENTS,
    account_id=st.none() | TEXTS,
    attributes=st.lists(ATTRIBUTES, max_size=4, unique_by=lambda one: one.name).map(tuple),
    interactions=st.lists(INTERACTIONS, max_size=4).map(tuple),
    outcomes=st.lists(st.builds(Outcome, st.sampled_from(Stage), MOMENTS, st.none() | NUMBERS), max_size=3).map(tuple),
    account_interactions=st.none() | st.lists(INTERACTIONS, max_size=3).map(tuple),
)


@hypothesis_settings(max_examples=100, deadline=None)
@given(HISTORIES, st.none() | MOMENTS, st.none() | st.integers(0, 10))
def test_a_history_is_the_same_after_the_wire(history: LeadHistory, as_of: int | None, reasons: int | None) -> None:
    body = json.dumps(mapping.request_of(history, as_of, reasons))
    request = PredictOneRequest.model_validate_json(body)
    assert mapping.history(request, {}) == history
    assert request.as_of == as_of
    assert request.reasons == (3 if reasons is None else reasons)


@hypothesis_settings(max_examples=50, deadline=None)
@given(st.lists(HISTORIES, min_size=1, max_size=4), st.none() | MOMENTS)
def test_a_batch_holds_the_same_histories_in_the_same_order(histories: list[LeadHistory], as_of: int | None) -> None:
    request = PredictRequest.model_validate_json(json.dumps(batch_of(histories, as_of)))
    assert [mapping.history(WireLead.model_validate(one), {}) for one in request.leads] == histories


def test_values_of_one_attribute_that_became_known_in_turn_stay_apart() -> None:
    values = (Attribute("size", 10.0), Attribute("size", 50.0, clock.parse("2026-02-01")))
    history = LeadHistory("L1", 0, attributes=values)
    body = mapping.request_of(history)
    assert body["attributes"] == {"size": [10.0, {"value": 50.0, "known_at": "2026-02-01T00:00:00Z"}]}
    assert mapping.history(WireLead.model_validate(body), {}) == history


def test_an_interaction_without_an_id_is_named_by_its_content() -> None:
    touch = {"occurred_at": "2026-01-02T00:00:00Z", "kind": "reply"}
    lead = WireLead.model_validate(
        {
            "lead_id": "L1",
            "created_at": "2026-01-01T00:00:00Z",
            "interactions": [touch, {**touch, "occurred_at": "2026-01-02T01:00:00+01:00"}, {**touch, "value": 1}],
        }
    )
    first, again, other = (one.interaction_id for one in mapping.history(lead, {}).interactions)
    assert re.fullmatch("content:[0-9a-f]{32}", first)
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("value", "wanted", "message"),
    [
        (
            "200",
            AttributeType.NUMBER,
            "attributes.size: is not a number; this attribute is one, write it without quotes",
        ),
        (
            True,
            AttributeType.NUMBER,
            "attributes.size: is not a number; this attribute is one, write it without quotes",
        ),
        (200, AttributeType.CATEGORY, "attributes.size: is not a text; this attribute is one, write it in quotes"),
    ],
)
def test_an_attribute_of_another_type_than_was_learnt_is_refused(
    value: object, wanted: AttributeType, message: str
) -> None:
    lead = WireLead.model_validate(
        {"lead_id": "L1", "created_at": "2026-01-01T00:00:00Z", "attributes": {"size": value}}
    )
    with pytest.raises(RequestError) as caught:
        mapping.history(lead, {"size": wanted})
    assert str(caught.value) == message


def test_truth_values_are_words_and_null_is_known_to_be_missing() -> None:
    lead = WireLead.model_validate(
        {"lead_id": "L1", "created_at": "2026-01-01T00:00:00Z", "attributes": {"opted_in": True, "size": None}}
    )
    types = {"opted_in": AttributeType.CATEGORY, "size": AttributeType.NUMBER}
    assert mapping.history(lead, types).attributes == (Attribute("opted_in", "true"), Attribute("size", None))
