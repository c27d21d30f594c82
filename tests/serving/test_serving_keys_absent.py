"""Without any key: this machine is answered, and nobody else, however the request came here."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from serving_door import door, echo

from serving.settings import Settings

PATHS = ["/v1/predict", "/metrics", "/docs.json", "/readyz"]


def status(client: tuple[str, int] | None, headers: dict[str, str], path: str, settings: Settings) -> tuple[int, bytes]:
    heard: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        heard.append(message)

    scope = {
        "type": "http",
        "method": "POST" if path.startswith("/v1") else "GET",
        "path": path,
        "client": client,
        "headers": [(b"content-type", b"application/json"), *((a.encode(), b.encode()) for a, b in headers.items())],
    }
    asyncio.run(door(echo, settings)(scope, receive, send))
    return heard[0]["status"], heard[1]["body"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:3000", "LOCALHOST", "[::1]:3000"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_answered(path: str, host: str, peer: str) -> None:
    assert status((peer, 1), {"host": host}, path, Settings())[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "localhost:3000", "origin": "http://localhost:3000", "sec-fetch-site": "same-origin"},
        {"host": "localhost:3000", "sec-fetch-site": "none"},
    ],
)
def test_a_page_of_the_service_itself_and_a_typed_address_are_this_machine_asking(headers: dict[str, str]) -> None:
    assert status(("127.0.0.1", 1), headers, "/docs.json", Settings())[0] == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("client", "headers"),
    [
        (("192.0.2.7", 1), {"host": "127.0.0.1"}),
        (("::ffff:192.0.2.7", 1), {"host": "127.0.0.1"}),
        (("10.0.0.5", 1), {"host": "scoring.internal"}),
        (("127.0.0.6", 1), {"host": "127.0.0.1"}),
        (None, {"host": "127.0.0.1"}),
        (("127.0.0.1", 1), {"host": "attacker.example"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1.attacker.example"}),
        (("127.0.0.1", 1), {"host": "[::1"}),
        (("127.0.0.1", 1), {}),
        (("127.0.0.1", 1), {"host": "127.0.0.1", "x-forwarded-for": "127.0.0.1"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1", "Forwarded": "for=192.0.2.7"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1", "via": "1.1 proxy"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1", "X-Forwarded-Proto": "https"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1", "CF-Connecting-IP": "192.0.2.7"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1", "true-client-ip": "192.0.2.7"}),
        (("127.0.0.1", 1), {"host": "user@127.0.0.1"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1/attacker.example"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1:port"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1, attacker.example"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1", "Host": "attacker.example"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1", "origin": "https://attacker.example"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1", "origin": "null"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1:3000", "origin": "http://127.0.0.1:8080"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1", "sec-fetch-site": "cross-site"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1", "sec-fetch-site": "same-site"}),
    ],
)
def test_nobody_else_is_whoever_passes_the_request_on(
    path: str, client: tuple[str, int] | None, headers: dict[str, str]
) -> None:
    found, body = status(client, headers, path, Settings())
    assert found == 403
    assert b"make one there with `lead-scoring keys add`" in body


def test_the_process_itself_counts_as_alive_to_all_and_an_opened_page_is_open_to_all() -> None:
    elsewhere = ("192.0.2.7", 1)
    assert status(elsewhere, {}, "/livez", Settings())[0] == 200
    assert status(elsewhere, {}, "/metrics", Settings(open_metrics=True))[0] == 200


def test_a_file_without_keys_and_one_that_never_was_are_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    assert status(("127.0.0.1", 1), {"host": "localhost"}, "/v1/predict", Settings(keys=path))[0] == 200
    assert status(("192.0.2.7", 1), {"host": "localhost"}, "/v1/predict", Settings(keys=path))[0] == 403
    path.write_text('{"keys": []}', encoding="utf-8")
    assert status(("127.0.0.1", 1), {"host": "localhost"}, "/v1/predict", Settings(keys=path))[0] == 200


def test_the_log_says_so_when_the_service_starts(caplog: pytest.LogCaptureFixture) -> None:
    async def rest(*_: Any) -> None:
        pass

    one = door(echo)
    one._app = rest
    with caplog.at_level(logging.INFO, "lead_scoring.keys"):
        asyncio.run(one({"type": "lifespan"}, rest, rest))
    (line,) = caplog.records
    assert line.levelname == "WARNING"
    assert line.getMessage() == (
        "no key: only this machine is answered; `lead-scoring keys add` makes the first one, in the file that "
        "LEAD_SCORING_KEYS names"
    )
