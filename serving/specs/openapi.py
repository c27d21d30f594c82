"""The OpenAPI 3.0.3 document of the service, made from its routes, wire models and errors."""

import json
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from histories.errors import CallError
from serving.http.routes import ROUTES, Route
from serving.specs import schemas as wire_schemas
from serving.specs import swagger
from serving.specs.schemas import Error, Schema, name
from serving.specs.words import OPERATIONS, STATUSES
from serving.wire.errors import Problem

VERSION = "1.0.0"  # of the wire's form, not of the project: raised when a client could notice
EXAMPLE_URL = "https://lead-scoring.example.com"
_JSON = "application/json"
_REFERENCE = "#/components/schemas/"
_RETRIED = (429, 503)
_ABOUT_THE_BODY = (400, 404, 413, 415)  # a body may ask for what the store knows
# Nobody meets these who calls an operation as it is described; or nobody is left to read the answer.
_OF_NO_OPERATION = {Problem.INVALID_HTTP, Problem.NOT_FOUND, Problem.METHOD_NOT_ALLOWED, Problem.INCOMPLETE_BODY}
_DESCRIPTION = (
    "Probability of becoming sales-qualified and a customer for every lead, a rulebook's points beside them, "
    "and the reasons for both. Every error has the same body. Times carry an offset; numbers stand without quotes."
)


@cache
def docs() -> bytes:
    """Return the document as the running service gives it, relative to wherever it is reached."""
    return _written(document("/"))


def files(url: str = EXAMPLE_URL) -> dict[str, bytes]:
    """Return what importers want by file name: OpenAPI 3.0.3 and Swagger 2.0 for a service at this address.

    Raises CallError for an address that is none.
    """
    split = urlsplit(url)
    if split.scheme not in {"http", "https"} or not split.netloc or split.query or split.fragment:
        raise CallError(f"--url: {url!r} is not the address of a service; write one such as {EXAMPLE_URL}")
    three = document(url.rstrip("/"))
    return {"openapi.json": _written(three), "swagger.json": _written(swagger.converted(three))}


def document(url: str) -> Schema:
    """Return the OpenAPI 3.0.3 document of a service at this address."""
    return {
        "openapi": "3.0.3",
        "info": {"title": "Lead scoring", "version": VERSION, "description": _DESCRIPTION},
        "servers": [{"url": url}],
        "security": [{"ApiKey": []}, {"Bearer": []}],
        "paths": {one.path: {one.method.lower(): _operation(one)} for one in ROUTES},
        "components": {
            "schemas": wire_schemas.schemas(ROUTES, _REFERENCE),
            "securitySchemes": {
                "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "Bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _operation(route: Route) -> Schema:
    words = OPERATIONS.get(route.operation, f"{route.summary}.")
    operation: Schema = {
        "operationId": route.operation,
        "summary": route.summary,
        "description": f"{words} The API key needs the permission {route.permission.value}.",
    }
    if route.request is not None:
        operation["requestBody"] = {"required": True, "content": _content(name(route.request.__name__))}
    responses = {200: _response(200, name(route.response.__name__), STATUSES[200])}
    for status, codes in _errors(route).items():
        words = f"{STATUSES[status]} Codes: {', '.join(codes)}."
        responses[status] = _response(status, Error.__name__, words)
    operation["responses"] = {str(status): responses[status] for status in sorted(responses)}
    return operation


def _errors(route: Route) -> dict[int, list[str]]:
    """The codes of each status that this route may answer with."""
    found: dict[int, list[str]] = {}
    for problem in Problem:
        if problem not in _OF_NO_OPERATION and (route.request is not None or problem.status not in _ABOUT_THE_BODY):
            found.setdefault(problem.status, []).append(problem.code)
    return found


def _response(status: int, schema: str, words: str) -> Schema:
    headers: Schema = {"X-Request-Id": _header("string", "The request's id, as in the body.")}
    if status in _RETRIED:
        headers["Retry-After"] = _header("integer", "Seconds to wait before the request is sent again.")
    return {"description": words, "headers": headers, "content": _content(schema)}


def _header(kind: str, words: str) -> Schema:
    return {"description": words, "required": True, "schema": {"type": kind}}


def _content(schema: str) -> Schema:
    return {_JSON: {"schema": {"$ref": _REFERENCE + schema}}}


def _written(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
