"""The door in-process: every path, method and mistake has one defined answer, and none needs a bundle."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from serving_client import InProcess
from serving_door import JSON, MARKER, NOW, Answering, client, echo, error, nothing_else
from serving_door import door as the_door

from serving.engine import Engine
from serving.http.door import Door
from serving.http.logs import JsonLines
from serving.http.metrics import Metrics
from serving.http.routes import ROUTES
from serving.predictor import Predictor
from serving.settings import Settings
from serving.specs import openapi
from serving.wire.errors import Problem, RequestError
from serving.wire.reply import Reply


@pytest.mark.parametrize(
    "path", ["/", "/v1/predict/", "/v2/predict", "/openapi.json", "/schema.json", "/a%00b", "//", f"/{MARKER}"]
)
def test_a_path_that_does_not_exist_is_404_and_names_those_that_do(path: str) -> None:
    response = client(echo).get(path)
    assert (response.status_code, error(response)["code"]) == (404, "not_found")
    assert MARKER not in response.text
    there = ", ".join((*(one.path for one in ROUTES), "/v1/hubspot", "/livez", "/readyz"))
    assert f"there is {there}" in error(response)["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/v1/predict", "POST"), ("OPTIONS", "/v1/predict_one", "POST"), ("POST", "/readyz", "GET, HEAD")],
)
def test_another_method_is_405_and_names_the_right_one(method: str, path: str, allowed: str) -> None:
    response = client(echo).request(method, path)
    assert (response.status_code, error(response)["code"]) == (405, "method_not_allowed")
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/vnd.bentoml+pickle"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json", "content-encoding": "gzip"},
        [("content-type", "text/plain"), ("content-type", "application/json")],
        [("content-type", "application/json"), ("content-encoding", "gzip"), ("content-encoding", "identity")],
        {},
    ],
)
def test_anything_but_plain_json_announced_once_is_415(headers: Any) -> None:
    response = client(echo).post("/v1/predict", content=b"{}", headers=headers)
    assert (response.status_code, error(response)["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media",
    ["application/json", "APPLICATION/JSON", "application/json; charset=UTF-8", 'application/json;charset="utf-8"'],
)
def test_json_is_taken_however_it_is_announced(media: str) -> None:
    assert client(echo).post("/v1/predict", content=b"{}", headers={"content-type": media}).status_code == 200


def test_a_body_over_the_limit_is_413_announced_or_not_and_one_at_the_limit_is_read() -> None:
    door = client(echo, Settings(max_body_bytes=1000))
    assert door.post("/v1/predict", content=b"x" * 1000, headers=JSON).content == b"x" * 1000
    assert error(door.post("/v1/predict", content=b"x" * 1001, headers=JSON))["code"] == "body_too_large"

    async def parts() -> AsyncIterator[bytes]:
        yield b"x" * 600
        yield b"x" * 600

    response = door.post("/v1/predict", content=parts(), headers=JSON)
    assert (response.status_code, error(response)["code"]) == (413, "body_too_large")


def test_a_request_error_becomes_its_envelope() -> None:
    def refuse(_: bytes) -> Reply:
        raise RequestError(Problem.INVALID_LEAD, "is missing; it must be there", "created_at")

    response = client(refuse).post("/v1/predict_one", content=b"{}", headers=JSON)
    assert response.status_code == 400
    assert error(response) | {"request_id": ""} == {
        "code": "invalid_lead",
        "message": "is missing; it must be there",
        "field": "created_at",
        "request_id": "",
    }


def test_a_mistake_of_ours_is_500_and_neither_answer_nor_log_holds_what_was_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def stumble(body: bytes) -> Reply:
        raise ValueError(f"cannot handle {body!r}")

    with caplog.at_level(logging.DEBUG):
        response = client(stumble).post("/v1/predict", content=MARKER.encode(), headers=JSON)
    assert (response.status_code, error(response)["code"]) == (500, "internal")
    assert MARKER not in response.text + caplog.text
    assert "ValueError at " in caplog.text
    (line,) = (JsonLines().format(one) for one in caplog.records if one.name == "lead_scoring.door")
    assert json.loads(line)["request_id"] == error(response)["request_id"]


def test_until_there_is_a_bundle_readyz_and_predictions_are_503_with_retry_after_and_livez_is_200() -> None:
    door = client()
    for response in (door.get("/readyz"), door.post("/v1/predict", content=b"{}", headers=JSON)):
        assert (response.status_code, error(response)["code"]) == (503, "not_ready")
        assert response.headers["retry-after"] == "5"
    assert door.get("/livez").json() == {"status": "alive"}
    assert door.get("/healthz").status_code == 200
    assert door.head("/livez").status_code == 200
    assert door.head("/livez").content == b""
    assert client(echo).get("/readyz").json() == {"status": "ready"}


class Loading(Engine):
    """Has begun to load, and answers with an echo at the third look."""

    looks = 0

    @property
    def will_answer(self) -> bool:
        self.looks += 1
        if self.looks == 3:
            self.hold(Answering(echo))
        return self.looks < 3


def test_a_request_that_comes_while_a_worker_loads_waits_for_it_and_a_probe_does_not() -> None:
    loading = InProcess(
        Door(nothing_else, Loading(None, 10), Settings(), Metrics(multiprocess=False), lambda: NOW, openapi.docs)
    )
    assert loading.get("/readyz").status_code == 503
    response = loading.post("/v1/predict", content=b"{}", headers=JSON)
    assert (response.status_code, response.content) == (200, b"{}")


class Endless(Engine):
    """Is still loading whenever it is looked at."""

    will_answer = True  # type: ignore[assignment]  # a property of the engine


def test_a_request_does_not_wait_for_ever_for_a_worker_that_loads() -> None:
    settings = Settings(timeout_seconds=0.4)
    endless = InProcess(
        Door(nothing_else, Endless(None, 10), settings, Metrics(multiprocess=False), lambda: NOW, openapi.docs)
    )
    response = endless.post("/v1/predict", content=b"{}", headers=JSON)
    assert (response.status_code, error(response)["code"]) == (503, "not_ready")


def test_a_request_over_the_time_limit_is_504() -> None:
    released = threading.Event()

    def dawdle(body: bytes) -> Reply:
        released.wait(10)
        return echo(body)

    response = client(dawdle, Settings(timeout_seconds=0.1)).post("/v1/predict", content=b"{}", headers=JSON)
    released.set()
    assert (response.status_code, error(response)["code"]) == (504, "timeout")


def test_probes_answer_while_every_thread_is_scoring() -> None:
    released = threading.Event()

    def dawdle(body: bytes) -> Reply:
        released.wait(10)
        return echo(body)

    door = client(dawdle, Settings(threads=1))
    waiting = [
        threading.Thread(target=door.post, args=("/v1/predict",), kwargs={"content": b"{}", "headers": JSON})
        for _ in range(3)
    ]
    for one in waiting:
        one.start()
    time.sleep(0.1)
    started = time.monotonic()
    assert door.get("/livez").status_code == 200
    assert time.monotonic() - started < 1
    released.set()
    for one in waiting:
        one.join()


def test_a_client_that_goes_away_is_answered_all_the_same_since_bentoml_waits_for_it() -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {**SCOPE, "method": "POST", "path": "/v1/predict"}
    asyncio.run(the_door()(scope, receive, send))
    assert sent[0]["status"] == 400
    assert json.loads(sent[1]["body"])["error"]["code"] == "incomplete_body"


def test_metrics_have_a_series_for_our_paths_and_one_for_all_others() -> None:
    door = client(echo)
    for number in range(20):
        door.get(f"/{MARKER}/{number}")
    door.post("/v1/predict", content=b"{}", headers=JSON)
    text = door.get("/metrics").text
    assert 'lead_scoring_requests_total{endpoint="other",status="404"} 20.0' in text
    assert 'lead_scoring_requests_total{endpoint="/v1/predict",status="200"} 1.0' in text
    assert 'lead_scoring_leads_total{status="scored"} 2.0' in text
    assert 'lead_scoring_leads_total{status="failed"} 1.0' in text
    assert 'lead_scoring_request_seconds_count{endpoint="/v1/predict"} 1.0' in text
    assert MARKER not in text


def test_each_request_leaves_one_line_without_its_values_and_probes_leave_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "lead_scoring"):
        door = client(echo)
        response = door.post(f"/v1/predict?who={MARKER}", content=json.dumps({"lead_id": MARKER}), headers=JSON)
        door.get(f"/{MARKER}")
        door.get("/livez")
    lines = [JsonLines().format(one) for one in caplog.records if one.name == "lead_scoring.requests"]
    first, second = (json.loads(one) for one in lines)
    assert {name: first[name] for name in ("path", "status", "leads", "failed", "model_version", "key")} == {
        "path": "/v1/predict", "status": 200, "leads": 2, "failed": 1, "model_version": "m1", "key": None,
    }  # fmt: skip
    assert first["request_id"] == response.headers["x-request-id"]
    assert (second["path"], second["status"], second["leads"]) == ("other", 404, 0)
    assert MARKER not in "".join(lines)


HERE = (b"host", b"127.0.0.1")
SCOPE = {"type": "http", "client": ("127.0.0.1", 1), "headers": [(b"content-type", b"application/json"), HERE]}
STATUSES = {one.status for one in Problem} - {500}
BYTES = st.binary(max_size=100) | st.text(max_size=50).map(str.encode) | st.just(b'{"leads": [{}]}')
MEDIA = st.just("application/json") | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


@hypothesis_settings(max_examples=100, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS"]),
    path=st.sampled_from(["/v1/predict", "/v1/predict_one", "/readyz"])
    | st.text(st.characters(codec="ascii"), max_size=10),
    media=MEDIA,
    body=BYTES,
)
def test_any_request_is_answered_or_refused_in_the_envelope_and_never_breaks_the_service(
    predictor: Predictor, method: str, path: str, media: str, body: bytes
) -> None:
    response = ask(predictor, method, path, media, body)
    if response.status != 200:
        assert response.status in STATUSES
        if method != "HEAD":
            assert list(json.loads(response.body)["error"]) == ["code", "message", "field", "request_id"]


@dataclass
class Heard:
    status: int = 0
    body: bytes = b""


def ask(predictor: Predictor, method: str, path: str, media: str, body: bytes) -> Heard:
    """Ask below the client, which would refuse to send much of this."""
    engine, heard = Engine(None, 10), Heard()
    engine.hold(predictor)
    door = Door(nothing_else, engine, Settings(), Metrics(multiprocess=False), lambda: NOW, openapi.docs)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        heard.status = message.get("status", heard.status)
        heard.body += message.get("body", b"")

    scope = {**SCOPE, "method": method, "path": path, "headers": [(b"content-type", media.encode()), HERE]}
    asyncio.run(door(scope, receive, send))
    return heard
