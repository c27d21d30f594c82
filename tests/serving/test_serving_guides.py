"""The guides for CRMs: their bodies are what the service takes and gives, their code runs against it."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import requests
from guide_server import Between, between
from serving_intake import emptied, posted
from serving_world import Running

from histories import clock, export, store
from histories.contract import AttributeType
from serving.live.intake import Intake
from serving.specs import openapi
from serving.specs.schemas import Error, walk
from serving.wire.api import FROM_STORE, PredictOneRequest, PredictRequest, WireLead
from serving.wire.incoming import IngestResponse

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
NAMES = ["hubspot", "salesforce", "dynamics", "zapier"]
APRIL = clock.parse("2026-04-01")
KEPT = {
    "salesforce": ["leads", "interactions", "outcomes"],
    "dynamics": ["leads", "interactions", "outcomes"],
    "zapier": ["interactions"],
}
HUBSPOT_INPUTS = {
    "createdate": "1771582320000",
    "industry": "software",
    "seniority": "vp",
    "hs_analytics_source": "ORGANIC_SEARCH",
    "numberofemployees": "240",
    "hs_lifecyclestage_marketingqualifiedlead_date": "1772197500000",
    "hs_lifecyclestage_salesqualifiedlead_date": "",
}
EVENT = {"object": {"objectType": "CONTACT", "objectId": 51}, "inputFields": HUBSPOT_INPUTS, "callbackId": "ap-1"}
ZAPIER = {
    "key": "ls_key",
    "lead_id": "L-1001",
    "created_at": "2026-02-20T10:12:00Z",
    "industry": "software",
    "employees": "240",
    "occurred_at": "2026-02-27T14:00:00+01:00",
    "kind": "form:demo_request",
}
# Microsoft's reference of the table: https://learn.microsoft.com/dynamics365/sales/developer/entities/msdyn_predictivescore
MSDYN_COLUMNS = {
    "msdyn_score",
    "msdyn_grade",
    "msdyn_scoretrend",
    "msdyn_scoredon",
    "msdyn_entityid",
    "msdyn_entitytype",
}


def blocks(guide: str, language: str) -> list[str]:
    text = (GUIDES / f"{guide}.md").read_text(encoding="utf-8")
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)


def bodies(guide: str) -> list[dict[str, Any]]:
    return [json.loads(one) for one in blocks(guide, "json")]


@pytest.fixture
def service(running: Running) -> Iterator[Between]:
    with between(running.url) as one:
        yield one


@pytest.mark.parametrize("guide", NAMES)
def test_every_body_of_a_guide_is_one_that_the_service_takes_or_gives(guide: str, running: Running) -> None:
    asked = 0
    for body in bodies(guide):
        text = json.dumps(body)
        if "error" in body:
            Error.model_validate_json(text)
        elif "msdyn_score" in body:
            assert body.keys() <= MSDYN_COLUMNS
            assert (type(body["msdyn_score"]), body["msdyn_grade"] in range(4)) == (int, True)
        elif told(body):
            continue  # below
        elif "leads" in body:
            PredictRequest.model_validate_json(text)
            for lead in body["leads"]:
                WireLead.model_validate_json(json.dumps(lead))
            answer = httpx.post(f"{running.url}/v1/predict", json=body, timeout=30).json()
            assert {row["status"] for row in answer["leads"]} == {"scored"}
            asked += 1
        elif body.keys() == {"lead_id"}:
            PredictOneRequest.model_validate_json(text, context=FROM_STORE)
        elif "rows" in body:
            IngestResponse.model_validate_json(text)
        else:
            PredictOneRequest.model_validate_json(text)
            assert httpx.post(f"{running.url}/v1/predict_one", json=body, timeout=30).json()["status"] == "scored"
            asked += 1
    assert asked >= 1


@pytest.mark.parametrize(("guide", "tables"), KEPT.items())
def test_what_a_guide_tells_of_what_happens_is_kept_row_for_row_and_once(
    guide: str, tables: list[str], tmp_path: Path
) -> None:
    telling = [body for body in bodies(guide) if told(body)]
    assert [told(body) for body in telling] == tables
    with emptied(tmp_path) as opened:
        keeping = Intake(opened, {"employees": AttributeType.NUMBER}, frozenset(), "m1")
        for status in ("added", "duplicate"):
            for body in telling:
                assert {row["status"] for row in posted(keeping, str(told(body)), body, APRIL)["rows"]} == {status}
        (lead,) = {row["lead_id"] for body in telling for rows in body.values() for row in rows}
        if "leads" in tables:
            history = store.lead(opened, lead)
            assert (len(history.attributes), len(history.interactions), len(history.outcomes)) == (3, 1, 1)


def told(body: dict[str, Any]) -> str | None:
    """What a body has rows of that are to be kept; None: it asks, or answers."""
    return next(iter(body)) if body.keys() in ({"leads"}, {"interactions"}, {"outcomes"}) else None


def node(guide: str, file: str, service: Between, given: dict[str, Any]) -> dict[str, Any]:
    found = shutil.which("node")
    if not found:
        pytest.skip("node is not on the path; the guides' JavaScript cannot be run without it")
    code = moved((GUIDES / guide / file).read_text(encoding="utf-8"), service)
    done = subprocess.run(
        [found, str(Path(__file__).with_name("guide_node.js"))],
        input=json.dumps({"guide": guide, "code": code, "input": given}),
        env={"LEAD_SCORING_KEY": "ls_key", "HUBSPOT_TOKEN": "hubspot-token"},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return dict(json.loads(done.stdout))


def moved(code: str, service: Between) -> str:
    """The code with the places that a reader fills in."""
    assert code.count(openapi.EXAMPLE_URL) == 1
    return code.replace(openapi.EXAMPLE_URL, service.url).replace("https://api.hubapi.com", service.url)


def milliseconds(text: str | None) -> int | None:
    """Since 1970, cut off as JavaScript does."""
    return None if text is None else clock.parse(text) // 1000


def outputs(answer: dict[str, Any]) -> dict[str, Any]:
    """What the table of the HubSpot guide promises for this answer."""
    same = ["probability_sql", "probability_customer", "rule_points", "next_action"]
    return {
        **{name: answer[name] for name in same},
        "lead_score": answer["score"],
        "lead_grade": answer["grade"],
        "follow_up_by": milliseconds(answer["follow_up_by"]),
        "score_again_by": milliseconds(answer["valid_until"]),
        "lead_score_reasons": "; ".join(one["text"] for one in answer["reasons"]),
        "lead_score_warnings": "; ".join(answer["warnings"]),
        "lead_score_model": answer["model_version"],
        "lead_score_error": "",
    }


def same_lead(sent: dict[str, Any], told: dict[str, Any]) -> None:
    assert PredictOneRequest.model_validate_json(json.dumps(sent)) == PredictOneRequest.model_validate_json(
        json.dumps(told)
    )


def test_hubspots_javascript_sends_the_lead_of_the_guide_and_gives_out_the_answer(service: Between) -> None:
    done = node("hubspot", "score_contact.js", service, EVENT)
    same_lead(service.asked[0], bodies("hubspot")[0])
    assert service.headers[0]["Authorization"] == "Bearer ls_key"
    assert done == {"outputs": {"outputFields": outputs(service.answered[0])}}
    scoring, _, _ = (GUIDES / "hubspot.md").read_text(encoding="utf-8").partition("\n## Events as they happen")
    promised = re.findall(r"^   \| `(\w+)` \|", scoring, re.MULTILINE)
    assert sorted(promised) == sorted(outputs(service.answered[0]))


def test_hubspots_javascript_tells_what_to_mend_and_throws_what_may_be_tried_again(service: Between) -> None:
    bad = {**EVENT, "inputFields": {**HUBSPOT_INPUTS, "createdate": ""}}
    said = node("hubspot", "score_contact.js", service, bad)["outputs"]["outputFields"]
    assert said == {"lead_score_error": "invalid_request: created_at is missing; it must be there"}
    for status in (401, 429, 503):
        service.status = status
        thrown = node("hubspot", "score_contact.js", service, EVENT)
        assert thrown == {"thrown": f"Request failed with status code {status}", "status": status}


@pytest.fixture
def action(service: Between, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """HubSpot's Python action, as HubSpot loads it."""
    monkeypatch.setenv("LEAD_SCORING_KEY", "ls_key")
    monkeypatch.setenv("HUBSPOT_TOKEN", "hubspot-token")
    module = ModuleType("score_contact")
    code = moved((GUIDES / "hubspot" / "score_contact.py").read_text(encoding="utf-8"), service)
    exec(compile(code, "score_contact.py", "exec"), module.__dict__)  # noqa: S102  # our own guide's code
    return module


def test_hubspots_python_does_the_same(action: ModuleType, service: Between) -> None:
    done = action.main(EVENT)
    same_lead(service.asked[0], bodies("hubspot")[0])
    assert done == {"outputFields": outputs(service.answered[0])}
    bad = {**EVENT, "inputFields": {**HUBSPOT_INPUTS, "createdate": "soon"}}
    assert action.main(bad)["outputFields"]["lead_score_error"].startswith("invalid_request: created_at is not a time")
    for status in (401, 429, 503):
        service.status = status
        with pytest.raises(requests.HTTPError) as caught:
            action.main(EVENT)
        assert caught.value.response.status_code == status


def test_the_hubspot_guides_crm_toml_reads_the_kinds_that_its_code_sends(tmp_path: Path) -> None:
    (config,) = blocks("hubspot", "toml")
    (tmp_path / "crm.toml").write_text(config, encoding="utf-8")
    lead = {"hs_object_id": "51", "createdate": "2026-02-20T10:12:00Z", "industry": "software", "seniority": "vp"}
    lines(tmp_path / "contacts.jsonl", {**lead, "hs_analytics_source": "DIRECT", "numberofemployees": "240"})
    touch = {"contact_id": "51", "hs_timestamp": "2026-02-28T08:30:00Z"}
    received = {**touch, "hs_object_id": "1", "hs_email_direction": "INCOMING_EMAIL"}
    lines(tmp_path / "emails.jsonl", received, {**touch, "hs_object_id": "2", "hs_email_direction": "EMAIL"})
    lines(tmp_path / "calls.jsonl", {**touch, "hs_object_id": "3", "hs_call_direction": "INBOUND"})
    lines(tmp_path / "meetings.jsonl", {**touch, "hs_object_id": "4"})
    read = export.read(tmp_path / "crm.toml", clock.parse("2026-03-01")).histories
    kinds = set(read.interactions["kind"].unique().to_pylist())
    assert kinds == {"reply", "email_sent", "call", "meeting"}
    for file in ("score_contact.js", "score_contact.py"):
        code = (GUIDES / "hubspot" / file).read_text(encoding="utf-8")
        sent = set(re.findall(r"""["']?kind["']?: ["'](\w+)["']""", code)) | {"meeting"}
        assert sent - kinds <= {"meeting_no_show"}


def lines(path: Path, *rows: dict[str, str]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def test_zapiers_code_sends_a_lead_and_gives_out_the_answer(service: Between) -> None:
    done = node("zapier", "score_lead.js", service, ZAPIER)["outputs"]
    told = bodies("zapier")[0]
    told["interactions"][0].pop("channel")
    same_lead(service.asked[0], told)
    (answer,) = service.answered
    names = ["score", "grade", "probability_sql", "probability_customer", "rule_points", "next_action", "follow_up_by"]
    assert {name: done[name] for name in names} == {name: answer[name] for name in names}
    assert (done["score_again_by"], done["model_version"]) == (answer["valid_until"], answer["model_version"])
    assert done["reasons"] == "; ".join(one["text"] for one in answer["reasons"])


def test_zapiers_code_ends_in_the_services_own_words(service: Between) -> None:
    bad = node("zapier", "score_lead.js", service, {**ZAPIER, "lead_id": ""})
    assert bad["thrown"] == "Lead scoring answered 400 invalid_request: lead_id is empty; write a text"
    assert (
        node("zapier", "score_lead.js", service, {**ZAPIER, "employees": "many"})["thrown"]
        == "employees is not a number"
    )
    service.status = 429
    thrown = node("zapier", "score_lead.js", service, ZAPIER)
    assert thrown["thrown"] == "Lead scoring answered 429 not_now: request try again"


def test_salesforces_classes_name_fields_that_the_service_has() -> None:
    document = json.loads(openapi.docs())
    known = {name for node in walk(document) for name in node.get("properties", {})}
    for file in sorted((GUIDES / "salesforce").glob("*.cls")):
        code = file.read_text(encoding="utf-8")
        code = code.replace("put(attributes, ", "")  # attributes have the names that training saw
        named = set(re.findall(r"'([a-z_]+)' =>", code)) | set(re.findall(r"(?:get|put)\((?:\w+, )?'([a-z_]+)'", code))
        assert named <= known, file.name
        assert "https://" not in code  # the Named Credential has the address and the key
