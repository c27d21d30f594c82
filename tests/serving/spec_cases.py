"""How a running service is asked what its specification allows and what it does not, and what is looked at."""

from collections import Counter
from datetime import datetime
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks
from serving_world import Running

from serving.specs.schemas import rewritten

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
LIKELY = strategies.datetimes(datetime(1970, 1, 2), datetime(2026, 1, 1))  # noqa: DTZ001  # the offset comes with it
OFFSETS = strategies.sampled_from(["Z", "+01:00", "-08:00", "+05:45", "+14:00", "-12:00"])
LATER = strategies.sampled_from(
    ["2199-12-31T00:00:00Z", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"]
)
MOMENTS = strategies.builds("{:%Y-%m-%dT%H:%M:%S}{}".format, LIKELY, OFFSETS)
schemathesis.openapi.format("date-time", strategies.integers(0, 19).flatmap(lambda one: MOMENTS if one else LATER))


def closed(document: Any) -> Any:
    """The document with objects that hold their named fields alone.

    The service refuses others in a request, so that cases would end at the first made-up key; and an answer must have
    no field that is not told.
    """

    def change(node: dict[str, Any]) -> dict[str, Any]:
        return {**node, "additionalProperties": False} if isinstance(node.get("properties"), dict) else node

    return rewritten(document, change)


def scorable(document: Any) -> Any:
    """The document of requests that are scored without a store.

    An attribute is one value, which no plain type can say, and a lead has a `created_at`: without one it is the store's.
    """
    plain = [{"type": "string", "maxLength": 1000}, {"type": "number"}, {"type": "boolean"}]

    def change(node: dict[str, Any]) -> dict[str, Any]:
        if node.get("additionalProperties") is True:
            return {**node, "additionalProperties": {"anyOf": plain}}
        properties = node.get("properties")
        if isinstance(properties, dict) and {"lead_id", "created_at", "interactions"} <= properties.keys():
            moment = {
                name: one for name, one in properties["created_at"].items() if name not in {"nullable", "x-nullable"}
            }
            return {**node, "properties": {**properties, "created_at": moment}, "required": ["lead_id", "created_at"]}
        return node

    return rewritten(document, change)


def known(document: Any, lead_ids: list[str], **more: list[str]) -> Any:
    """The document in which leads, and what `more` names, are some of these: of others nothing is known."""
    named = {"lead_id": lead_ids, "into_lead": lead_ids, **more}

    def change(node: dict[str, Any]) -> dict[str, Any]:
        properties = node.get("properties")
        if not isinstance(properties, dict):
            return node
        chosen = {
            name: {"type": "string", "enum": named[name]}
            for name, one in properties.items()
            if name in named and not (name == "lead_id" and one.keys() & {"nullable", "x-nullable"})  # a verdict's
        }
        return {**node, "properties": {**properties, **chosen}}

    return rewritten(document, change)


def operation(document: Any, named: str) -> APIOperation:
    schema = schemathesis.openapi.from_dict(closed(document))
    found = (one.ok() for one in schema.get_all_operations())
    return next(one for one in found if one.definition.raw["operationId"] == named)


def asked(url: str, one: APIOperation, mode: GenerationMode, cases: int, *, derandomized: bool) -> Counter[str]:
    """Ask this many times; return how often which status, and which code, came back."""
    answers: Counter[str] = Counter()
    with requests.Session() as session:

        @settings(
            max_examples=cases,
            derandomize=derandomized,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=one.as_strategy(generation_mode=mode))
        def ask(case: Case) -> None:
            response = case.call_and_validate(base_url=url, session=session, checks=CHECKS)
            code = "" if response.status_code == 200 else response.json()["error"]["code"]
            answers[f"{response.status_code} {code}".strip()] += 1

        ask()
    return answers


def unharmed(running: Running) -> None:
    assert httpx.get(f"{running.url}/readyz").status_code == 200
    log = running.log.read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert '"status": 500' not in log
