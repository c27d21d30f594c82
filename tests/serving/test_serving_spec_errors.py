"""What the door answers when it refuses is in the specification: status, headers, envelope and code."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from serving_door import JSON, client, echo, key

from serving.http.permission import Permission
from serving.settings import Settings
from serving.specs import openapi
from serving.specs.schemas import Error
from serving.wire.reply import Reply

Ask = Callable[[Path], httpx.Response]


def asked(
    path: Path, *permissions: Permission, times: int = 1, content: bytes = b"{}", **settings: int
) -> httpx.Response:
    """The last answer of so many to a request with a key."""
    headers = key(path, *permissions)
    one = client(echo, Settings(keys=path, **settings))
    return [one.post("/v1/predict", content=content, headers=headers) for _ in range(times)][-1]


def without_a_key(path: Path) -> httpx.Response:
    key(path)
    return client(echo, Settings(keys=path)).post("/v1/predict", content=b"{}", headers=JSON)


def of_a_fault(_: bytes) -> Reply:
    raise ZeroDivisionError


def too_late(_: bytes) -> Reply:
    time.sleep(0.3)
    return echo(b"{}")


CASES: dict[tuple[int, str], Ask] = {
    (401, "unauthorized"): without_a_key,
    (403, "forbidden"): lambda path: asked(path, Permission.EXPLAIN),
    (413, "body_too_large"): lambda path: asked(path, content=b" " * 1001, max_body_bytes=1000),
    (415, "unsupported_media_type"): lambda _: client(echo).post("/v1/predict", content=b"{}"),
    (429, "rate_limited"): lambda path: asked(path, times=2, requests_per_minute=1),
    (500, "internal"): lambda _: client(of_a_fault).post("/v1/predict", content=b"{}", headers=JSON),
    (503, "not_ready"): lambda _: client(None).post("/v1/predict", content=b"{}", headers=JSON),
    (504, "timeout"): lambda _: client(too_late, Settings(timeout_seconds=0.1)).post(
        "/v1/predict", content=b"{}", headers=JSON
    ),
}


@pytest.mark.parametrize(("expected", "ask"), CASES.items(), ids=lambda one: one[1] if isinstance(one, tuple) else "")
def test_a_refusal_is_told_by_the_specification(expected: tuple[int, str], ask: Ask, tmp_path: Path) -> None:
    status, code = expected
    response = ask(tmp_path / "keys.json")
    assert (response.status_code, response.json()["error"]["code"]) == expected
    told = json.loads(openapi.docs())["paths"]["/v1/predict"]["post"]["responses"][str(status)]
    assert code in told["description"]
    assert [name for name in told["headers"] if name not in response.headers] == []
    assert "retry-after" not in response.headers or int(response.headers["retry-after"]) >= 1
    assert ("Retry-After" in told["headers"]) == ("retry-after" in response.headers)
    assert response.headers["content-type"] in told["content"]
    Error.model_validate_json(response.content, strict=True)
