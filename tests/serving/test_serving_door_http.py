"""The door over a real socket: every status that there is, from whatever layer, in the one envelope."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving_door import JSON, door, error, key, listening

from serving.http import no_http
from serving.http.permission import Permission
from serving.settings import Settings
from serving.wire.errors import Problem, RequestError
from serving.wire.reply import Reply

BEGUN, RELEASED = threading.Event(), threading.Event()
SETTINGS = Settings(
    threads=1, max_waiting=0, timeout_seconds=2.0, max_body_bytes=1000, requests_per_minute=100_000, open_docs=True
)


def answer(body: bytes) -> Reply:
    if body == b"mistake":
        raise ValueError("a mistake of ours")
    if body == b"bad":
        raise RequestError(Problem.INVALID_REQUEST, "is missing; it must be there", "leads")
    if body == b"slow":
        BEGUN.set()
        RELEASED.wait(30)
    return Reply(b"{}", "m1")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            no_http.auto.AutoHTTPProtocol, "send_400_response", no_http.auto.AutoHTTPProtocol.send_400_response
        )
        patch.setitem(no_http.config.WS_PROTOCOLS, "auto", no_http.config.WS_PROTOCOLS["auto"])
        no_http.answer_in_the_envelope()
        with listening(door(answer, SETTINGS)) as one:
            yield one


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, dict[str, dict[str, str]]]]:
    """A door with keys: where, the file, and headers by what they are good for."""
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    shown = {"predict": key(path), "admin": key(path, Permission.ADMIN), "often": key(path)}
    with listening(door(answer, Settings(keys=path, requests_per_minute=6))) as one:
        yield f"http://127.0.0.1:{one}", path, shown


@pytest.mark.parametrize(
    ("method", "path", "content", "headers", "status", "code"),
    [
        ("POST", "/v1/predict", b"bad", JSON, 400, "invalid_request"),
        ("GET", "/nowhere", b"", {}, 404, "not_found"),
        ("GET", "/v1/predict", b"", {}, 405, "method_not_allowed"),
        ("POST", "/v1/predict", b" " * 1001, JSON, 413, "body_too_large"),
        ("POST", "/v1/predict", b"{}", {"content-type": "text/plain"}, 415, "unsupported_media_type"),
        ("POST", "/v1/predict", b"mistake", JSON, 500, "internal"),
        ("POST", "/v1/predict", b"{}", {**JSON, "host": "attacker.example"}, 403, "forbidden"),
    ],
)
def test_every_refusal_has_its_status_and_the_envelope(
    port: int, method: str, path: str, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    response = httpx.request(method, f"http://127.0.0.1:{port}{path}", content=content, headers=headers)
    assert (response.status_code, error(response)["code"]) == (status, code)


def test_one_that_takes_too_long_is_504_and_meanwhile_the_next_is_503(port: int) -> None:
    url, found = f"http://127.0.0.1:{port}/v1/predict", []
    thread = threading.Thread(target=lambda: found.append(httpx.post(url, content=b"slow", headers=JSON, timeout=30)))
    thread.start()
    assert BEGUN.wait(20)
    busy = httpx.post(url, content=b"{}", headers=JSON)
    assert (busy.status_code, error(busy)["code"]) == (503, "busy")
    assert int(busy.headers["retry-after"]) >= 1
    thread.join()
    RELEASED.set()
    assert (found[0].status_code, error(found[0])["code"]) == (504, "timeout")


def test_with_keys_it_is_401_403_429_and_503_and_each_says_when_to_come_back(locked: Any) -> None:
    url, path, shown = locked
    post = {"url": f"{url}/v1/predict", "content": b"{}"}
    unknown, wrong, right = (httpx.post(**post, headers=one) for one in (JSON, shown["admin"], shown["predict"]))
    assert [one.status_code for one in (unknown, wrong, right)] == [401, 403, 200]
    assert [error(one)["code"] for one in (unknown, wrong)] == ["unauthorized", "forbidden"]
    assert unknown.headers["www-authenticate"] == 'Bearer realm="lead-scoring"'
    assert httpx.post(**post, headers=shown["often"]).status_code == 200
    often = httpx.post(**post, headers=shown["often"])
    assert (often.status_code, error(often)["code"]) == (429, "rate_limited")
    assert often.headers["retry-after"] == "10"
    good = path.read_bytes()
    path.write_bytes(good[:-9])
    shut = httpx.post(**post, headers=shown["predict"])
    path.write_bytes(good)
    assert (shut.status_code, error(shut)["code"]) == (503, "keys_unreadable")
    assert shut.headers["retry-after"] == "30"


def test_a_body_that_nobody_wants_does_not_keep_its_sender_waiting_for_the_refusal(locked: Any) -> None:
    url, _, _ = locked
    host, port = url.removeprefix("http://").split(":")
    head = b"POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{"
    with socket.create_connection((host, int(port)), timeout=10) as one:
        one.sendall(head)
        assert one.recv(1000).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /v1/predict HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/predict HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
    ],
)
def test_what_is_no_http_gets_the_envelope_too(port: int, sent: bytes) -> None:
    heard = exchange(port, sent)
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    said = json.loads(body)["error"]
    assert list(said) == ["code", "message", "field", "request_id"]
    assert said["code"] == "invalid_http"
    assert re.search(rb"(?i)content-length: (\d+)", head)[1] == str(len(body)).encode()  # type: ignore[index]


SMUGGLED = b"GET /nowhere HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
CHUNKED = b"POST /v1/predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
BOTH = CHUNKED + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED
OLD = (CHUNKED + b"connection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED).replace(
    b"1.1", b"1.0", 1
)


@pytest.mark.parametrize("sent", [BOTH, OLD, BOTH.replace(b"POST /v1/predict", b"GET /livez")])
def test_a_head_that_leaves_open_how_long_the_body_is_is_400_and_ends_the_connection(port: int, sent: bytes) -> None:
    heard = to_the_end(port, sent)
    assert heard.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close\r\n" in heard.lower()
    assert heard.count(b"HTTP/1.1 ") == 1, "what was smuggled was answered"
    assert json.loads(heard.partition(b"\r\n\r\n")[2])["error"]["code"] == "invalid_http"


def test_a_chunked_body_alone_is_taken_and_the_connection_stays_open(port: int) -> None:
    chunked = CHUNKED + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    heard = exchange(port, chunked + SMUGGLED)
    assert heard.count(b"HTTP/1.1 ") == 2
    assert heard.startswith(b"HTTP/1.1 200 ")


HANDSHAKE = b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


@pytest.mark.parametrize(
    "more",
    [
        b"sec-websocket-version: 13\r\n",
        b"sec-websocket-version: 8\r\n",
        b"sec-websocket-version: 13\r\nsec-websocket-key: dHdv\r\n",
        b"sec-websocket-version: 13\r\nsec-websocket-extensions: \xff;;\r\n",
        b"",
    ],
)
def test_a_websocket_handshake_is_a_plain_request_whatever_its_headers(port: int, more: bytes) -> None:
    head = b" HTTP/1.1\r\nhost: 127.0.0.1\r\n" + HANDSHAKE + more + b"\r\n"
    assert exchange(port, b"GET /nowhere" + head).startswith(b"HTTP/1.1 404 ")
    heard = exchange(port, b"GET /livez" + head + SMUGGLED)
    assert heard.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 404 " in heard, "the connection is still good for another request"


def to_the_end(port: int, sent: bytes) -> bytes:
    """Send, and return all that comes back until the other side closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
        one.sendall(sent)
        return b"".join(iter(lambda: one.recv(10_000), b""))


def exchange(port: int, sent: bytes) -> bytes:
    """Send, and return all that comes back until the other side closes."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
        one.sendall(sent)
        while part := one.recv(10_000):
            heard += part
            if b'"request_id"' in heard and heard.endswith(b"}}"):
                break
    return heard
