"""Personal data among attributes are refused by key and by value, named by their attribute, and never repeated."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from serving.predictor import Predictor
from serving.wire import personal
from serving.wire.api import WireLead
from serving.wire.errors import RequestError

REMEDY = "leave it out, or name it in LEAD_SCORING_ALLOW_PERSONAL where it is none"
LEAD = {"lead_id": "L1", "created_at": "2026-01-01T00:00:00Z"}


def complaint(attributes: dict[str, Any], let_through: str = "") -> str | None:
    lead = WireLead.model_validate({**LEAD, "attributes": attributes})
    try:
        personal.refuse(lead.attributes.items(), personal.allowed(let_through))
    except RequestError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("key", "what"),
    [
        *((key, "a person's name") for key in ("name", "first_name", "FirstName", "lastname", "Contact Name", "surname", "prénom", "Last Name (2)", "FirstName__c", "Last_Name__pc", "YomiFirstName", "yomifirstname", "fname", "LNAME", "Given Names", "Spouse's Name", "spousesname", "AssistantName", "managername", "middle.name", "Maiden Name", "nombre", "Apellido", "nom", "Vorname", "nachname", "contactpersoon", "First Name Legal")),
        *((key, "an e-mail address") for key in ("email", "E-mail", "eMail", "work_email_address", "EMAIL2", "mail", "Email__c", "PersonEmail", "emailaddress1", "E-Mail Address", "email_value", "work emails", "correo", "Mail Address")),
        *((key, "a phone number") for key in ("phone", "Mobile Phone", "direct_phone_number", "fax", "telefoonnummer", "cell", "Phone__c", "PersonHomePhone", "mobilephone", "workphone", "homephone", "Mobile_Phone__pc", "address1_telephone1", "Phone No.", "phones", "Cell Phone", "gsm", "celular", "Teléfono", "phone_work")),
    ],
)  # fmt: skip
def test_an_attribute_is_refused_for_its_key(key: str, what: str) -> None:
    assert complaint({key: "Xyz"}) == f"attributes.{key}: is taken for {what}; {REMEDY}"


@pytest.mark.parametrize(
    "key",
    [
        "company_name",
        "campaign_name",
        "hotel",
        "email_domain",
        "email_opens",
        "phone_model",
        "Lead Source",
        "customer_name",
        "client_name",
        "account_name",
        "product_name",
        "product_display_name",
        "domain_name",
        "user_agent_name",
        "product_family_name",
        "microphone",
    ],
)
def test_a_key_that_only_sounds_like_it_is_not_refused(key: str) -> None:
    assert complaint({key: "Xyz"}) is None


@pytest.mark.parametrize("tick", ["Yes", "no", True, False, None, "", "0", "N/A"])
def test_a_checkbox_about_an_address_is_no_address(tick: str | bool | None) -> None:
    assert complaint({"Do Not Email": tick, "mobile": tick, "first_name": tick}) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("last_touch_email", "Q3 newsletter"), ("consent_email", "granted"), ("Marketing Email", "Subscribed"),
        ("Do Not Email", "Do Not Allow"), ("Do Not Email", "Ja"), ("Do Not Phone", "Do Not Allow"), ("os_mobile", "iOS 17"),
        ("device_mobile", "Android"), ("revenue_mobile", 2_500_000), ("mobile", "Android"), ("phone", 1.5e7 + 0.5),
        ("email", 12), ("phone", 10.0**15),
    ],
)  # fmt: skip
def test_a_key_about_the_use_of_a_channel_is_no_address(key: str, value: str | float) -> None:
    assert complaint({key: value}) is None


@pytest.mark.parametrize("key", ["mobile", "Mobile Number", "Mobile__c", "phone", "consent_phone"])
def test_digits_under_a_key_that_speaks_of_a_phone_are_a_phone_number(key: str) -> None:
    assert complaint({key: "5551234567"}) == f"attributes.{key}: is taken for a phone number; {REMEDY}"


def test_a_number_under_a_phone_key_is_one_from_seven_digits_on() -> None:
    assert complaint({"sessions_mobile": 120, "phone": 999_999}) is None
    assert complaint({"phone": 1_000_000}) == f"attributes.phone: is taken for a phone number; {REMEDY}"
    assert complaint({"revenue": 31_612_345_678}) is None


@pytest.mark.parametrize(
    ("value", "what"),
    [
        *((value, "an e-mail address") for value in ("jane@example.org", "Jane Roe <jane.roe+crm@mail.example.co.uk>", "jane\uff20example.org", "see j@b.de!", "jane%40example.org", "jane @ example.org", "jane@example\uff0eorg", "https://x.example/?to=jane%40example.org", "ja\u200bne@example.org")),
        *((value, "a phone number") for value in ("+31612345678", "+31 (0)6 1234 5678", "0031 6 12345678", "(020) 123 4567", "(555) 123-4567", "+1 (555) 123-4567", "call 06-12345678 after six", "tel:+49 30 901820", "00 44 20 7946 0018", "+(44) 20 7946 0018", "+ 44 20 7946 0018", "(0)20 7946 0018", "0(20) 7946 0018", "+44\u201320\u20137946\u20130018", "+44\u201120\u20117946\u20110018", "(555)1234567", "Tel-0612345678", "+31612345678:", "+15551234567x22", "+3161\u200b2345678", "+\u0663\u0661\u0666\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668", "Telephone: 555 123 4567", "Tel. nr. 06 12345678", "".join(chr(ord(one) + 0xFEE0) for one in "+31612345678"))),
    ],
)  # fmt: skip
def test_an_attribute_is_refused_for_a_value_that_reads_like_it_whatever_its_key(value: str, what: str) -> None:
    assert complaint({"source": value}) == f"attributes.source: holds what reads like {what}; {REMEDY}"


@pytest.mark.parametrize(
    "value",
    [
        "software", "@mention", "a@b", "5551234567", "1001-5000", "10000 - 50000", "2026-01-31", "01-02-2026 10:30",
        "31.01.2026 - 05.02.2026", "2026-01-31T09:30:00+01:00", "0.123456789", "192.168.100.200", "10,000,000",
        "550e8400-e29b-41d4-a716-446655440000", "00000000", "Q3 2024/2025/2026", "SKU 0123-4567-8901-22",
        "0012345678", "0123456789", "0306406152", "0012345678905", "200-500-1000", "01-234-5678", "01234-5678",
        "0403.170.701", "020-123-45-67", "0612345678", "06.12.34.56.78", "020/1234567", "555-123-4567", "+10000000",
        "https://medium.example/@jane.roe", "package@1.2.3", "ssh://git@example.org/repo", "hotel 12345678",
        "Plan (2024) 5000 10000",
    ],
)  # fmt: skip
def test_what_is_no_address_and_no_number_passes(value: str) -> None:
    assert complaint({"source": value}) is None


def test_a_value_among_several_that_became_known_in_turn_is_seen() -> None:
    values = ["web", {"value": "jane@example.org", "known_at": "2026-01-05T00:00:00Z"}]
    assert complaint({"source": values}) == f"attributes.source: holds what reads like an e-mail address; {REMEDY}"


def test_a_key_that_is_itself_an_address_is_not_repeated() -> None:
    assert complaint({"jane@example.org": 1}) == (
        f"attributes: has a key that is itself an e-mail address or a phone number; {REMEDY}"
    )


def test_an_attribute_that_the_setting_names_is_let_through_and_no_other() -> None:
    assert complaint({"name": "North", "tel": "T1"}, "name, tel") is None
    assert (
        complaint({"name": "North", "email": "x"}, "name")
        == f"attributes.email: is taken for an e-mail address; {REMEDY}"
    )


def test_in_a_batch_the_row_fails_alone_and_the_value_is_nowhere(bundle: Bundle, rulebook: Rulebook) -> None:
    bad = {**LEAD, "attributes": {"source": "jane.roe@example.org"}}
    body = json.dumps({"leads": [LEAD, bad]}).encode()
    now = 1_800_000_000_000_000
    reply = Predictor(bundle, rulebook, 10_000).predict(body, "r1", now).body.decode()
    good, row = json.loads(reply)["leads"]
    assert (good["status"], row["status"], row["error_code"]) == ("scored", "failed", "personal_data")
    assert row["error_message"] == f"leads[1].attributes.source: holds what reads like an e-mail address; {REMEDY}"
    assert "jane" not in reply
    through = Predictor(bundle, rulebook, 10_000, allow_personal=frozenset({"source"})).predict(body, "r1", now).body
    assert [one["status"] for one in json.loads(through)["leads"]] == ["scored", "scored"]


@given(st.text("0123456789 .-+()@/:a", max_size=60))
def test_any_text_is_judged(text: str) -> None:
    found = complaint({"source": text})
    assert found is None or found.startswith("attributes.source: holds what reads like ")
