"""The specifications are valid, say what the code says, and keep to what CRM importers take."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator
from pydantic import BaseModel
from typer.testing import CliRunner

from histories.errors import CallError
from lead_scoring import app
from serving.http.routes import ROUTES
from serving.specs import openapi
from serving.specs import words as wire_words
from serving.specs.schemas import Error, schemas, walk
from serving.wire.errors import Problem, RequestError

KEPT = Path(__file__).parents[2] / "docs" / "api"
MADE = {name: json.loads(content) for name, content in openapi.files().items()}
THREE, TWO = MADE["openapi.json"], MADE["swagger.json"]
POLYMORPHIC = {"anyOf", "oneOf", "allOf", "not", "discriminator"}
# Of Apex' reserved keywords, those that a field could be called: External Services would write z0type for type.
# (`group` is one too, in SOQL alone; a team that imports sees z0group.)
RESERVED = {"any", "class", "collect", "currency", "date", "datetime", "decimal", "default", "desc", "end", "event"}
RESERVED |= {"exception", "final", "from", "global", "having", "hint", "in", "inner", "into", "join", "like"}
RESERVED |= {"limit", "list", "long", "map", "merge", "new", "not", "null", "number", "object", "of", "on", "order"}
RESERVED |= {
    "outer",
    "package",
    "public",
    "search",
    "select",
    "set",
    "short",
    "sort",
    "stat",
    "switch",
    "system",
    "then",
}
RESERVED |= {"time", "transaction", "trigger", "type", "update", "using", "when", "where"}


def properties(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    named = document.get("components", {}).get("schemas") or document["definitions"]
    return [(key, field, one) for key, schema in named.items() for field, one in schema.get("properties", {}).items()]


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for item in document["paths"].values() for one in item.values()]


def test_both_are_valid() -> None:
    OpenAPIV30SpecValidator(THREE).validate()
    OpenAPIV2SpecValidator(TWO).validate()
    assert (THREE["openapi"], TWO["swagger"]) == ("3.0.3", "2.0")


@pytest.mark.parametrize("name", MADE)
def test_the_kept_ones_are_those_that_the_code_gives(name: str) -> None:
    kept = (KEPT / name).read_bytes()
    assert kept == openapi.files()[name], "write them again: lead-scoring openapi -o docs/api"


def test_the_running_services_document_differs_from_the_kept_one_in_its_address_alone() -> None:
    assert json.loads(openapi.docs()) == {**THREE, "servers": [{"url": "/"}]}
    assert openapi.docs() is openapi.docs()


def test_every_route_is_an_operation_of_both() -> None:
    ids = [one.operation for one in ROUTES]
    assert [one["operationId"] for one in operations(THREE)] == ids
    assert [one["operationId"] for one in operations(TWO)] == ids
    for route in ROUTES:
        assert ("requestBody" in THREE["paths"][route.path][route.method.lower()]) == (route.request is not None)


def test_an_operation_may_answer_with_every_problem_that_can_befall_it() -> None:
    of_none = {Problem.NOT_FOUND, Problem.METHOD_NOT_ALLOWED, Problem.INCOMPLETE_BODY, Problem.INVALID_HTTP}
    for route in ROUTES:
        responses = THREE["paths"][route.path][route.method.lower()]["responses"]
        for problem in set(Problem) - of_none:
            about_body = problem.status in {400, 404, 413, 415}
            if route.request is not None or not about_body:
                assert problem.code in responses[str(problem.status)]["description"]
            else:
                assert str(problem.status) not in responses


def test_every_error_has_the_envelope_that_the_code_sends_and_says_when_to_come_again() -> None:
    sent = RequestError(Problem.INVALID_LEAD, "is missing", "lead_id").envelope("5d1e")
    assert Error.model_validate(sent).model_dump() == sent
    for operation in operations(THREE):
        for status, response in operation["responses"].items():
            schema = response["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            assert (schema == "Error") == (status != "200")
            assert ("Retry-After" in response["headers"]) == (status in {"429", "503"})
            assert "X-Request-Id" in response["headers"]


@pytest.mark.parametrize("document", MADE.values(), ids=MADE)
def test_types_are_plain(document: dict[str, Any]) -> None:
    for node in walk(document):
        assert not POLYMORPHIC & node.keys()
        assert not {"const", "prefixItems", "uniqueItems", "$defs"} & node.keys()
        assert not isinstance(node.get("type"), list)
        assert node.get("type") != "null"
        for bound in ("exclusiveMinimum", "exclusiveMaximum"):
            assert not isinstance(node.get(bound), int | float)
        if isinstance(node.get("enum"), list):
            assert {type(one) for one in node["enum"]} == {str}
        if isinstance(node.get("$ref"), str):
            assert list(node) == ["$ref"]
        if node.get("type") == "array":
            assert "items" in node
        assert node.get("required") != []
        assert "default" not in node or node["default"] is not None


@pytest.mark.parametrize("document", MADE.values(), ids=MADE)
def test_what_may_be_null_says_so_in_the_words_of_its_version(document: dict[str, Any]) -> None:
    words = {key for node in walk(document) for key in node if "nullable" in key}
    assert words == ({"nullable"} if document is THREE else {"x-nullable"})


@pytest.mark.parametrize("document", MADE.values(), ids=MADE)
def test_names_can_be_those_of_apex(document: dict[str, Any]) -> None:
    for operation in operations(document):
        assert re.fullmatch(r"[a-z][A-Za-z0-9]{0,29}", operation["operationId"])
    for schema, field, _ in properties(document):
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", schema)
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", field)
        assert field not in RESERVED


@pytest.mark.parametrize("document", MADE.values(), ids=MADE)
def test_texts_are_as_long_as_importers_keep_them(document: dict[str, Any]) -> None:
    for node in walk(document):
        assert len(node["description"] if isinstance(node.get("description"), str) else "") <= 1333
    for operation in operations(document):
        assert len(operation["summary"]) < 120
        assert operation["summary"] != operation["description"]
        assert operation["summary"][-1].isalnum()


@pytest.mark.parametrize("document", MADE.values(), ids=MADE)
def test_no_object_has_both_named_fields_and_free_ones_and_none_is_closed(document: dict[str, Any]) -> None:
    """Salesforce's parser ignores one of the two, and takes `false` for a map as well."""
    for node in walk(document):
        assert not ("additionalProperties" in node and "properties" in node)
        assert node.get("additionalProperties") is not False


def test_every_field_is_told_and_no_word_is_left_over() -> None:
    told = {f"{schema}.{field}": one for schema, field, one in properties(THREE)}
    assert [key for key, one in told.items() if "description" not in one and "$ref" not in one] == [], "wire_words.py"
    names = told.keys() | {key.partition(".")[2] for key in told}
    assert [key for key in wire_words.WORDS if key not in names] == []
    assert {one.operation for one in ROUTES} == wire_words.OPERATIONS.keys()
    assert {200, *(one.status for one in Problem)} - {405} == wire_words.STATUSES.keys()


def test_an_answers_fields_are_all_required_and_a_requests_own_defaults_are_told() -> None:
    named = THREE["components"]["schemas"]
    incoming = {f"Incoming{one}" for one in ("Lead", "Interaction", "Outcome")}
    asked = {"Lead", "Interaction", "Outcome", *incoming, *(one for one in named if one.endswith("Request"))}
    for one in named.keys() - asked:
        assert set(named[one]["required"]) == set(named[one]["properties"])
    assert named["PredictOneRequest"]["properties"]["reasons"]["default"] == 3
    assert named["PredictOneRequest"]["required"] == ["lead_id"]
    assert named["PredictRequest"]["properties"]["leads"]["items"] == {"$ref": "#/components/schemas/Lead"}


def test_power_platform_finds_one_schema_one_key_and_a_label_for_each_field() -> None:
    for operation in operations(TWO):
        assert [status for status, one in operation["responses"].items() if "schema" in one] == ["200"]
    assert TWO["securityDefinitions"] == {"ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}
    for _, field, one in properties(TWO):
        assert "$ref" in one or one["x-ms-summary"].lower().replace(" ", "_") == field
    assert len(json.dumps(TWO)) < 1_000_000


def test_a_model_that_may_be_null_is_refused_by_name() -> None:
    class Inner(BaseModel):
        number: int

    class Outer(BaseModel):
        inner: Inner | None

    route = replace(ROUTES[0], response=Outer)
    with pytest.raises(TypeError, match=r"^\S*Inner\S* may be null, for which OpenAPI 3\.0 has no words; give a list"):
        schemas((route, *ROUTES[1:]), "#/")


def test_the_command_writes_both_for_the_address_that_it_is_given(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["openapi", "-o", str(tmp_path / "api"), "--url", "https://leads.acme.com/scoring/"])
    assert done.exit_code == 0
    three, two = (json.loads((tmp_path / "api" / name).read_bytes()) for name in ("openapi.json", "swagger.json"))
    assert three == {**THREE, "servers": [{"url": "https://leads.acme.com/scoring"}]}
    assert (two["schemes"], two["host"], two["basePath"]) == (["https"], "leads.acme.com", "/scoring")
    assert [Path(line).name for line in done.stdout.splitlines()] == ["openapi.json", "swagger.json"]


@pytest.mark.parametrize("url", ["leads.acme.com", "ftp://leads.acme.com", "https://", "https://a.com/?x=1", ""])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    message = f"^--url: {re.escape(repr(url))} is not the address of a service; write one such as https://lead-scoring"
    with pytest.raises(CallError, match=message):
        openapi.files(url)


def test_the_kept_address_is_nobodys() -> None:
    assert urlsplit(openapi.EXAMPLE_URL).hostname == "lead-scoring.example.com"
