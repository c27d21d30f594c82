"""The door with keys: who is let in, who is told what, and that it is decided before a body is read."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from serving_client import InProcess
from serving_door import JSON, NOW, client, door, echo, error, key

from histories import clock
from serving.http import keys
from serving.http.permission import Permission
from serving.settings import Settings

BODY = b"{}"
MINUTE = 60_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def asked(headers: dict[str, str], settings: Settings, where: str = "/v1/predict") -> Any:
    return client(echo, settings).post(where, content=BODY, headers=headers)


def test_a_key_may_be_shown_as_bearer_or_as_api_key_and_several_are_good_at_once(path: Path) -> None:
    first, second = key(path), key(path)
    text = second["authorization"].split(" ")[1]
    shown = [first, second, {**JSON, "x-api-key": text}, {**JSON, "authorization": f"bearer  {text} "}]
    basic = {**JSON, "x-api-key": text, "authorization": "Basic of-a-proxy"}
    both = {**second, "x-api-key": text}
    assert [asked(one, Settings(keys=path)).status_code for one in (*shown, basic, both)] == [200] * 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: {}, "send a key, as Authorization: Bearer <key> or as X-API-Key: <key>"),
        (lambda text: {"authorization": f"Basic {text}"}, "send a key, as Authorization: Bearer <key> or as X-API-Key: <key>"),
        (lambda text: {"authorization": f"Bearer {text[:-1]}"}, "the key is not one of this service's; send it whole, as it was shown when it was made"),
        (lambda text: {"x-api-key": f"{text[:-1]}z"}, "the key is not one of this service's; send it whole, as it was shown when it was made"),
        (lambda _: {"x-api-key": ""}, "the key is not one of this service's; send it whole, as it was shown when it was made"),
        (lambda text: {"x-api-key": text, "authorization": "Bearer other"}, "the headers show several keys; send one"),
    ],
)  # fmt: skip
def test_without_a_right_key_it_is_401_and_says_how_to_send_one(path: Path, change: Any, message: str) -> None:
    text = key(path)["authorization"].split(" ")[1]
    response = asked({**JSON, **change(text)}, Settings(keys=path))
    assert (response.status_code, error(response)["code"]) == (401, "unauthorized")
    assert response.headers["www-authenticate"] == 'Bearer realm="lead-scoring"'
    assert error(response)["message"] == message


def test_a_key_in_the_address_is_no_key(path: Path) -> None:
    text = key(path)["authorization"].split(" ")[1]
    assert asked(JSON, Settings(keys=path), f"/v1/predict?api_key={text}").status_code == 401


def test_an_ended_key_is_401_and_only_its_owner_is_told_that_it_ended(path: Path) -> None:
    expired = key(path, now=NOW - clock.DAY, expires_at=NOW)
    made = keys.add(path, "b", [Permission.PREDICT], NOW)
    keys.revoke(path, made.key.id, NOW)
    settings = Settings(keys=path)
    assert error(asked(expired, settings))["message"] == "the key expired at 2026-03-01T00:00:00Z; ask for a new one"
    response = asked({**JSON, "x-api-key": made.text}, settings)
    assert error(response)["message"] == "the key was revoked at 2026-03-01T00:00:00Z; ask for a new one"
    wrong = asked({**JSON, "x-api-key": made.text[:-64] + "0" * 64}, settings)
    assert error(wrong)["message"].startswith("the key is not one of this service's")


@pytest.mark.parametrize("permission", list(Permission))
def test_a_key_is_good_for_its_permissions_alone(path: Path, permission: Permission) -> None:
    headers, one = key(path, permission), client(echo, Settings(keys=path))
    found = {
        "/v1/predict": one.post("/v1/predict", content=BODY, headers=headers).status_code,
        "/metrics": one.request("GET", "/metrics", headers=headers).status_code,
        "/docs.json": one.request("GET", "/docs.json", headers=headers).status_code,
    }
    admin = 200 if permission is Permission.ADMIN else 403
    predict = 200 if permission is Permission.PREDICT else 403
    assert found == {"/v1/predict": predict, "/metrics": admin, "/docs.json": admin}
    refused = one.request(
        "GET" if admin == 403 else "POST", "/metrics" if admin == 403 else "/v1/predict", headers=headers
    )
    wanted = "admin" if admin == 403 else "predict"
    assert error(refused)["message"] == f"the key does not have the permission {wanted}; send one that has"


def test_the_pages_need_no_key_where_they_are_opened_and_probes_never_need_one(path: Path) -> None:
    key(path)
    shut = client(echo, Settings(keys=path))
    assert [shut.get(page).status_code for page in ("/metrics", "/docs.json")] == [401, 401]
    open_ = client(echo, Settings(keys=path, open_metrics=True, open_docs=True))
    assert [open_.get(page).status_code for page in ("/metrics", "/docs.json")] == [200, 200]
    assert [shut.get(probe).status_code for probe in ("/livez", "/readyz", "/healthz")] == [200] * 3


def test_nothing_of_a_body_is_read_before_the_key_is_known_to_be_good(path: Path) -> None:
    key(path)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/predict", "headers": [(b"content-length", b"99999999")]}
    asyncio.run(door(echo, Settings(keys=path))(scope, receive, send))
    assert sent[0]["status"] == 401


def test_a_key_counts_from_the_moment_it_is_made_and_no_longer_once_it_is_revoked(path: Path) -> None:
    one = client(echo, Settings(keys=path))
    assert one.post("/v1/predict", content=BODY, headers=JSON).status_code == 200
    headers = key(path)
    assert one.post("/v1/predict", content=BODY, headers=JSON).status_code == 401
    assert one.post("/v1/predict", content=BODY, headers=headers).status_code == 200
    keys.revoke(path, headers["authorization"].split(" ")[1], NOW)
    assert one.post("/v1/predict", content=BODY, headers=headers).status_code == 401
    assert one.post("/v1/predict", content=BODY, headers=JSON).status_code == 401, (
        "the last key is gone: nobody gets in"
    )


@pytest.mark.parametrize("harm", ["damaged", "emptied", "lists none", "gone", "a folder"])
def test_a_file_that_cannot_be_read_shuts_the_door_until_it_is_mended_and_the_log_says_so_once(
    path: Path, caplog: pytest.LogCaptureFixture, harm: str
) -> None:
    headers, one = key(path), client(echo, Settings(keys=path, open_metrics=True))
    assert one.post("/v1/predict", content=BODY, headers=headers).status_code == 200
    good = path.read_bytes()
    path.unlink()
    if harm == "damaged":
        path.write_bytes(good[:-20])
    if harm == "emptied":
        path.write_bytes(b"")
    if harm == "lists none":
        path.write_text('{"keys": []}', encoding="utf-8")
    if harm == "a folder":
        path.mkdir()
    caplog.clear()
    with caplog.at_level(logging.INFO, "lead_scoring.keys"):
        for refused in (one.post("/v1/predict", content=BODY, headers=each) for each in (headers, JSON)):
            assert (refused.status_code, error(refused)["code"]) == (503, "keys_unreadable")
            assert refused.headers["retry-after"] == "30"
    (line,) = [each for each in caplog.records if each.name == "lead_scoring.keys"]
    assert line.levelname == "ERROR"
    assert line.getMessage().startswith(f"{path}: ")
    assert one.get("/livez").status_code == 200
    assert one.get("/readyz").status_code == 503
    assert one.get("/metrics").status_code == 200
    if harm == "a folder":
        path.rmdir()
    path.write_bytes(good)
    assert one.post("/v1/predict", content=BODY, headers=headers).status_code == 200
    assert one.get("/readyz").status_code == 200


def test_a_key_that_asks_too_often_is_429_with_the_seconds_to_wait_and_others_are_not_held_up(path: Path) -> None:
    now = [0]
    one = InProcess(door(echo, Settings(keys=path, requests_per_minute=12), lambda: now[0]))
    first, second = key(path), key(path)

    def ask(headers: dict[str, str]) -> Any:
        return one.post("/v1/predict", content=BODY, headers=headers)

    assert [ask(first).status_code for _ in range(3)] == [200, 200, 429]
    now[0] = MINUTE // 12 - 1_500_000_000
    refused = ask(first)
    assert (refused.status_code, error(refused)["code"]) == (429, "rate_limited")
    assert refused.headers["retry-after"] == "2"
    assert (
        error(refused)["message"]
        == "the key asks too often; try again in 2 s, or send more leads at a time to /v1/predict"
    )
    assert ask(second).status_code == 200
    now[0] += 2_000_000_000
    assert ask(first).status_code == 200
    metrics = InProcess(door(echo, Settings(keys=path, open_metrics=True)))
    assert metrics.get("/metrics").status_code == 200


def test_a_request_that_is_refused_for_its_key_costs_the_key_nothing(path: Path) -> None:
    one = InProcess(door(echo, Settings(keys=path, requests_per_minute=6)))
    headers = key(path)
    wrong = {**JSON, "authorization": headers["authorization"][:-64] + "0" * 64}
    for _ in range(50):
        assert one.post("/v1/predict", content=BODY, headers=wrong).status_code == 401
    assert one.post("/v1/predict", content=BODY, headers=headers).status_code == 200


def test_the_log_names_a_key_by_its_id_where_its_secret_was_right_and_never_repeats_what_was_sent(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    headers = key(path)
    _, id_, secret = headers["authorization"].split("_")
    sent = [headers, {**JSON, "x-api-key": f"ls_{id_}_{'0' * 64}"}, {**JSON, "x-api-key": f"ls_{'e' * 12}_{secret}"}]
    with caplog.at_level(logging.INFO):
        statuses = [asked(one, Settings(keys=path)).status_code for one in sent]
    assert statuses == [200, 401, 401]
    lines = [one for one in caplog.records if one.name == "lead_scoring.requests"]
    assert [getattr(one, "key") for one in lines] == [id_, None, None]  # noqa: B009  # a field of the record
    everything = "".join(str(vars(one)) for one in caplog.records)
    assert secret not in everything
    assert "e" * 12 not in everything


def test_strangers_leave_nothing_behind(path: Path) -> None:
    key(path)
    one = door(echo, Settings(keys=path))
    for number in range(200):
        InProcess(one).post("/v1/predict", headers={"x-api-key": f"ls_{number:012x}_{'0' * 64}"})
    limit = one._access._limit
    assert limit._full_at == {}
