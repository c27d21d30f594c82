"""HubSpot's webhooks: a signature in place of a key, and events that become leads, attributes, stages and interactions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from serving_client import InProcess
from serving_door import JSON, NOW, error
from serving_hubspot import AT, SECRET, SETTINGS, URL, asked, changed, event, headers, sent, told
from serving_intake import emptied

from histories import store
from histories.contract import Attribute, AttributeType, Outcome, Stage
from histories.errors import CallError
from histories.store import LeadRow, Store
from histories.store.database.schema import MERGES
from histories.store.privacy import forgetting
from serving.http import signature
from serving.secret import Secret
from serving.settings import Settings
from serving.wire.hubspot import renamed


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    with emptied(tmp_path) as one:
        yield one


@pytest.fixture
def client(opened: Store) -> InProcess:
    return asked(opened, SETTINGS)


def test_contacts_their_properties_and_stages_become_a_leads_history_once(client: InProcess, opened: Store) -> None:
    events = [
        event("contact.creation"),
        changed("industry", "BANKING"),
        changed("numberofemployees", "240"),
        changed("lifecyclestage", "marketingqualifiedlead", occurredAt=AT + 1000),
        changed("hs_lifecyclestage_customer_date", str(AT + 2000)),
        changed("hs_sales_email_last_replied", str(AT + 500)),
    ]
    assert told(sent(client, *events)) == [("added", None)] * 6
    kept, micros = store.lead(opened, "51"), AT * 1000
    assert (kept.lead_id, kept.created_at) == ("51", micros)
    assert kept.attributes == (Attribute("employees", 240.0, micros), Attribute("industry", "BANKING", micros))
    assert kept.outcomes == (Outcome(Stage.MQL, micros + 10**6), Outcome(Stage.CUSTOMER, micros + 2 * 10**6))
    (reply,) = kept.interactions
    assert (reply.kind, reply.occurred_at, reply.received_at) == ("reply", micros + 500_000, NOW)
    again = [{**one, "attemptNumber": 1, "eventId": 7} for one in events]
    assert told(sent(client, *again)) == [("duplicate", None)] * 6


def test_generic_subscriptions_count_where_the_object_is_a_contact(client: InProcess) -> None:
    created = event("object.creation", objectTypeId="0-1")
    deal = event("object.creation", objectTypeId="0-3")
    assert told(sent(client, created, deal, event("company.creation"))) == [
        ("added", None),
        ("ignored", "is about no contact"),
        ("ignored", "is about no contact"),
    ]


def test_what_says_nothing_of_a_lead_is_ignored_and_nothing_personal_is_kept(
    client: InProcess, opened: Store, tmp_path: Path
) -> None:
    events = [
        changed("email", "jane.roe@example.org"),
        changed("firstname", "Jane-Roe"),
        changed("lifecyclestage", "evangelist"),
        event("contact.deletion"),
        changed("hs_email_last_open_date", ""),
    ]
    assert {status for status, _ in told(sent(client, *events))} == {"ignored"}
    opened.close()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Jane-Roe" not in written
    assert b"jane.roe" not in written


def test_a_property_that_is_emptied_is_known_to_be_missing_from_then_on(client: InProcess, opened: Store) -> None:
    assert told(sent(client, event("contact.creation"), changed("industry", ""))) == [("added", None)] * 2
    assert store.lead(opened, "51").attributes == (Attribute("industry", None, AT * 1000),)


def test_a_privacy_deletion_and_what_is_no_event_wait_in_quarantine_for_a_person(
    client: InProcess, opened: Store
) -> None:
    verdicts = told(sent(client, event("contact.privacyDeletion"), {"objectId": 51}))
    forget = "a person's data are to be deleted; remove the lead with `lead-scoring forget`"
    missing = "subscriptionType: is missing; it must be there"
    assert verdicts == [("refused", forget), ("refused", missing)]
    assert {(one.source, one.reason) for one in opened.quarantined()} == {("hubspot", forget), ("hubspot", missing)}


def test_merged_contacts_go_on_as_the_one_that_hubspot_made_of_them(client: InProcess, opened: Store) -> None:
    replied = changed("hs_sales_email_last_replied", str(AT + 500), objectId=52)
    merge = event("contact.merge", 53, primaryObjectId=51, mergedObjectIds=[52], newObjectId=53, occurredAt=AT + 9000)
    first = event("contact.creation", occurredAt=AT - 5000)
    assert told(sent(client, first, event("contact.creation", 52), replied, merge)) == [("added", None)] * 4
    kept = store.lead(opened, "51")
    assert (kept.lead_id, kept.created_at) == ("53", (AT - 5000) * 1000)
    assert [one.kind for one in kept.interactions] == ["reply"]
    assert told(sent(client, merge)) == [("duplicate", None)]


def merge(into: int, *ended: int, **more: Any) -> dict[str, Any]:
    return event("contact.merge", into, primaryObjectId=into, mergedObjectIds=list(ended), **more)


def test_a_merge_told_before_its_contacts_counts_as_soon_as_one_of_them_is_known(
    client: InProcess, opened: Store
) -> None:
    assert told(sent(client, merge(61, 62, 63))) == [("added", None)]
    assert told(sent(client, merge(61, 62, 63))) == [("duplicate", None)]
    alone = opened.watermark() + 1
    sent(client, event("contact.creation", 62))
    _, before = store.leads(opened, ["61", "62"], alone)
    assert {one: before[one].lead_id for one in before} == {"62": "62"}
    sent(client, event("contact.creation", 61), event("contact.creation", 63))
    _, found = store.leads(opened, ["61", "62", "63"])
    assert {one: found[one].lead_id for one in found} == {"61": "61", "62": "61", "63": "61"}


def test_a_contact_that_hubspot_makes_of_others_is_made_in_whatever_order_it_tells(
    client: InProcess, opened: Store
) -> None:
    """It is as old as the oldest; of a contact that is made, no creation is told."""
    made = event("contact.merge", 53, primaryObjectId=51, mergedObjectIds=[52], newObjectId=53, occurredAt=AT + 9000)
    younger, older = event("contact.creation", 51), event("contact.creation", 52, occurredAt=AT - 5000)
    assert told(sent(client, made)) == [("added", None)]
    assert told(sent(client, changed("industry", "BANK", objectId=53))) == [("added", None)]
    assert told(sent(client, younger, older)) == [("added", None)] * 2
    _, found = store.leads(opened, ["51", "52", "53"])
    assert {one: found[one].lead_id for one in found} == {"51": "53", "52": "53", "53": "53"}
    assert found["53"].created_at == (AT - 5000) * 1000
    assert [one.value for one in found["53"].attributes] == ["BANK"]


def test_a_contact_that_hubspot_makes_of_others_is_of_their_account(client: InProcess, opened: Store) -> None:
    opened.add_leads([LeadRow("55", 2), LeadRow("56", 3, "acme"), LeadRow("57", 4, "other")], 5)
    ended = {"primaryObjectId": 55, "mergedObjectIds": [56, 57], "newObjectId": 58}
    assert told(sent(client, event("contact.merge", 58, **ended))) == [("added", None)]
    one = store.lead(opened, "55")
    assert (one.lead_id, one.created_at, one.account_id) == ("58", 2, "acme")


def test_merges_told_in_steps_before_the_contacts_lead_to_the_last_of_them(client: InProcess, opened: Store) -> None:
    sent(client, merge(72, 71), merge(73, 72))
    sent(client, event("contact.creation", 71), event("contact.creation", 73))
    assert store.lead(opened, "71").lead_id == "73"


def test_a_merge_told_by_a_clock_that_is_ahead_of_ours_is_known_from_its_arrival_on(
    client: InProcess, opened: Store
) -> None:
    ahead = merge(81, 82, occurredAt=NOW // 1000 + 300)
    events = event("contact.creation", 81), event("contact.creation", 82), ahead
    assert told(sent(client, *events)) == [("added", None)] * 3
    assert store.lead(opened, "82").lead_id == "81"
    assert told(sent(client, merge(81, 82, occurredAt=NOW // 1000 + 200))) == [("duplicate", None)]


def test_a_contact_that_ended_in_another_already_is_refused_to_quarantine_and_stops_no_other(
    client: InProcess, opened: Store
) -> None:
    sent(client, *(event("contact.creation", one) for one in (91, 92, 93, 94)), merge(94, 92))
    reason = "lead_id: was merged into another lead already; a lead ends once"
    assert told(sent(client, merge(91, 92, 93))) == [("refused", f"{reason}; the rest of the row was taken in")]
    assert store.lead(opened, "93").lead_id == "91"
    assert [(one.source, one.reason) for one in opened.quarantined()] == [("hubspot", reason)]


def test_a_merge_of_a_forgotten_contact_is_refused_and_its_id_is_kept_nowhere(client: InProcess, opened: Store) -> None:
    sent(client, event("contact.creation", 95), event("contact.creation", 96))
    names = forgetting.begin(opened, "95", NOW)
    forgetting.remove(opened, names)
    forgetting.end(opened, names)
    assert told(sent(client, merge(96, 95))) == [("refused", "lead_id: was forgotten")]
    assert opened.quarantined() == ()
    with opened.database.reading() as connection:
        assert connection.execute(sa.select(MERGES)).all() == []


def test_the_signature_is_that_of_hubspots_rule_with_the_uri_decoded_by_half() -> None:
    """The expected one was made with openssl: dgst -sha256 -hmac."""
    scope = {
        "method": "POST",
        "path": "/v1/hubspot",
        "raw_path": b"/v1/hubspot",
        "query_string": b"portal=a%3A%2f%401&x=%20",
        "headers": [
            (b"x-hubspot-signature-v3", b"p0O6/Af1y2z3am5kbC+LWBnJe9LGR4JOl1pCpsamxEY="),
            (b"x-hubspot-request-timestamp", b"1772000000000"),
        ],
    }
    claim = signature.claimed(scope, f"{URL}/", 1_772_000_000_000_000)
    assert claim.uri == f"{URL}/v1/hubspot?portal=a:/@1&x=%20"
    signature.refuse_others(claim, b'[{"eventId":1}]', Secret(SECRET))


OTHERS = "the signature is not that of this request; LEAD_SCORING_HUBSPOT_SECRET is the app's client secret, and "


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"secret": "another"}, OTHERS),
        ({"uri": "http://127.0.0.1/v1/hubspot"}, OTHERS),
        ({"body": b"[]"}, OTHERS),
        ({"at": NOW // 1000 - 300_001}, "the request was signed more than 5 minutes from now; look at the clock"),
        ({"at": NOW // 1000 + 300_001}, "the request was signed more than 5 minutes from now; look at the clock"),
        ({"at": 5}, "the request has no X-HubSpot-Signature-v3 and X-HubSpot-Request-Timestamp of HubSpot's form"),
    ],
)
def test_a_request_that_hubspot_did_not_send_now_is_401_and_nothing_is_kept(
    client: InProcess, opened: Store, change: dict[str, Any], why: str
) -> None:
    body = json.dumps([event("contact.creation")]).encode()
    response = client.post("/v1/hubspot", content=body, headers=headers(**{"body": body, **change}))
    assert response.status_code == 401
    assert error(response)["message"].startswith(why)
    assert opened.watermark() == 0


def test_a_request_of_the_last_five_minutes_is_let_in(client: InProcess) -> None:
    body = json.dumps([event("contact.creation")]).encode()
    response = client.post("/v1/hubspot", content=body, headers=headers(body, at=NOW // 1000 - 299_000))
    assert told(response) == [("added", None)]


def test_without_a_signature_of_its_own_kind_and_without_being_set_up_nobody_is_let_in(
    client: InProcess, opened: Store
) -> None:
    assert client.post("/v1/hubspot", content=b"[]", headers=JSON).status_code == 401
    twice = [*headers(b"[]").items(), ("X-HubSpot-Signature-v3", "x")]
    assert client.post("/v1/hubspot", content=b"[]", headers=twice).status_code == 401
    response = asked(opened, Settings(hubspot_secret=Secret(SECRET))).post(
        "/v1/hubspot", content=b"[]", headers=headers(b"[]")
    )
    assert response.status_code == 404
    assert error(response)["message"].startswith("HubSpot is not set up: LEAD_SCORING_HUBSPOT_SECRET")
    assert client.get("/v1/hubspot").status_code == 405


@pytest.mark.parametrize("body", [b"{}", b"[]", json.dumps([{}] * 1001).encode()])
def test_a_signed_body_that_is_no_list_of_events_is_400(client: InProcess, body: bytes) -> None:
    response = client.post("/v1/hubspot", content=body, headers=headers(body))
    assert error(response)["message"] == "the body is no list of 1 to 1,000 events"


def test_values_are_what_the_store_says_where_the_models_do_not_know_the_attribute(
    client: InProcess, opened: Store
) -> None:
    declared = {"turnover": AttributeType.NUMBER, "employees": AttributeType.CATEGORY}
    store.define(opened, store.Definitions(attribute_types=declared), 1)
    sent(client, event("contact.creation"), changed("turnover", "12.5"), changed("numberofemployees", "240"))
    words = sent(client, changed("turnover", "a lot", occurredAt=AT + 1))
    assert told(words) == [("refused", "attributes.turnover: value is not a number")]
    assert {one.name: one.value for one in store.lead(opened, "51").attributes} == {
        "turnover": 12.5,
        "employees": "240",
    }


def test_rows_are_counted_by_what_became_of_them(client: InProcess) -> None:
    sent(client, event("contact.creation"), event("contact.deletion"))
    text = client.get("/metrics").text
    assert 'lead_scoring_ingested_rows_total{rows="hubspot",status="added"} 1.0' in text
    assert 'lead_scoring_ingested_rows_total{rows="hubspot",status="ignored"} 1.0' in text
    assert 'lead_scoring_requests_total{endpoint="/v1/hubspot",status="200"} 1.0' in text


def test_the_setting_of_names_says_what_is_wrong_with_it() -> None:
    with pytest.raises(
        CallError, match=r"^LEAD_SCORING_HUBSPOT_ATTRIBUTES: 'a=' is not of the form property=attribute$"
    ):
        renamed("b=c,a=")
